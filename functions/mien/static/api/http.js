/** HTTP requests whose failures are Problems. */

// Attempts for a server error that does not say whether it is temporary (500, 502, 504, ...).
const MAX_SERVER_ERROR_ATTEMPTS = 3;

/**
 * Dispatches two events:
 * "forbidden": the API rejected the API key.
 * "unavailable": the API or the model is unavailable, or may be.
 */
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
    connection.dispatchEvent(new Event("unavailable"));
    throw new Problem(0, "unreachable", `${new URL(url).host} can’t be reached.`);
  }
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
