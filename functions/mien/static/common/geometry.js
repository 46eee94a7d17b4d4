/** Where boxes are drawn in a picture. */

/** @import { Box } from "../api/api.js" */

/** @typedef {{width: number, height: number}} Size pixels */

/**
 * A box in percent of the picture's width and height.
 * @typedef {{left: number, top: number, width: number, height: number}} Place
 */

// Two sizes have the same shape if their ratios differ by less than this part: the webcam's frames have rounded sizes.
const SHAPE_TOLERANCE = 0.01;
// Percent of the picture's height that a caption needs.
const CAPTION_HEIGHT = 8;

/**
 * @param {Box} box in pixels of the picture
 * @param {Size} size of the picture
 * @param {boolean} isMirrored whether the picture is shown with left and right exchanged
 * @returns {Place}
 */
export function placeOf([left, top, right, bottom], { width, height }, isMirrored = false) {
  const percentOfWidth = (/** @type {number} */ pixels) => (100 * pixels) / width;
  const percentOfHeight = (/** @type {number} */ pixels) => (100 * pixels) / height;
  return {
    left: percentOfWidth(isMirrored ? width - right : left),
    top: percentOfHeight(top),
    width: percentOfWidth(right - left),
    height: percentOfHeight(bottom - top),
  };
}

/**
 * The square that is labelled if an image is labelled whole.
 * @param {Size} size of the picture
 * @returns {Box}
 */
export function centralSquare({ width, height }) {
  const side = Math.min(width, height);
  const [left, top] = [(width - side) / 2, (height - side) / 2];
  return [left, top, left + side, top + side];
}

/**
 * Where a box's caption has room: above the box, else below it, else within it.
 * @param {Place} place
 * @returns {"above" | "below" | "within"}
 */
export function captionSide({ top, height }) {
  if (top >= CAPTION_HEIGHT) return "above";
  return top + height + CAPTION_HEIGHT <= 100 ? "below" : "within";
}

/**
 * How far the caption of a box can reach to the right of the box's left edge, before it meets the edge of the picture,
 * or another box or its caption.
 * @param {Place} place of the box
 * @param {Place[]} places of all boxes
 * @returns {number} percent of the picture's width
 */
export function captionRoom(place, places) {
  const band = captionBand(place);
  const inTheWay = places.filter((other) => {
    const otherBand = captionBand(other);
    const top = Math.min(other.top, otherBand.top);
    const bottom = Math.max(other.top + other.height, otherBand.bottom);
    return other.left > place.left && top < band.bottom && bottom > band.top;
  });
  return Math.min(100, ...inTheWay.map(({ left }) => left)) - place.left;
}

/**
 * @param {Place} place
 * @returns {{top: number, bottom: number}} percent of the picture's height
 */
function captionBand(place) {
  const side = captionSide(place);
  const bottomOfBox = place.top + place.height;
  const top = { above: place.top - CAPTION_HEIGHT, below: bottomOfBox, within: bottomOfBox - CAPTION_HEIGHT }[side];
  return { top, bottom: top + CAPTION_HEIGHT };
}

/**
 * Whether a picture is shown as the size says. It is not if the browser ignores an orientation in the file.
 * @param {Size} one
 * @param {Size} other
 */
export function haveSameShape(one, other) {
  const ratio = (one.width * other.height) / (one.height * other.width);
  return Math.abs(ratio - 1) < SHAPE_TOLERANCE;
}

/**
 * Whether the middle of one box is within another, so that both probably show the same face.
 * @param {Box} one
 * @param {Box} other
 */
export function overlaps([left, top, right, bottom], other) {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return x >= other[0] && x <= other[2] && y >= other[1] && y <= other[3];
}

/**
 * The largest size of the same shape whose longer side has at most `side` pixels. A smaller picture keeps its size.
 * @param {Size} size
 * @param {number} side
 * @returns {Size}
 */
export function sizeWithin({ width, height }, side) {
  const scale = Math.min(1, side / Math.max(width, height));
  return { width: Math.max(1, Math.round(scale * width)), height: Math.max(1, Math.round(scale * height)) };
}
