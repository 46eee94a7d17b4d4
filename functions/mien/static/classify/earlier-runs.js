/** The list of earlier runs, whose results are counted until all are there. */

import { listResults } from "../api/api.js";
import { apiKey } from "../api/api-key.js";
import { Problem } from "../api/http.js";
import { resultFormat } from "../api/result-format.js";
import { sleep, withRetries } from "../api/retry.js";
import { byId, element } from "../common/dom.js";
import { counted, number } from "../common/format.js";
import { countWords } from "./batch-words.js";
import { filesFromInput, prepareFiles } from "./image-files.js";
import { missingFiles } from "./run-recorder.js";
import { forgetRuns, pendingIn, storedRuns, storeRun } from "./run-store.js";

/** @import { ResultPage, ResultQuery } from "../api/api.js" */
/** @import { NamedFile } from "./image-files.js" */
/** @import { Run } from "./run-store.js" */

// Seconds between two counts: the first, the factor after each count that found nothing new, and the longest.
const FIRST_DELAY = 2;
const DELAY_FACTOR = 1.5;
const MAX_DELAY = 60;
// Days after which Mien tries an image no more.
const MAX_DAYS = 3;
const DAY_MS = 86_400_000;
// Names of missing images that are shown.
const SHOWN_NAMES = 10;

/**
 * @typedef {object} RunCallbacks
 * @property {() => void} onStored called when there are new results
 * @property {(prefix: string) => void} onShowResults
 * @property {(files: NamedFile[], run: Run) => void} onResume called with the files that the run misses
 */

/** Folders of the batches that the page shows above. @type {Set<string>} */
const shownAbove = new Set();
/** @type {RunCallbacks} */
let callbacks;
/** @type {Run | null} */
let resuming = null;

/** @param {RunCallbacks} given */
export function startEarlierRuns(given) {
  callbacks = given;
  byId("forget-runs").addEventListener("click", () => {
    forgetRuns();
    show();
  });
  for (const id of ["missing-files", "missing-folder"]) {
    const input = byId(id, HTMLInputElement);
    input.addEventListener("change", () => {
      const files = prepareFiles(filesFromInput(input));
      input.value = "";
      if (resuming) resume(resuming, files);
    });
  }
  // Another tab has changed the list.
  addEventListener("storage", show);
  resultFormat.addEventListener("changed", show);
  show();
  watch();
}

/** @param {string} prefix of a batch that the page shows now */
export function hideRun(prefix) {
  shownAbove.add(prefix);
  show();
}

/** @param {string} prefix of a batch that was removed from the page */
export function showRun(prefix) {
  shownAbove.delete(prefix);
  show();
}

const listedRuns = () => storedRuns().filter(({ prefix }) => !shownAbove.has(prefix));

/** Counts the results of all listed runs again and again. The page does this as long as it is open. */
async function watch() {
  for (let delay = FIRST_DELAY; ; ) {
    const waiting = listedRuns().filter(
      (run) => pendingIn(run) > 0 && Date.now() - Date.parse(run.began) < MAX_DAYS * DAY_MS,
    );
    const canCount = apiKey.isUsable && !document.hidden && !resultFormat.hasLines;
    const hasNew = canCount && (await countAll(waiting));
    if (hasNew) callbacks.onStored();
    show();
    delay = hasNew ? FIRST_DELAY : Math.min(DELAY_FACTOR * delay, MAX_DELAY);
    await sleep(delay);
  }
}

/**
 * @param {Run[]} runs
 * @returns {Promise<boolean>} whether there are more results than before
 */
async function countAll(runs) {
  let hasNew = false;
  for (const run of runs) {
    try {
      const counts = await countResults(run.prefix);
      const current = storedRuns().find(({ prefix }) => prefix === run.prefix);
      if (!current) continue;
      const counted = { ...current, counts };
      hasNew ||= pendingIn(counted) < pendingIn(current);
      storeRun(counted);
    } catch (problem) {
      // The key was refused, for example. The next count may succeed.
      if (!(problem instanceof Problem)) throw problem;
    }
  }
  return hasNew;
}

/**
 * @param {string} prefix
 * @returns {Promise<Run["counts"]>}
 */
async function countResults(prefix) {
  const counts = { labelled: 0, no_face: 0, too_small: 0, refused: 0 };
  for (const selection of [{}, /** @type {const} */ ({ status: "rejected" })]) {
    /** @type {string | undefined} */
    let after = "";
    while (after !== undefined) {
      /** @type {ResultQuery} */
      const query = { ...selection, prefix, after };
      /** @type {ResultPage} */
      const page = await withRetries(() => listResults(query));
      for (const { status } of page.results) {
        if (status === "classified") counts.labelled++;
        else if (status === "rejected") counts.refused++;
        else counts[status]++;
      }
      after = page.next;
    }
  }
  return counts;
}

function show() {
  const runs = listedRuns();
  byId("earlier-runs").hidden = !runs.length || resultFormat.hasLines;
  const list = byId("runs");
  const texts = JSON.stringify(runs.map((run) => [run, isSendingElsewhere(run)]));
  // Buttons that are replaced lose the focus.
  if (list.dataset.shown === texts) return;
  list.dataset.shown = texts;
  list.replaceChildren(...runs.map(runItem));
}

/** @param {Run} run */
const isSendingElsewhere = ({ sendingUntil }) => sendingUntil > Date.now();

/** @param {Run} run */
function runItem(run) {
  const time = new Date(run.began).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
  const title = element("p", {}, element("strong", {}, time), ` · ${counted(run.total, "image")} in ${run.prefix}`);
  const onclick = () => callbacks.onShowResults(run.prefix);
  const results = element(
    "button",
    { type: "button", onclick, ariaLabel: `Show the results of ${time}` },
    "Show results",
  );
  return element(
    "li",
    {},
    title,
    element("p", {}, `${stateWords(run)}.`),
    ...missingParts(run),
    element("p", { className: "buttons" }, results),
  );
}

/** @param {Run} run */
function stateWords(run) {
  const pending = pendingIn(run);
  const isElsewhere = isSendingElsewhere(run);
  const notSent = run.unsuitable + (isElsewhere ? 0 : run.missingCount);
  const parts = [countWords({ ...run.counts, not_sent: notSent })];
  if (pending > 0) parts.push(`${number(pending)} in the inbox, waiting`);
  if (isElsewhere) parts.push(`${number(run.missingCount)} being sent by another tab`);
  return parts.join(", ");
}

/**
 * The names of what was not sent, and a button that sends it.
 * @param {Run} run
 */
function missingParts(run) {
  const { missing, missingCount } = run;
  if (!missingCount || isSendingElsewhere(run)) return [];
  const names = missing.slice(0, SHOWN_NAMES).map((name) => element("li", {}, name));
  const rest = missingCount - names.length;
  if (rest) names.push(element("li", { className: "muted" }, `and ${number(rest)} more`));
  const onclick = () => {
    resuming = run;
    byId(missing.some((name) => name.includes("/")) ? "missing-folder" : "missing-files").click();
  };
  const choose = element("button", { type: "button", onclick }, "Choose the files again…");
  const way = element("p", {}, "They go into the same folder, and nothing is sent twice. ", choose);
  return [
    element(
      "details",
      {},
      element("summary", {}, `${counted(missingCount, "image")} not sent`),
      element("ul", {}, ...names),
      way,
    ),
  ];
}

/**
 * @param {Run} run
 * @param {NamedFile[]} files
 */
function resume(run, files) {
  const missing = missingFiles(run, files);
  resuming = null;
  if (missing.length) callbacks.onResume(missing, run);
}
