/** One image in a list: its picture, its label, and the probabilities. */

import { element } from "./dom.js";
import { percent } from "./format.js";
import { extension } from "./image-files.js";
import { probabilityBars } from "./probability-bars.js";

/** @import { Classified } from "./api.js" */

// A longer extension would not fit on the placeholder.
const MAX_EXTENSION_LENGTH = 5;

/**
 * @typedef {object} Outcome what has become of an image
 * @property {Classified | null} document the result, if the image has a label
 * @property {string} state a few words for an image without a label
 * @property {string} reason a sentence that explains why the image will not get a label, or ""
 */

/** @typedef {{node: HTMLElement, show: (outcome: Outcome) => void}} ImageCard */

/**
 * The label with its confidence. If there is no label, the state.
 * @param {Outcome} outcome
 * @returns {(Node | string)[]}
 */
export function outcomeTitle({ document, state, reason }) {
  if (document)
    return [
      element("strong", {}, document.label),
      " ",
      element("span", { className: "confidence" }, percent(document.confidence)),
    ];
  return [reason ? element("strong", { className: "error" }, state) : element("span", { className: "muted" }, state)];
}

/**
 * The bars of all labels. If there is no label, the reason.
 * @param {Outcome} outcome
 * @param {number} [digits] decimal places of the percentages
 * @returns {HTMLElement[]}
 */
export function outcomeDetails({ document, reason }, digits = 0) {
  if (document) return [probabilityBars(document.probabilities, digits)];
  return reason ? [element("p", { className: "reason" }, reason)] : [];
}

/**
 * @param {{name: string, picture: Node, onOpen: () => void}} image picture: a small picture of the image
 * @returns {ImageCard} a list item, and the function that changes its outcome
 */
export function imageCard({ name, picture, onOpen }) {
  const open = element(
    "button",
    { type: "button", className: "picture", ariaLabel: `Open ${name}`, onclick: onOpen },
    picture,
  );
  const title = element("p", { className: "outcome" });
  const details = element("div", { className: "details" });
  const caption = element("p", { className: "name", title: name }, ...shortName(name));
  const summary = element("div", { className: "summary" }, title, caption);
  return {
    node: element("li", { className: "card" }, open, summary, details),
    show(outcome) {
      title.replaceChildren(...outcomeTitle(outcome));
      details.replaceChildren(...outcomeDetails(outcome));
    },
  };
}

/**
 * The file's name and its innermost folder. A folder that has parents gets "…/" in front.
 * @param {string} name
 */
function shortName(name) {
  const folders = name.split("/");
  const file = element("span", { className: "line" }, folders.pop() ?? "");
  const innermost = folders.pop();
  if (innermost === undefined) return [file];
  return [element("span", { className: "line muted" }, `${folders.length ? "…/" : ""}${innermost}/`), file];
}

/**
 * Shown if the browser can't show the picture.
 * @param {string} name
 */
export function placeholder(name) {
  const text = name.includes(".") ? extension(name).slice(0, MAX_EXTENSION_LENGTH) : "file";
  return element("span", { className: "placeholder" }, text.toUpperCase(), element("small", {}, "no preview"));
}
