/** Writes down what has become of a batch while it runs, so that a reload does not lose it. */

import { compareDocumentKeys } from "./image-files.js";
import { misses, storedRuns, storeRun } from "./run-store.js";

/** @import { Batch } from "./batch.js" */
/** @import { Run } from "./run-store.js" */

// Time between two records, in milliseconds, and time after which a tab that says nothing has stopped sending.
const INTERVAL_MS = 1000;
const SILENCE_MS = 10_000;

/**
 * @param {Batch} batch one that stores its images
 * @param {Run} [resumed] the run whose missing images the batch sends
 */
export function recordRun(batch, resumed) {
  const began = new Date().toISOString();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @param {boolean} isClosing */
  const record = (isClosing) => {
    clearTimeout(timer);
    timer = undefined;
    // The user may have made the page forget the run.
    const earlier = storedRuns().find(({ prefix }) => prefix === batch.prefix);
    const run = resumed ? resumedRun(batch, earlier ?? resumed, resumed) : newRun(batch, began);
    storeRun({ ...run, sendingUntil: isSending(batch) && !isClosing ? Date.now() + SILENCE_MS : 0 });
  };
  batch.addEventListener("changed", () => {
    timer ??= setTimeout(() => record(false), INTERVAL_MS);
  });
  batch.addEventListener("finished", () => record(false));
  addEventListener("pagehide", () => record(true));
  record(false);
}

/** @param {Batch} batch */
const isSending = (batch) => batch.inState("waiting", "sending").length > 0;

/** @param {Batch} batch */
const missingOf = (batch) => batch.inState("waiting", "sending", "not_sent", "failed").map(({ name }) => name);

/**
 * @param {Batch} batch
 * @param {string} began
 */
function newRun(batch, began) {
  const missing = missingOf(batch);
  const counts = {
    labelled: batch.inState("classified").length,
    no_face: batch.inState("no_face").length,
    too_small: batch.inState("too_small").length,
    refused: batch.inState("rejected").length,
  };
  const unsuitable = batch.inState("unsuitable").length;
  return {
    prefix: batch.prefix,
    began,
    total: batch.images.length,
    unsuitable,
    missing,
    missingCount: missing.length,
    counts,
  };
}

/**
 * The run without those missing images that the batch has sent. Its results are counted by `watchRuns`.
 * @param {Batch} batch
 * @param {Run} run as it is stored now
 * @param {Run} before as it was when the batch began
 */
function resumedRun(batch, run, before) {
  const inBatch = new Set(batch.images.map(({ name }) => name));
  const missing = [...before.missing.filter((name) => !inBatch.has(name)), ...missingOf(batch)].sort(
    compareDocumentKeys,
  );
  const sent = batch.images.length - missingOf(batch).length;
  const unsuitable = before.unsuitable + batch.inState("unsuitable").length;
  return { ...run, missing, missingCount: before.missingCount - sent, unsuitable };
}

/**
 * Those of some files that a run misses.
 * @template {{name: string}} T
 * @param {Run} run
 * @param {T[]} files
 */
export const missingFiles = (run, files) => files.filter(({ name }) => misses(run, name));
