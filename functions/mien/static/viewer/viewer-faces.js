/** The strip of the picture's faces: the crop of each, as a button. */

import { byId, element } from "../common/dom.js";
import { percent } from "../common/format.js";
import { faceCrop } from "../faces/face-crop.js";
import { targetOf } from "../review/face-target.js";
import { reviewChip, spokenReview } from "../review/review-chip.js";
import { reviews } from "../review/review-store.js";

/** @import { ResultDocument } from "../api/api.js" */
/** @import { Face } from "../faces/faces.js" */
/** @import { Photo } from "../faces/stored-photo.js" */

/** @type {HTMLButtonElement[]} */
let buttons = [];
let nameButtons = () => {};

reviews.addEventListener("changed", () => nameButtons());

/**
 * @param {object} picture
 * @param {Photo} picture.photo
 * @param {ResultDocument | null} picture.document
 * @param {Face[]} picture.faces
 * @param {object} listeners
 * @param {(position: number) => void} listeners.onChoose
 * @param {(position: number) => void} listeners.onPoint called with the face under the mouse, or with -1
 */
export function showStrip({ photo, document, faces }, { onChoose, onPoint }) {
  buttons = faces.map((face, position) => {
    const target = targetOf(document, face);
    return element(
      "button",
      {
        type: "button",
        onclick: () => onChoose(position),
        onpointerenter: () => onPoint(position),
        onpointerleave: () => onPoint(-1),
      },
      faceCrop(photo, face),
      element("span", { className: "number" }, String(face.number)),
      element("span", { className: "word" }, face.expression?.label ?? "too small"),
      ...(target ? [reviewChip(target)] : []),
    );
  });
  nameButtons = () => {
    for (const [position, button] of buttons.entries()) {
      const face = faces[position];
      if (face) button.ariaLabel = spokenFace(face, faces.length) + spokenReview(targetOf(document, face));
    }
  };
  nameButtons();
  byId("viewer-faces").replaceChildren(...buttons.map((button) => element("li", {}, button)));
}

/** @param {number} chosen position of the face */
export function chooseInStrip(chosen) {
  for (const [position, button] of buttons.entries()) button.ariaPressed = String(position === chosen);
  const strip = byId("viewer-faces");
  const button = buttons[chosen];
  if (!button) return;
  // Only the strip scrolls: scrollIntoView would also move the dialog.
  strip.scrollLeft = button.offsetLeft - (strip.clientWidth - button.offsetWidth) / 2;
  // Who steps with the keys from within the strip stays in it, at the chosen face.
  if (strip.contains(globalThis.document.activeElement)) button.focus({ preventScroll: true });
}

/** @param {number} pointed position of the face under the mouse, or -1 */
export function pointInStrip(pointed) {
  for (const [position, button] of buttons.entries()) button.classList.toggle("pointed", position === pointed);
}

/**
 * @param {Face} face
 * @param {number} count faces of the picture
 */
function spokenFace({ number, score, expression }, count) {
  const words = expression ? `${expression.label}, confidence ${percent(expression.confidence)}` : "too small to label";
  const detection = score === null ? "labelled whole" : `detection score ${percent(score)}`;
  return `Face ${number} of ${count}: ${words}, ${detection}`;
}
