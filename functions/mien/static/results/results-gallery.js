/** The stored results: loads them page by page, filters and sorts them, and offers them as files. */

import { listResults } from "../api/api.js";
import { apiKey } from "../api/api-key.js";
import { isAbort, Problem } from "../api/http.js";
import { withRetries } from "../api/retry.js";
import { byId, element } from "../common/dom.js";
import { counted, number, showMore } from "../common/format.js";
import { openViewer } from "../viewer/image-viewer.js";
import { showLabelChart } from "./label-chart.js";
import { resultCard, viewerEntry } from "./result-card.js";
import { countGroups, matches, sorted } from "./result-documents.js";
import { toCsv, toJsonLines } from "./results-files.js";

/** @import { ResultQuery, StoredRejected, StoredResult } from "../api/api.js" */
/** @import { OnWait } from "../api/retry.js" */
/** @import { Filter, Order } from "./result-documents.js" */

// Documents that are loaded at a time, and cards that are made at a time.
const LOAD_STEP = 1000;
const CARDS_STEP = 60;
// Time until a download's memory is freed, in milliseconds. The browser reads it after the click, and does not say when.
const DOWNLOAD_MS = 60_000;

/**
 * Documents of one list of the API.
 * @template T
 * @typedef {{documents: T[], next: string | null}} Loaded next: `after` of the next page; null behind the last one
 */

/** @typedef {{found: Loaded<StoredResult>, rejected: Loaded<StoredRejected>}} Results found: all but rejected images */

/** @returns {Results} */
const noResults = () => ({ found: { documents: [], next: "" }, rejected: { documents: [], next: "" } });

/** @type {Set<string>} */
const selectedGroups = new Set();
let results = noResults();
let maxDocuments = LOAD_STEP;
let maxCards = CARDS_STEP;
let loading = new AbortController();

export function startResultsGallery() {
  byId("filters").addEventListener("submit", (event) => {
    event.preventDefault();
    refreshResults();
  });
  for (const id of ["order", "min-confidence", "max-confidence"]) {
    byId(id).addEventListener("input", () => showFirst(CARDS_STEP));
  }
  byId("folder").addEventListener("change", () => refreshResults());
  byId("show-rejected").addEventListener("change", () => load(results));
  byId("load-more").addEventListener("click", () => {
    maxDocuments += LOAD_STEP;
    load(results);
  });
  byId("show-more").addEventListener("click", () => showFirst(maxCards + CARDS_STEP));
  byId("download-csv").addEventListener("click", () => {
    download("results.csv", "text/csv", toCsv(matching().found, currentFilter()));
  });
  byId("download-jsonl").addEventListener("click", () => {
    const { found, rejected } = matching();
    download("results.jsonl", "application/jsonl", toJsonLines([...found, ...rejected]));
  });
  show();
}

/**
 * Loads the results again.
 * @param {string} [folder] shows the results of this folder of the inbox; otherwise, the folder stays the same
 */
export function refreshResults(folder) {
  if (folder !== undefined) {
    byId("folder", HTMLInputElement).value = folder;
    maxDocuments = LOAD_STEP;
  }
  if (apiKey.get()) load(noResults());
}

/**
 * Loads documents until there are `maxDocuments`. The page shows the previous results until this is done.
 * @param {Results} target gets the documents, and is shown afterwards
 */
async function load(target) {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  showError("");
  if (!results.found.documents.length) byId("results-status").textContent = "Loading…";
  byId("results").ariaBusy = "true";
  try {
    await loadList(target.found, {}, signal);
    if (showsRejected()) await loadList(target.rejected, { status: "rejected" }, signal);
    results = target;
  } catch (problem) {
    if (isAbort(problem)) return;
    showError(problem instanceof Problem ? problem.detail : String(problem));
  }
  byId("results").ariaBusy = "false";
  show();
}

/**
 * @param {Loaded<StoredResult> | Loaded<StoredRejected>} target
 * @param {Pick<ResultQuery, "status">} selection
 * @param {AbortSignal} signal
 */
async function loadList(target, selection, signal) {
  // The API lists only documents of the selection.
  const loaded = /** @type {Loaded<StoredResult | StoredRejected>} */ (target);
  const prefix = byId("folder", HTMLInputElement).value.trim();
  /** @type {OnWait} */
  const onWait = (problem, seconds) => showError(problem ? `${problem.detail} Retrying in ${seconds} s.` : "");
  while (loaded.next !== null && loaded.documents.length < maxDocuments) {
    const query = { ...selection, prefix, after: loaded.next };
    const page = await withRetries(() => listResults(query, signal), { signal, onWait });
    loaded.documents.push(...page.results);
    loaded.next = page.next ?? null;
    byId("results-status").textContent = `Loading: ${counted(loaded.documents.length, "result")} so far.`;
  }
}

const showsRejected = () => byId("show-rejected", HTMLInputElement).checked;

/**
 * The filter as the form has it. A field that is empty or out of range counts with its default value.
 * @returns {Filter}
 */
function currentFilter() {
  /** @param {string} id */
  const percentOf = (id) => {
    const field = byId(id, HTMLInputElement);
    return field.validity.valid ? field.valueAsNumber : Number(field.defaultValue);
  };
  return { groups: selectedGroups, from: percentOf("min-confidence"), to: percentOf("max-confidence") };
}

/** The documents that match the filter, in the chosen order. */
function matching() {
  const filter = currentFilter();
  const order = /** @type {Order} */ (byId("order", HTMLSelectElement).value);
  const found = results.found.documents.filter((document) => matches(document, filter));
  return { found: sorted(found, order, filter), rejected: showsRejected() ? results.rejected.documents : [] };
}

/** @param {number} count cards */
function showFirst(count) {
  maxCards = count;
  show();
}

function show() {
  const { found, rejected } = matching();
  showLabelChart(countGroups(results.found.documents, currentFilter()), selectedGroups, toggleGroup);
  const documents = [...rejected, ...found];
  const entries = documents.map(viewerEntry);
  const cards = documents
    .slice(0, maxCards)
    .map((document, position) => resultCard(document, () => openViewer(entries, position)));
  byId("results").replaceChildren(...cards);
  byId("show-more").hidden = cards.length === documents.length;
  byId("show-more").textContent = showMore(CARDS_STEP, cards.length, documents.length);
  showStatus(documents.length);
}

/** @param {string} group */
function toggleGroup(group) {
  if (!selectedGroups.delete(group)) selectedGroups.add(group);
  showFirst(CARDS_STEP);
}

/** @param {number} count documents that match the filter */
function showStatus(count) {
  const loaded = showsRejected() ? [results.found, results.rejected] : [results.found];
  const hasMore = loaded.some(({ next }) => next);
  const total = loaded.reduce((sum, { documents }) => sum + documents.length, 0);
  byId("load-more").hidden = !hasMore;
  for (const id of ["download-csv", "download-jsonl"]) byId(id, HTMLButtonElement).disabled = !count;
  byId("results-status").textContent = statusText(count, total, hasMore);
}

/**
 * @param {number} count documents that match the filter
 * @param {number} total documents that are loaded
 * @param {boolean} hasMore
 */
function statusText(count, total, hasMore) {
  if (!apiKey.get()) return "Enter the API key to see the results.";
  if (!total && !byId("results-error").hidden) return "The results could not be loaded.";
  if (!total) return "There are no results yet.";
  const rest = hasMore ? "There are more to load." : "All results are loaded.";
  return `${number(count)} of ${counted(total, "result")} ${total === 1 ? "matches" : "match"} the filters. ${rest}`;
}

/**
 * Saves a text as a file.
 * @param {string} name
 * @param {string} type content type
 * @param {string} text
 */
function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_MS);
}

/** @param {string} text "" hides the error */
function showError(text) {
  byId("results-error").textContent = text;
  byId("results-error").hidden = !text;
}
