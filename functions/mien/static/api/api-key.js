/** The API key. It is stored for this browser tab only. */

const STORAGE_NAME = "mien-key";

/**
 * missing: there is no key.
 * unchecked: the API has not answered to this key yet.
 * accepted, refused: what the API answered.
 * @typedef {"missing" | "unchecked" | "accepted" | "refused"} KeyState
 */

/** Dispatches "changed" when the state changes, and when the user sets another key. */
class ApiKey extends EventTarget {
  /** @type {KeyState} */
  state = this.get() ? "unchecked" : "missing";

  /** The key, or "" if there is none. */
  get() {
    return sessionStorage.getItem(STORAGE_NAME) ?? "";
  }

  /** @param {string} value */
  set(value) {
    sessionStorage.setItem(STORAGE_NAME, value);
    this.#change(value ? "unchecked" : "missing");
  }

  /**
   * Takes the API's answer to a key. An answer to an earlier key says nothing about the present one.
   * @param {string} key that was sent
   * @param {boolean} isAccepted
   */
  answered(key, isAccepted) {
    const state = isAccepted ? "accepted" : "refused";
    if (key === this.get() && this.state !== state) this.#change(state);
  }

  /** Whether requests are worth sending: nothing speaks against the key. */
  get isUsable() {
    return this.state === "unchecked" || this.state === "accepted";
  }

  /**
   * Waits for a key that can be used.
   * @param {AbortSignal} [signal]
   * @returns {Promise<void>} rejects with an AbortError if the signal aborts
   */
  usable(signal) {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!signal?.aborted && !this.isUsable) return;
        this.removeEventListener("changed", check);
        signal?.removeEventListener("abort", check);
        if (signal?.aborted) reject(new DOMException("stopped", "AbortError"));
        else resolve();
      };
      this.addEventListener("changed", check);
      signal?.addEventListener("abort", check);
      check();
    });
  }

  /** @param {KeyState} state */
  #change(state) {
    this.state = state;
    this.dispatchEvent(new Event("changed"));
  }
}

export const apiKey = new ApiKey();
