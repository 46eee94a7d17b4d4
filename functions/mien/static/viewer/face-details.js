/** The chosen face: what the model saw of it, and what it made of it. */

import { byId, element } from "../common/dom.js";
import { percent } from "../common/format.js";
import { faceCrop } from "../faces/face-crop.js";
import { probabilityBars } from "../faces/probability-bars.js";

/** @import { Face } from "../faces/faces.js" */
/** @import { Photo } from "../faces/stored-photo.js" */

const TOO_SMALL = "The face has too few pixels for a label. The model would only guess.";

/**
 * @param {Photo} photo
 * @param {Face | undefined} face undefined if the picture has none
 */
export function showFaceDetails(photo, face) {
  byId("viewer-face").hidden = !face;
  byId("viewer-crop").replaceChildren(...(face?.expression ? [crop(photo, face)] : []));
  byId("viewer-bars").replaceChildren(...(face ? detailsOf(face) : []));
}

/**
 * @param {Photo} photo
 * @param {Face} face
 */
const crop = (photo, face) =>
  element(
    "figure",
    {},
    faceCrop(photo, face, { asModel: true }),
    element("figcaption", { className: "muted" }, "What the model saw"),
  );

/** @param {Face} face */
function detailsOf({ box, score, expression }) {
  const detection =
    score === null
      ? element("p", { className: "measure" }, "Labelled whole: the central square.")
      : element("p", { className: "measure" }, "Detection score: ", element("span", {}, percent(score)));
  if (score !== null) detection.title = "How certain the detector is that this is a face";
  if (!expression) return [element("p", {}, TOO_SMALL), detection, ...sizeOf(box)];
  const heading = element("p", { className: "name-of-part" }, "Expression confidence");
  return [heading, probabilityBars(expression.probabilities, 1), detection];
}

/** @param {Face["box"]} box */
function sizeOf(box) {
  if (!box) return [];
  const size = `Size: ${box[2] - box[0]} × ${box[3] - box[1]} pixels`;
  return [element("p", { className: "measure" }, size)];
}
