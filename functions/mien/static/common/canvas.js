/** Draws pictures on canvases. */

import { sizeWithin } from "./geometry.js";

/** @import { Size } from "./geometry.js" */

/**
 * The canvas's 2D drawing context.
 * @param {HTMLCanvasElement} canvas
 */
export function context2d(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("The browser could not make a 2D canvas.");
  return context;
}

/**
 * Draws a whole picture over the whole canvas, which gets a size of the same shape.
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasImageSource} source
 * @param {Size} size of the source, in pixels
 * @param {number} maxSide pixels of the canvas's longer side; a smaller picture keeps its size
 */
export function drawWhole(canvas, source, size, maxSide) {
  Object.assign(canvas, sizeWithin(size, maxSide));
  const context = context2d(canvas);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
}

/**
 * The picture of a canvas as a JPEG file.
 * @param {HTMLCanvasElement} canvas
 * @param {number} quality from 0 to 1
 * @returns {Promise<Blob>}
 */
export function toJpeg(canvas, quality) {
  return new Promise((resolve, reject) => {
    /** @param {Blob | null} blob */
    const finish = (blob) => (blob ? resolve(blob) : reject(new Error("The browser could not encode the picture.")));
    canvas.toBlob(finish, "image/jpeg", quality);
  });
}
