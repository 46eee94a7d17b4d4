/** Repeats requests that failed for a temporary reason. */

import { Problem, STARTING } from "./http.js";

// Seconds between two attempts if the server does not name a time. The delay doubles from the first to the last.
const FIRST_DELAY = 1;
const MAX_DELAY = 30;

/**
 * Seconds until the next attempt.
 * @param {Problem} problem what went wrong last
 * @param {number} attempts attempts that failed so far
 * @param {number} [first] delay after the first failure if the server does not name one
 */
export const retryDelay = (problem, attempts, first = FIRST_DELAY) =>
  problem.retryAfter ?? Math.min(first * 2 ** (attempts - 1), MAX_DELAY);

/**
 * What went wrong, and what happens next.
 * @param {Problem} problem
 * @param {number} seconds until the next attempt
 */
export const waitWords = (problem, seconds) =>
  problem.reason === STARTING
    ? `The model is waking up, which can take a minute. This page asks it again in ${seconds} s.`
    : `${problem.detail} Retrying in ${seconds} s.`;

/**
 * Called each second before another attempt with the seconds that are left, and with null after a success.
 * @callback OnWait
 * @param {Problem | null} problem
 * @param {number} seconds
 * @returns {void}
 */

/**
 * Repeats a request until it succeeds or fails for a permanent reason.
 * @template T
 * @param {() => Promise<T>} attempt
 * @param {{signal?: AbortSignal, onWait?: OnWait}} [options]
 * @throws {Problem} if another attempt can't succeed
 * @throws {DOMException} AbortError, if the signal aborted
 */
export async function withRetries(attempt, { signal, onWait = () => {} } = {}) {
  for (let attempts = 1; ; attempts++) {
    try {
      const answer = await attempt();
      onWait(null, 0);
      return answer;
    } catch (problem) {
      if (!(problem instanceof Problem) || !problem.isRetryable(attempts)) throw problem;
      for (let left = retryDelay(problem, attempts); left > 0; left--) {
        onWait(problem, left);
        await sleep(1, signal);
      }
    }
  }
}

/**
 * Waits.
 * @param {number} seconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>} rejects with an AbortError if the signal aborts
 */
export function sleep(seconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, 1000 * seconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
