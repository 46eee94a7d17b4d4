/** HTTP requests whose failures are Problems. */

// Attempts for a server error that does not say whether it is temporary (500, 502, 504, ...).
const MAX_SERVER_ERROR_ATTEMPTS = 3;

/** Reason of a Problem: the model is waking up. It answers later, without anyone's help. */
export const STARTING = "starting";

/** Dispatches "unavailable": the API or the model is unavailable, or may be. */
export const connection = new EventTarget();

/** A request that failed. */
export class Problem extends Error {
  /**
   * @param {number} status HTTP status; 0 if no server answered
   * @param {string} reason error code, such as "too_large"
   * @param {string} detail a sentence for the user
   * @param {number | null} [retryAfter] seconds until the next attempt; null if the server did not say
   */
  constructor(status, reason, detail, retryAfter = null) {
    super(detail);
    this.status = status;
    this.reason = reason;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }

  /**
   * Whether another attempt can succeed.
   * @param {number} attempts attempts that failed so far
   */
  isRetryable(attempts) {
    return [0, 429, 503].includes(this.status) || (this.status >= 500 && attempts < MAX_SERVER_ERROR_ATTEMPTS);
  }
}

/**
 * `fetch`, but a network failure is a Problem with status 0. HTTP errors are returned as responses.
 * @param {string | URL} url
 * @param {RequestInit} options
 * @throws {Problem} if no server answered
 * @throws {DOMException} AbortError, if the signal in the options aborted
 */
export async function request(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw unreachable(url);
  }
}

/** @param {string | URL} url */
function unreachable(url) {
  connection.dispatchEvent(new Event("unavailable"));
  return new Problem(0, "unreachable", `${new URL(url).host} can’t be reached.`);
}

/**
 * Called while the body of a request is sent.
 * @callback OnProgress
 * @param {number} fraction of the body that was sent, from 0 to 1
 * @returns {void}
 */

/**
 * `request` with POST, which also tells how much of the body was sent. `fetch` can't tell this in all browsers.
 * @param {string | URL} url
 * @param {{headers?: Record<string, string>, body: XMLHttpRequestBodyInit, signal?: AbortSignal | undefined, onProgress: OnProgress}} options
 * @returns {Promise<Response>}
 * @throws {Problem} if no server answered
 * @throws {DOMException} AbortError, if the signal aborted
 */
export function upload(url, { headers = {}, body, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const sender = new XMLHttpRequest();
    sender.open("POST", url);
    sender.responseType = "arraybuffer";
    for (const [name, value] of Object.entries(headers)) sender.setRequestHeader(name, value);
    const abort = () => sender.abort();
    sender.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    sender.addEventListener("load", () => resolve(responseOf(sender)));
    sender.addEventListener("error", () => reject(unreachable(url)));
    sender.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    sender.addEventListener("loadend", () => signal?.removeEventListener("abort", abort));
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) reject(new DOMException("stopped", "AbortError"));
    else sender.send(body);
  });
}

/** @param {XMLHttpRequest} sender */
function responseOf(sender) {
  const after = sender.getResponseHeader("retry-after");
  const headers = {
    "content-type": sender.getResponseHeader("content-type") ?? "",
    ...(after && { "retry-after": after }),
  };
  // A response with this status must not have a body.
  return new Response(sender.status === 204 ? null : sender.response, { status: sender.status, headers });
}

/**
 * Whether an error means that an AbortSignal stopped the work.
 * @param {unknown} error
 */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";

/**
 * The header Retry-After in seconds, or null if it is missing.
 * @param {Response} response
 */
export const retryAfter = (response) => Number.parseInt(response.headers.get("retry-after") ?? "", 10) || null;
