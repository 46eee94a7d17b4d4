/**
 * Makes a smaller copy of an image whose file is too large to be classified directly. Mien looks for faces in a copy of
 * about 1,000 pixels anyway, and a labelled face needs 48 pixels, so the copy leaves room for faces of any useful size.
 */

import { drawWhole, toJpeg } from "../common/canvas.js";
import { element } from "../common/dom.js";

/** @typedef {{blob: Blob, width: number, height: number}} SmallCopy a JPEG, upright; pixels */

// Pixels of the longer side, and JPEG quality (from 0 to 1).
const MAX_SIDE = 2048;
const QUALITY = 0.92;

/**
 * @param {File} file
 * @returns {Promise<SmallCopy | null>} null if the browser can't decode the file
 */
export async function makeSmallCopy(file) {
  const canvas = element("canvas");
  try {
    // The bitmap is upright: the browser applies the EXIF orientation.
    const bitmap = await createImageBitmap(file);
    drawWhole(canvas, bitmap, bitmap, MAX_SIDE);
    bitmap.close();
    return { blob: await toJpeg(canvas, QUALITY), width: canvas.width, height: canvas.height };
  } catch {
    return null;
  }
}
