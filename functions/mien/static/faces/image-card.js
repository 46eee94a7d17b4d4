/** One image in a list: its picture with its faces, their labels, and the probabilities of a single face. */

import { element } from "../common/dom.js";
import { extension } from "../common/format.js";
import { facesOf, imageSize, withFound } from "./faces.js";
import { outcomeDetails, outcomeTitle } from "./outcome.js";

/** @import { Outcome } from "./outcome.js" */
/** @import { PictureFrame } from "./picture-frame.js" */

// A longer extension would not fit on the placeholder.
const MAX_EXTENSION_LENGTH = 5;

/** @typedef {{node: HTMLElement, show: (outcome: Outcome) => void}} ImageCard */

/**
 * @param {{name: string, frame: PictureFrame, onOpen: () => void}} image frame: a small picture of the image
 * @returns {ImageCard} a list item, and the function that changes its outcome
 */
export function imageCard({ name, frame, onOpen }) {
  const open = element("button", { type: "button", className: "picture", onclick: onOpen }, frame.node);
  const title = element("p", { className: "outcome" });
  const details = element("div", { className: "details" });
  const caption = element("p", { className: "name", title: name }, ...shortName(name));
  const summary = element("div", { className: "summary" }, title, caption);
  return {
    node: element("li", { className: "card" }, open, summary, details),
    show(outcome) {
      const { document } = outcome;
      open.ariaLabel = `Open ${withFound(name, document)}`;
      frame.show(facesOf(document), imageSize(document));
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
