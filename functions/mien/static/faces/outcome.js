/** What the page says about an image: its faces with their labels, or why it has none. */

import { element } from "../common/dom.js";
import { counted, percent } from "../common/format.js";
import { shortFaceList } from "./face-list.js";
import { countFound, facelessWords, facesOf } from "./faces.js";
import { probabilityBars } from "./probability-bars.js";

/** @import { ResultDocument } from "../api/api.js" */

/**
 * @typedef {object} Outcome what has become of an image
 * @property {ResultDocument | null} document the API's result
 * @property {string} state a few words for an image without a result
 * @property {string} reason a sentence that explains why the image will not get a label, or ""
 * @property {boolean} [isLost] whether the image has to be sent again because of an error
 * @property {string} [note] a sentence about how the image was classified
 */

/**
 * The label with its confidence, or the number of faces. If there is no label, the state.
 * @param {Outcome} outcome
 * @returns {(Node | string)[]}
 */
export function outcomeTitle({ document, state, reason, isLost = false }) {
  if (document?.status === "classified") {
    const { label, confidence } = document;
    if (facesOf(document).length > 1) return [element("strong", {}, counted(countFound(document), "face"))];
    return [element("strong", {}, label), " ", element("span", { className: "confidence" }, percent(confidence))];
  }
  if (document?.status === "no_face" || document?.status === "too_small") {
    return [element("span", {}, facelessWords(document))];
  }
  if (isLost) return [element("strong", { className: "error" }, state)];
  return [element("span", { className: reason ? "" : "muted" }, state)];
}

/**
 * The bars of the only face, or a short list of several faces. If there is no label, the reason.
 * @param {Outcome} outcome
 * @returns {HTMLElement[]}
 */
export function outcomeDetails({ document, reason, note }) {
  const details = [];
  if (document?.status === "classified") {
    const faces = facesOf(document);
    const isList = faces.length > 1;
    details.push(isList ? shortFaceList(faces, countFound(document)) : probabilityBars(document.probabilities));
  } else if (reason) {
    details.push(element("p", { className: "reason" }, reason));
  }
  if (note) details.push(element("p", { className: "reason muted" }, note));
  return details;
}
