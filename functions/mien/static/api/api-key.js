/** Stores the API key for this browser tab only. */

const STORAGE_NAME = "mien-key";

export const apiKey = {
  /** The key, or "" if there is none. */
  get: () => sessionStorage.getItem(STORAGE_NAME) ?? "",

  /** @param {string} value */
  set: (value) => sessionStorage.setItem(STORAGE_NAME, value),
};
