/** A bar with its name before it and its numbers behind it. */

import { element } from "../common/dom.js";

/** @param {string} name */
export function progressBar(name) {
  const bar = element("progress", { ariaLabel: name });
  const text = element("span", { className: "value" });
  const node = element("div", { className: "progress" }, element("span", { ariaHidden: "true" }, name), bar, text);
  /** @type {(value: number, max: number, words: string) => void} */
  const set = (value, max, words) => {
    // A progress element with a maximum of 0 would look as if the progress were unknown.
    bar.max = max || 1;
    bar.value = value;
    text.textContent = words;
  };
  return { node, set };
}
