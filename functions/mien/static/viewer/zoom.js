/** How a picture is enlarged and moved within its frame. */

/** @import { Size } from "../common/geometry.js" */

/** @typedef {{x: number, y: number}} Point CSS pixels from the middle of the frame */

/**
 * @typedef {object} View
 * @property {number} scale 1 shows the whole picture
 * @property {number} x CSS pixels by which the picture's middle is to the right of the frame's middle
 * @property {number} y CSS pixels by which it is below
 */

/** The whole picture. @type {View} */
export const WHOLE = { scale: 1, x: 0, y: 0 };

// A face of 40 pixels in a photo of 4,000 is then as large as a face on a passport photo.
const MAX_SCALE = 16;

/**
 * Zooms, and keeps what is at a point there.
 * @param {View} view
 * @param {number} factor more than 1 enlarges
 * @param {Point} point
 * @param {Size} frame CSS pixels
 * @param {Size} fitted CSS pixels of the whole picture in the frame
 * @returns {View}
 */
export function zoomed(view, factor, point, frame, fitted) {
  const scale = Math.min(MAX_SCALE, Math.max(1, view.scale * factor));
  const change = scale / view.scale;
  const moved = { scale, x: point.x - change * (point.x - view.x), y: point.y - change * (point.y - view.y) };
  return within(moved, frame, fitted);
}

/**
 * Moves the picture, but no edge of it comes into the frame that needs not to.
 * @param {View} view
 * @param {Point} by
 * @param {Size} frame CSS pixels
 * @param {Size} fitted CSS pixels of the whole picture in the frame
 * @returns {View}
 */
export const moved = ({ scale, x, y }, by, frame, fitted) => within({ scale, x: x + by.x, y: y + by.y }, frame, fitted);

/**
 * @param {View} view
 * @param {Size} frame
 * @param {Size} fitted
 * @returns {View}
 */
function within({ scale, x, y }, frame, fitted) {
  const across = Math.max(0, (scale * fitted.width - frame.width) / 2);
  const down = Math.max(0, (scale * fitted.height - frame.height) / 2);
  return { scale, x: clamp(x, across), y: clamp(y, down) };
}

/**
 * @param {number} value
 * @param {number} limit of its absolute value
 */
const clamp = (value, limit) => Math.min(limit, Math.max(-limit, value));
