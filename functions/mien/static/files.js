/** What was dropped, chosen or pasted → files with a name of their own, in the order of their documents' keys. */

const TYPES = {
  jpg: "image/jpeg", jpeg: "image/jpeg", jpe: "image/jpeg", jfif: "image/jpeg", png: "image/png", webp: "image/webp",
  gif: "image/gif", bmp: "image/bmp", dib: "image/bmp", tif: "image/tiff", tiff: "image/tiff",
};
const KNOWN = new Set(Object.values(TYPES));

/** The image type of a file, or null. Browsers don't know all types: then its ending tells. */
export function typeOf(file) {
  if (KNOWN.has(file.type)) return file.type;
  return TYPES[file.name.split(".").at(-1).toLowerCase()] ?? null;
}

/** A file that was changed, moved or deleted since it was dropped fails in the same way as a network that does. */
export const readable = (file) => file.slice(0, 1).arrayBuffer().then(() => true, () => false);

export const UNREADABLE = "The file can’t be read any more: drop it again. It was not sent.";

/** @returns {{name: string, file: File}[]} of an <input type=file>; of a folder's, names are paths within it */
export function fromInput(input) {
  return [...input.files].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
}

/**
 * Must be called while the event is handled: afterwards the transfer is empty.
 * @param {DataTransfer} transfer
 * @returns {Promise<{found: {name: string, file: File}[], folder: boolean}>}
 */
export async function fromTransfer(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const roots = items.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  const found = [];
  for (const { entry, file } of roots) {
    if (entry?.isDirectory) found.push(...(await within(entry)));
    else if (file) found.push({ name: file.name, file });
  }
  return { found, folder: roots.some(({ entry }) => entry?.isDirectory) };
}

async function within(directory) {
  const reader = directory.createReader();
  const found = [];
  // A reader hands out a part of the entries a call, and none when there are no more.
  for (let part = await read(reader); part.length; part = await read(reader)) {
    for (const entry of part) {
      if (entry.isDirectory) found.push(...(await within(entry)));
      else found.push({ name: entry.fullPath.slice(1), file: await opened(entry) });
    }
  }
  return found;
}

const read = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const opened = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

/** Without hidden files, each with a name of its own, in the order of their documents' keys. */
export function inOrder(found) {
  const seen = new Set();
  const named = found
    .filter(({ name }) => !name.split("/").some((part) => part.startsWith(".")))
    .map(({ name, file }) => ({ name: distinct(wellFormed(name), seen), file }));
  return named.sort((a, b) => compareNames(a.name, b.name));
}

// Windows allows names that are no Unicode, and UTF-8 has no bytes for them.
const wellFormed = (name) => name.toWellFormed?.() ?? name;

function distinct(name, seen) {
  const dot = name.lastIndexOf(".");
  const [stem, ending] = dot > name.lastIndexOf("/") ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  let free = name;
  for (let copy = 2; seen.has(free); copy++) free = `${stem} (${copy})${ending}`;
  seen.add(free);
  return free;
}

/** What a listing of documents is asked to begin after, to begin behind this image's. */
export const cursorOf = (name) => `${name}.json`;

/** The order in which S3 lists the documents of two images: that of UTF-8's bytes, which is that of code points. */
function compareNames(one, other) {
  const [a, b] = [cursorOf(one), cursorOf(other)];
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return (a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1);
}
