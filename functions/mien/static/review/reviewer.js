/** The name of the person who reviews. The browser keeps it, so that it is typed once. */

const STORAGE_NAME = "mien-reviewer";

export const reviewer = {
  /** The name, or "" if there is none. */
  get: () => localStorage.getItem(STORAGE_NAME) ?? "",

  /** @param {string} name */
  set: (name) => localStorage.setItem(STORAGE_NAME, name),
};
