/** Downloads of the results that match the filter. A download that is asked for while results are loading waits for all. */

import { byId, element } from "../common/dom.js";
import { number } from "../common/format.js";
import { photosOf } from "./result-items.js";
import { fileName, toCsv, toJsonLines } from "./results-files.js";

/** @import { View } from "./address.js" */
/** @import { Item } from "./result-items.js" */

// Time until a download's memory is freed, in milliseconds. The browser reads it after the click, and does not say when.
const DOWNLOAD_MS = 60_000;

/** @typedef {{isLoading: boolean, isComplete: boolean, loaded: number}} Loading loaded: results so far */
/** @typedef {{items: Item[], view: View}} Content items: those that match the filter, in the order of the cards */
/** @typedef {{id: string, name: string, save: (content: Content) => void}} Kind */

/** @type {Kind[]} */
const KINDS = [
  { id: "download-csv", name: "CSV", save: ({ items, view }) => save(fileName(view, "csv"), "text/csv", toCsv(items)) },
  {
    id: "download-jsonl",
    name: "JSON Lines",
    save: ({ items, view }) => save(fileName(view, "jsonl"), "application/jsonl", toJsonLines(photosOf(items))),
  },
];

/** Downloads that wait. @type {Set<Kind>} */
const waiting = new Set();

/** @param {(kind: Kind) => void} onPress */
export function startDownloads(onPress) {
  for (const kind of KINDS) byId(kind.id).addEventListener("click", () => onPress(kind));
}

/**
 * Saves at once if all results are loaded, else as soon as they are. Another press takes the wish back.
 * @param {Kind} kind
 * @param {Loading} loading
 * @param {() => Content} content
 */
export function pressDownload(kind, loading, content) {
  if (!loading.isLoading) kind.save(content());
  else if (!waiting.delete(kind)) waiting.add(kind);
  showDownloads(loading, content);
}

/** Takes all wishes back, because they were about other results. */
export const cancelDownloads = () => waiting.clear();

/**
 * Shows the state of the buttons, and saves what waited if all results are loaded.
 * @param {Loading} loading
 * @param {() => Content} content
 */
export function showDownloads(loading, content) {
  if (!loading.isLoading) {
    if (loading.isComplete) for (const kind of waiting) kind.save(content());
    waiting.clear();
  }
  const isEmpty = !loading.isLoading && !content().items.length;
  for (const kind of KINDS) {
    const button = byId(kind.id, HTMLButtonElement);
    button.disabled = isEmpty;
    button.textContent = waiting.has(kind)
      ? `${kind.name} waits for all results (${number(loading.loaded)} loaded). Cancel`
      : `Download ${kind.name}`;
  }
}

/**
 * Saves a text as a file.
 * @param {string} name
 * @param {string} type content type
 * @param {string} text
 */
function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_MS);
}
