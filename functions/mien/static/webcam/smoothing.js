/** Smooths the probabilities of a face from one frame of the webcam to the next. */

import { overlaps } from "../common/geometry.js";

/** @import { Expression, Face } from "../faces/faces.js" */

// Weight of the newest frame: with a smaller one the bars are calmer but slower.
const NEWEST_WEIGHT = 0.5;

/**
 * The faces of a frame. The largest one gets an average of its own probabilities and those of the frames before, if it
 * was there.
 * @param {Face[]} faces
 * @param {Face[]} previous what this function returned for the frame before
 * @returns {Face[]}
 */
export function smoothFirst(faces, previous) {
  const [face, ...others] = faces;
  const before = previous[0];
  if (!face?.expression || !before?.expression || !isSame(face, before)) return faces;
  return [{ ...face, expression: average(before.expression, face.expression) }, ...others];
}

/**
 * @param {Face} face
 * @param {Face} before
 */
const isSame = (face, before) => (face.box && before.box ? overlaps(face.box, before.box) : face.box === before.box);

/**
 * The exponential moving average.
 * @param {Expression} before average of all frames before
 * @param {Expression} newest
 * @returns {Expression}
 */
function average(before, newest) {
  const entries = Object.entries(newest.probabilities).map(([label, probability]) => {
    const mixed = (1 - NEWEST_WEIGHT) * (before.probabilities[label] ?? 0) + NEWEST_WEIGHT * probability;
    return /** @type {const} */ ([label, mixed]);
  });
  const [label, confidence] = entries.reduce((a, b) => (b[1] > a[1] ? b : a));
  return { label, confidence, probabilities: Object.fromEntries(entries) };
}
