/** Cells of the grid of faces: a crop with its label, and its bars on demand. */

import { element } from "../common/dom.js";
import { percent } from "../common/format.js";
import { faceCrop } from "../faces/face-crop.js";
import { countFound, facesOf, faceWords } from "../faces/faces.js";
import { placeholder } from "../faces/image-card.js";
import { probabilityBars } from "../faces/probability-bars.js";
import { storedPhoto } from "../faces/stored-photo.js";
import { targetOf } from "../review/face-target.js";
import { reviewChip } from "../review/review-chip.js";
import { REJECTED } from "./result-items.js";

/** @import { Face } from "../faces/faces.js" */
/** @import { Item } from "./result-items.js" */

/** A photo without a face is shown with its central square. @type {Face} */
const WHOLE = { number: 1, box: null, score: null, crop: null, turn: 0, expression: null };

/**
 * A list item with one button, and what people said about the face.
 * @param {Item} item
 * @param {{hasBars: boolean, onOpen: () => void}} options
 */
export function faceCell(item, { hasBars, onOpen }) {
  const { document, face, group } = item;
  const photo = storedPhoto(document);
  // A rejected image is often none that a browser could show.
  const picture =
    group === REJECTED
      ? element("span", { className: "crop" }, placeholder(photo.name))
      : faceCrop(photo, face ?? WHOLE);
  const button = element("button", { type: "button", onclick: onOpen }, picture, caption(item));
  button.ariaLabel = `Open ${photo.name}, ${spokenName(item)}`;
  const bars = hasBars && face?.expression ? [probabilityBars(face.expression.probabilities)] : [];
  const target = targetOf(document, face ?? undefined);
  const chips = target ? [reviewChip(target)] : [];
  const cell = element("li", { className: "cell", title: photo.name }, button, ...chips, ...bars);
  cell.classList.toggle("without-face", !face);
  return cell;
}

/** @param {Item} item */
function caption({ face, group }) {
  const words = { className: "line muted" };
  if (!face) return element("span", words, group === REJECTED ? "rejected" : "no face");
  if (!face.expression) return element("span", words, "too small");
  const { label, confidence } = face.expression;
  return element("span", { className: "line" }, element("strong", {}, label), " ", percent(confidence));
}

/** @param {Item} item */
function spokenName({ document, face, group }) {
  if (!face) return group === REJECTED ? "rejected" : "no face found";
  const listed = facesOf(document).length;
  const which = listed > 1 ? `face ${face.number} of ${countFound(document)}, ` : "";
  return which + faceWords(face);
}
