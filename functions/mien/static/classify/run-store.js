/**
 * Runs that stored images in the inbox, as the browser remembers them after a reload: folders, counts and times, and the
 * names of images that were not sent. No pictures and no labels.
 */

import { compareDocumentKeys } from "./image-files.js";

const STORAGE_NAME = "mien-runs";
// Runs that are remembered, and names of a run's missing images. The browser stores about 5 MB for a page.
const MAX_RUNS = 20;
const MAX_NAMES = 1000;

/**
 * @typedef {object} Run
 * @property {string} prefix folder of the inbox
 * @property {string} began ISO 8601
 * @property {number} total images
 * @property {number} unsuitable images that can't be sent
 * @property {number} missingCount images that were not sent, or not with success
 * @property {string[]} missing names of the first of them, in the order in which images are sent
 * @property {RunCounts} counts results
 * @property {number} sendingUntil time in milliseconds since 1970 until which a tab says that it is sending
 */

/** @typedef {{labelled: number, no_face: number, too_small: number, refused: number}} RunCounts */

/** @returns {Run[]} the newest first */
export function storedRuns() {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_NAME) ?? "[]");
  } catch {
    // Something else wrote this.
    return [];
  }
}

/** @param {Run} run takes the place of the one with the same folder */
export function storeRun(run) {
  const missing = run.missing.slice(0, MAX_NAMES);
  const others = storedRuns().filter(({ prefix }) => prefix !== run.prefix);
  const runs = [{ ...run, missing }, ...others].sort((a, b) => b.began.localeCompare(a.began)).slice(0, MAX_RUNS);
  try {
    localStorage.setItem(STORAGE_NAME, JSON.stringify(runs));
  } catch {
    // The browser's storage is full or switched off. The page works without it.
  }
}

export const forgetRuns = () => localStorage.removeItem(STORAGE_NAME);

/** Images that are in the inbox and have no result yet. @param {Run} run */
export function pendingIn({ total, unsuitable, missingCount, counts }) {
  return total - unsuitable - missingCount - Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/**
 * Whether a run misses an image. Images are sent in the order of their documents' keys: if there are too many names to
 * remember them, all behind the last one are missing too.
 * @param {Run} run
 * @param {string} name
 */
export function misses({ missing, missingCount }, name) {
  const last = missing.at(-1);
  if (last === undefined || missing.includes(name)) return last !== undefined;
  return missingCount > missing.length && compareDocumentKeys(name, last) > 0;
}
