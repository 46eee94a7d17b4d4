/** Dropped, chosen or pasted files, with unique names and in the order of their result documents' keys. */

import { extension } from "../common/format.js";

/** @typedef {{name: string, file: File}} NamedFile name: path within what was dropped or chosen */

/** Content types by file extension. */
const TYPES = new Map([
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["jpe", "image/jpeg"],
  ["jfif", "image/jpeg"],
  ["png", "image/png"],
  ["webp", "image/webp"],
  ["gif", "image/gif"],
  ["bmp", "image/bmp"],
  ["dib", "image/bmp"],
  ["tif", "image/tiff"],
  ["tiff", "image/tiff"],
]);
const ACCEPTED_TYPES = new Set(TYPES.values());

export const UNREADABLE = "The file can’t be read any more, so it was not sent. Add it again.";

/**
 * The content type of an image, or null if Mien does not accept the file.
 * The extension decides where the browser does not know the type.
 * @param {File} file
 */
export function imageType(file) {
  if (ACCEPTED_TYPES.has(file.type)) return file.type;
  return TYPES.get(extension(file.name).toLowerCase()) ?? null;
}

/**
 * Whether the file can still be read. A file that was changed, moved or deleted after it was added can't, and sending it
 * would look like a network failure.
 * @param {File} file
 */
export const isReadable = (file) =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );

/**
 * The files that the user chose.
 * @param {HTMLInputElement} input an <input type=file>, for files or for a folder
 * @returns {NamedFile[]}
 */
export function filesFromInput(input) {
  return [...(input.files ?? [])].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
}

/**
 * The files that the user dropped, including all files within dropped folders.
 * Call this while the event is handled, because the transfer is empty afterwards.
 * @param {DataTransfer} transfer
 * @returns {Promise<NamedFile[]>}
 */
export async function filesFromTransfer(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const dropped = items.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  /** @type {NamedFile[]} */
  const files = [];
  for (const { entry, file } of dropped) {
    if (isDirectory(entry)) files.push(...(await filesWithin(entry)));
    else if (file) files.push({ name: file.name, file });
  }
  return files;
}

/**
 * @param {FileSystemEntry | null | undefined} entry
 * @returns {entry is FileSystemDirectoryEntry}
 */
const isDirectory = (entry) => Boolean(entry?.isDirectory);

/**
 * @param {FileSystemDirectoryEntry} directory
 * @returns {Promise<NamedFile[]>}
 */
async function filesWithin(directory) {
  const reader = directory.createReader();
  const files = [];
  // Each read returns some of the entries, and the last one returns none.
  for (let entries = await readEntries(reader); entries.length; entries = await readEntries(reader)) {
    for (const entry of entries) {
      if (isDirectory(entry)) files.push(...(await filesWithin(entry)));
      else files.push({ name: entry.fullPath.slice(1), file: await open(/** @type {FileSystemFileEntry} */ (entry)) });
    }
  }
  return files;
}

/**
 * @param {FileSystemDirectoryReader} reader
 * @returns {Promise<FileSystemEntry[]>}
 */
const readEntries = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));

/**
 * @param {FileSystemFileEntry} entry
 * @returns {Promise<File>}
 */
const open = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

/**
 * Removes hidden files, makes names unique, and sorts by the keys of the result documents.
 * @param {NamedFile[]} files
 * @returns {NamedFile[]}
 */
export function prepareFiles(files) {
  /** @type {Set<string>} */
  const taken = new Set();
  const named = files
    .filter(({ name }) => !name.split("/").some((part) => part.startsWith(".")))
    .map(({ name, file }) => ({ name: uniqueName(wellFormed(name), taken), file }));
  return named.sort((a, b) => compareDocumentKeys(a.name, b.name));
}

/**
 * Windows allows file names that are not valid Unicode. UTF-8, which S3's keys use, can't encode them.
 * @param {string} name
 */
const wellFormed = (name) => name.toWellFormed?.() ?? name;

/**
 * The name, or a variant such as "face (2).png" if it is taken. The result is added to `taken`.
 * @param {string} name
 * @param {Set<string>} taken
 */
function uniqueName(name, taken) {
  const dot = name.lastIndexOf(".");
  const end = dot > name.lastIndexOf("/") ? dot : name.length;
  let unique = name;
  for (let copy = 2; taken.has(unique); copy++) unique = `${name.slice(0, end)} (${copy})${name.slice(end)}`;
  taken.add(unique);
  return unique;
}

/**
 * The parameter `after` that makes the API list the documents that follow this image's document.
 * @param {string} name the image's key, relative to the inbox
 */
export const cursorAfter = (name) => `${name}.json`;

/**
 * Compares the document keys of two images as S3 sorts them: by UTF-8 bytes, which is the order of code points.
 * @param {string} one
 * @param {string} other
 */
export function compareDocumentKeys(one, other) {
  const [a, b] = [cursorAfter(one), cursorAfter(other)];
  let position = 0;
  while (position < a.length && a[position] === b[position]) position++;
  return (a.codePointAt(position) ?? -1) - (b.codePointAt(position) ?? -1);
}
