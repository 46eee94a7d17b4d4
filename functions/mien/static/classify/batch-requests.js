/** Repeats a batch's requests: after temporary failures, and once the user has entered a key that the API accepts. */

import { KEY_REFUSED } from "../api/api.js";
import { apiKey } from "../api/api-key.js";
import { Problem } from "../api/http.js";
import { waitWords, withRetries } from "../api/retry.js";

/** @import { Batch } from "./batch.js" */

const NO_KEY = "Waiting for the API’s key. Enter it at the top of the page; then this goes on by itself.";

/**
 * @template T
 * @param {Batch} batch gets a notice that says why it waits
 * @param {AbortSignal} signal
 * @param {() => Promise<T>} attempt
 * @returns {Promise<T>}
 * @throws {Problem} if another attempt can't succeed
 * @throws {DOMException} AbortError, if the signal aborted
 */
export async function repeat(batch, signal, attempt) {
  for (;;) {
    await waitForKey(batch, signal);
    try {
      return await withRetries(attempt, { signal, onWait: (problem, seconds) => showWait(batch, problem, seconds) });
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.reason !== KEY_REFUSED) throw problem;
    }
  }
}

/**
 * @param {Batch} batch
 * @param {AbortSignal} signal
 */
export async function waitForKey(batch, signal) {
  if (apiKey.isUsable) return;
  batch.setNotice(NO_KEY);
  await apiKey.usable(signal);
  batch.setNotice("");
}

/**
 * @param {Batch} batch
 * @param {Problem | null} problem
 * @param {number} seconds
 */
function showWait(batch, problem, seconds) {
  const isSafe = batch.prefix && batch.inState("uploaded", "classified", "no_face", "too_small", "rejected").length;
  const safe = isSafe ? " Images already in the inbox are safe." : "";
  batch.setNotice(problem ? waitWords(problem, seconds) + safe : "");
}
