/** Draws the square around one face on a canvas. */

import { context2d } from "../common/canvas.js";
import { centralSquare, haveSameShape, sizeWithin } from "../common/geometry.js";

/** @import { Box } from "../api/api.js" */
/** @import { Size } from "../common/geometry.js" */
/** @import { Face } from "./faces.js" */

/** Pixels per side of what the model sees. */
const MODEL_SIDE = 48;

/**
 * Draws a face over the whole canvas, which becomes square.
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLImageElement} image the photo, decoded
 * @param {Face} face
 * @param {{measured: Partial<Size>, side: number, asModel: boolean}} options measured: size in whose pixels the face is;
 *   side: pixels of the canvas; asModel: in gray and 48 pixels wide instead, about as the model sees the face
 */
export function drawFace(canvas, image, face, { measured, side, asModel }) {
  const shown = { width: image.naturalWidth, height: image.naturalHeight };
  canvas.width = canvas.height = asModel ? MODEL_SIDE : side;
  const context = context2d(canvas);
  context.imageSmoothingQuality = "high";
  const square = squareOf(face, shown, measured);
  if (square) {
    turn(context, face.turn);
    drawSquare(context, image, square, shown);
  } else drawAll(context, image, shown);
  if (asModel) makeGray(context);
}

/**
 * The square in pixels of the photo as the browser shows it. It can reach outside the photo.
 * @param {Face} face
 * @param {Size} shown
 * @param {Partial<Size>} measured
 * @returns {Box | null} null if the browser shows the photo turned or cut, so the face is elsewhere
 */
function squareOf({ box, crop }, shown, { width, height }) {
  if (!box && !crop) return centralSquare(shown);
  const size = width && height ? { width, height } : shown;
  if (!haveSameShape(size, shown)) return box ? null : centralSquare(shown);
  const scale = shown.width / size.width;
  const [left, top, right, bottom] = crop ?? squareAround(box ?? centralSquare(size));
  return [scale * left, scale * top, scale * right, scale * bottom];
}

/**
 * @param {Box} box
 * @returns {Box}
 */
function squareAround([left, top, right, bottom]) {
  const half = Math.max(right - left, bottom - top) / 2;
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return [x - half, y - half, x + half, y + half];
}

/**
 * Turns what is drawn afterwards.
 * @param {CanvasRenderingContext2D} context
 * @param {number} degrees counterclockwise
 */
function turn(context, degrees) {
  const half = context.canvas.width / 2;
  context.translate(half, half);
  context.rotate((-degrees * Math.PI) / 180);
  context.translate(-half, -half);
}

/**
 * Draws the part of the square that is within the photo, and repeats the photo's edge in the rest.
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLImageElement} image
 * @param {Box} square
 * @param {Size} size of the image
 */
function drawSquare(context, image, [left, top, right, bottom], { width, height }) {
  const side = context.canvas.width;
  const scale = side / (right - left);
  // Edges of the part within the photo, in pixels of the photo.
  const [l, t] = [clamp(left, 0, width - 1), clamp(top, 0, height - 1)];
  const [r, b] = [clamp(right, l + 1, width), clamp(bottom, t + 1, height)];
  // The same edges in whole pixels of the canvas, so that no line between drawing and repeated edge is half transparent.
  const at = (/** @type {number} */ value) => clamp(Math.round(value), 0, side);
  const [x1, y1] = [Math.min(at((l - left) * scale), side - 1), Math.min(at((t - top) * scale), side - 1)];
  const [x2, y2] = [Math.max(at((r - left) * scale), x1 + 1), Math.max(at((b - top) * scale), y1 + 1)];
  const columns = pieces(x1, x2, side, l, r);
  const rows = pieces(y1, y2, side, t, b);
  for (const [x, w, sourceX, sourceW] of columns) {
    for (const [y, h, sourceY, sourceH] of rows) {
      context.drawImage(image, sourceX, sourceY, sourceW, sourceH, x, y, w, h);
    }
  }
}

/**
 * Cuts one side of the canvas into what is before the photo, the photo, and what is behind it. The pixel at the photo's
 * edge is stretched over the outer two.
 * @param {number} start first pixel of the canvas that shows the photo
 * @param {number} end
 * @param {number} side of the canvas
 * @param {number} first pixel of the photo
 * @param {number} last pixel of the photo, exclusive
 * @returns {[at: number, length: number, from: number, of: number][]}
 */
function pieces(start, end, side, first, last) {
  /** @type {[number, number, number, number][]} */
  const all = [
    [0, start, first, 1],
    [start, end - start, first, last - first],
    [end, side - end, last - 1, 1],
  ];
  return all.filter(([, length]) => length > 0);
}

/**
 * Draws the whole photo in the middle.
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLImageElement} image
 * @param {Size} size of the image
 */
function drawAll(context, image, size) {
  const side = context.canvas.width;
  const { width, height } = sizeWithin(size, side);
  context.drawImage(image, (side - width) / 2, (side - height) / 2, width, height);
}

/**
 * Takes the colors away, with the weights of gray pixels in preprocessing (ITU-R BT.601). Pixels can't be read here,
 * because they come from another origin.
 * @param {CanvasRenderingContext2D} context
 */
function makeGray(context) {
  context.globalCompositeOperation = "saturation";
  context.fillStyle = "#808080";
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
