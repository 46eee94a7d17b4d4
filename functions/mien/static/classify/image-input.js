/** Accepts images that users drop, choose or paste. What is added together becomes one batch. */

import { requireApiKey } from "../api/api-key-form.js";
import { byId } from "../common/dom.js";
import { Batch, isSending } from "./batch.js";
import { BatchView } from "./batch-view.js";
import { filesFromInput, filesFromTransfer, imageType, prepareFiles } from "./image-files.js";

/** @import { Route } from "./batch.js" */
/** @import { NamedFile } from "./image-files.js" */

/**
 * @typedef {object} Callbacks
 * @property {() => void} onStored called when the inbox has new results
 * @property {(prefix: string) => void} onShowResults called when the user wants to see the results of this folder
 */

/** @param {Callbacks} callbacks */
export function startImageInput(callbacks) {
  /** @type {(files: NamedFile[], hasFolder: boolean) => void} */
  const add = (files, hasFolder) => {
    if (files.length && requireApiKey()) startBatch(prepareFiles(files), hasFolder, callbacks);
  };
  listenToChoosers(add);
  listenToDrops(add);
  document.addEventListener("paste", ({ clipboardData }) => {
    if (clipboardData) add(pastedFiles(clipboardData), false);
  });
  // The browser asks before it closes the page, because images that are not sent yet would be lost.
  addEventListener("beforeunload", (event) => {
    if (isSending()) event.preventDefault();
  });
}

/** @param {(files: NamedFile[], hasFolder: boolean) => void} add */
function listenToChoosers(add) {
  const inputs = { "choose-images": "file-input", "choose-folder": "folder-input" };
  for (const [button, id] of Object.entries(inputs)) {
    const input = byId(id, HTMLInputElement);
    byId(button).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const files = filesFromInput(input);
      // An empty input dispatches "change" again if the user chooses the same files.
      input.value = "";
      add(files, input.webkitdirectory);
    });
  }
}

/**
 * Accepts drops on the whole page: the browser would open an image that misses the zone, and leave the page.
 * @param {(files: NamedFile[], hasFolder: boolean) => void} add
 */
function listenToDrops(add) {
  const zone = byId("drop-zone");
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    zone.toggleAttribute("data-over", true);
  });
  document.addEventListener("dragleave", (event) => {
    // There is no related target when the pointer leaves the window.
    if (!event.relatedTarget) zone.toggleAttribute("data-over", false);
  });
  document.addEventListener("drop", async (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    zone.toggleAttribute("data-over", false);
    const { files, hasFolder } = await filesFromTransfer(event.dataTransfer);
    add(files, hasFolder);
  });
}

/**
 * @param {DataTransfer | null} transfer
 * @returns {transfer is DataTransfer}
 */
const hasFiles = (transfer) => Boolean(transfer?.types.includes("Files"));

/**
 * @param {DataTransfer} clipboard
 * @returns {NamedFile[]}
 */
function pastedFiles(clipboard) {
  // Browsers name each pasted image "image.png". The time makes the names distinct.
  const time = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
  const images = [...clipboard.files].filter(imageType);
  return images.map((file) => ({ name: file.name === "image.png" ? `pasted ${time}.png` : file.name, file }));
}

/**
 * @param {NamedFile[]} files
 * @param {boolean} hasFolder
 * @param {Callbacks} callbacks
 */
function startBatch(files, hasFolder, callbacks) {
  if (!files.length) return;
  const storesNothing = byId("store-nothing", HTMLInputElement).checked;
  const isSingleImage = files.length === 1 && !hasFolder;
  showBatch(files, storesNothing || isSingleImage ? "direct" : "inbox", callbacks);
}

/**
 * @param {NamedFile[]} files
 * @param {Route} route
 * @param {Callbacks} callbacks
 */
function showBatch(files, route, callbacks) {
  const batch = new Batch(files, route);
  const view = new BatchView(batch, callbacks.onShowResults, (tooLarge) => showBatch(tooLarge, "inbox", callbacks));
  byId("batches").prepend(view.node);
  batch.addEventListener("finished", () => {
    if (batch.prefix) callbacks.onStored();
  });
  batch.start();
}
