/** Small pictures of image files. */

import { drawWhole } from "../common/canvas.js";
import { element } from "../common/dom.js";
import { placeholder } from "./image-card.js";
import { PictureFrame } from "./picture-frame.js";

// Images that are decoded at the same time. Each is decoded at its full size, which needs memory.
const MAX_DECODES = 2;
// Pixels of the longer side: more than what a card shows, for screens with a high pixel density.
const MAX_SIDE = 320;

/** @typedef {{file: File, name: string, maxSide: number, canvas: HTMLCanvasElement, frame: PictureFrame}} Job */

/** @type {Job[]} */
const queue = [];
let decoding = 0;

/**
 * A frame that shows an image as soon as it is decoded. If the browser can't decode it, the frame shows a placeholder.
 * @param {File} file
 * @param {string} name
 * @param {number} [maxSide] pixels of the longer side
 */
export function thumbnail(file, name, maxSide = MAX_SIDE) {
  const canvas = element("canvas", { width: 0, height: 0 });
  const frame = new PictureFrame(canvas);
  queue.push({ file, name, maxSide, canvas, frame });
  drawNext();
  return frame;
}

async function drawNext() {
  if (decoding >= MAX_DECODES) return;
  const job = queue.shift();
  if (!job) return;
  decoding++;
  try {
    const bitmap = await createImageBitmap(job.file);
    drawWhole(job.canvas, bitmap, bitmap, job.maxSide);
    job.frame.fit(bitmap);
    bitmap.close();
  } catch {
    job.frame.replace(placeholder(job.name));
  }
  decoding--;
  drawNext();
}
