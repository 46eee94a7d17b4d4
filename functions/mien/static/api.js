/** Calls of the API, with the key; what fails is a Problem, and what may pass is tried again. */

// This file is page/<version>/api.js below the API's root, wherever that is.
const ROOT = new URL("../..", import.meta.url);
const KEY = "mien-key";
// Seconds before another try, where the answer names none: doubled from the first to the last.
const FIRST_PAUSE = 1;
const LAST_PAUSE = 30;
// How often what is wrong with the API itself is tried.
const TRIES = 3;

/** "refused": the key was, with the API's sentence as `detail`; "trouble": the API or the model is down, or may be. */
export const events = new EventTarget();

/** status: HTTP's, 0 where nothing answered; reason: the API's code; wait: seconds after which to come again, or null */
export class Problem extends Error {
  constructor(status, reason, detail, wait = null) {
    super(detail);
    Object.assign(this, { status, reason, detail, wait });
  }

  /** Whether it may pass by itself, after so many tries. */
  passes(tries) {
    return [0, 429, 503].includes(this.status) || (this.status >= 500 && tries < TRIES);
  }
}

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => sessionStorage.setItem(KEY, value),
};

/**
 * @param {string} path below the root
 * @param {{body?: BodyInit, type?: string, signal?: AbortSignal}} options type: of the body
 * @returns {Promise<any>} the JSON that was answered. Rejects with a Problem, or AbortError.
 */
export async function call(method, path, { body, type, signal } = {}) {
  const headers = { "x-api-key": key.get(), accept: "application/json", ...(type && { "content-type": type }) };
  const response = await reached(new URL(path, ROOT), { method, headers, body, signal, cache: "no-store" });
  if (response.ok) return response.json();
  const problem = await problemOf(response);
  if (problem.status === 403) events.dispatchEvent(new CustomEvent("refused", { detail: problem.detail }));
  if (problem.status === 503) events.dispatchEvent(new Event("trouble"));
  throw problem;
}

/** Where the API has the document of an image: its name is below the inbox. */
export const documentPath = (name) => `results/${name.split("/").map(encodeURIComponent).join("/")}`;

/** fetch, whose own failure is a Problem of status 0. */
export async function reached(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    events.dispatchEvent(new Event("trouble"));
    throw new Problem(0, "unreachable", `${new URL(url).host} can’t be reached.`);
  }
}

async function problemOf(response) {
  const said = await response.json().catch(() => ({}));
  const detail = said.detail ?? `The API answered with status ${response.status}.`;
  return new Problem(response.status, said.reason ?? "unknown", detail, waitOf(response));
}

/** What Retry-After says, in seconds. */
export const waitOf = (response) => Number.parseInt(response.headers.get("retry-after") ?? "", 10) || null;

/**
 * Calls until there is an answer, for as long as what is wrong may pass.
 * @param {() => Promise<any>} attempt
 * @param {{signal?: AbortSignal, onWait?: (problem: ?Problem, seconds: number) => void}} options onWait: called each
 *   second before another try, and with null once there is an answer
 */
export async function patiently(attempt, { signal, onWait = () => {} } = {}) {
  for (let tries = 1; ; tries++) {
    try {
      const answer = await attempt();
      onWait(null, 0);
      return answer;
    } catch (problem) {
      if (!(problem instanceof Problem) || !problem.passes(tries)) throw problem;
      const seconds = problem.wait ?? Math.min(FIRST_PAUSE * 2 ** (tries - 1), LAST_PAUSE);
      for (let left = seconds; left > 0; left--) {
        onWait(problem, left);
        await pause(1, signal);
      }
    }
  }
}

/** Waits for so many seconds. Rejects with AbortError. */
export function pause(seconds, signal) {
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

/** Works on all things, so many at a time and in their order, until the signal comes: then begins no other. */
export async function inParallel(things, workers, work, signal) {
  const left = things[Symbol.iterator]();
  const worker = async () => {
    for (const thing of left) {
      if (signal?.aborted) return;
      await work(thing);
    }
  };
  // All share one iterator, which a worker that fails must not end for the others.
  await Promise.all(Array.from({ length: workers }, worker));
}
