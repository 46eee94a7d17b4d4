/** Accepts images that users drop, choose or paste. What is added together becomes one batch. */

import { apiKey } from "../api/api-key.js";
import { askForKey } from "../api/api-key-form.js";
import { byId } from "../common/dom.js";
import { Batch, isSending } from "./batch.js";
import { BatchView } from "./batch-view.js";
import { hideRun, showRun, startEarlierRuns } from "./earlier-runs.js";
import { filesFromInput, filesFromTransfer, imageType, prepareFiles } from "./image-files.js";
import { chosenRoute, startKeptChoice } from "./kept.js";
import { recordRun } from "./run-recorder.js";

/** @import { Route } from "./batch.js" */
/** @import { NamedFile } from "./image-files.js" */
/** @import { Run } from "./run-store.js" */

/**
 * @typedef {object} Callbacks
 * @property {() => void} onStored called when the inbox has new results
 * @property {(prefix: string) => void} onShowResults called when the user wants to see the results of this folder
 */

/** @param {Callbacks} callbacks */
export function startImageInput(callbacks) {
  /** @param {NamedFile[]} files */
  const add = (files) => showBatch(prepareFiles(files), chosenRoute(), callbacks);
  startKeptChoice();
  startEarlierRuns({ ...callbacks, onResume: (files, run) => showBatch(files, "inbox", callbacks, run) });
  listenToChoosers(add);
  listenToDrops(add);
  document.addEventListener("paste", ({ clipboardData }) => {
    if (clipboardData) add(pastedFiles(clipboardData));
  });
  // The browser asks before it closes the page, because images that are not sent yet would be lost.
  addEventListener("beforeunload", (event) => {
    if (isSending()) event.preventDefault();
  });
}

/** @param {(files: NamedFile[]) => void} add */
function listenToChoosers(add) {
  const inputs = { "choose-images": "file-input", "choose-folder": "folder-input" };
  for (const [button, id] of Object.entries(inputs)) {
    const input = byId(id, HTMLInputElement);
    byId(button).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const files = filesFromInput(input);
      // An empty input dispatches "change" again if the user chooses the same files.
      input.value = "";
      add(files);
    });
  }
}

/**
 * Accepts drops on the whole page: the browser would open an image that misses the zone, and leave the page.
 * @param {(files: NamedFile[]) => void} add
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
    add(await filesFromTransfer(event.dataTransfer));
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
 * @param {Route} route
 * @param {Callbacks} callbacks
 * @param {Run} [resumed] the run whose missing images these are
 */
function showBatch(files, route, callbacks, resumed) {
  if (!files.length) return;
  const batch = new Batch(files, route, resumed?.prefix);
  const view = new BatchView(batch, {
    onShowResults: callbacks.onShowResults,
    onReroute: (others, otherRoute) => showBatch(others, otherRoute, callbacks),
    onRemove: () => showRun(batch.prefix),
  });
  byId("batches").prepend(view.node);
  // What was chosen waits until there is a key.
  askForKey();
  apiKey.usable().then(() => view.reveal());
  batch.addEventListener("finished", () => {
    if (batch.prefix) callbacks.onStored();
  });
  if (batch.prefix) {
    recordRun(batch, resumed);
    if (!resumed) hideRun(batch.prefix);
  }
  batch.start();
}
