/** Small pictures of image files. */

import { context2d, drawCentralSquare } from "./canvas.js";
import { element } from "./dom.js";
import { placeholder } from "./image-card.js";

// Images that are decoded at the same time. Each is decoded at its full size, which needs memory.
const MAX_DECODES = 2;
// Pixels per side: twice what a card shows, for screens with a high pixel density.
const SIDE = 192;

/** @typedef {{file: File, name: string, canvas: HTMLCanvasElement, holder: HTMLElement}} Job */

/** @type {Job[]} */
const queue = [];
let decoding = 0;

/**
 * An element that shows the central square of an image as soon as the image is decoded. If the browser can't decode it,
 * the element shows a placeholder.
 * @param {File} file
 * @param {string} name
 */
export function thumbnail(file, name) {
  const canvas = element("canvas", { width: SIDE, height: SIDE });
  const holder = element("span", {}, canvas);
  queue.push({ file, name, canvas, holder });
  drawNext();
  return holder;
}

async function drawNext() {
  if (decoding >= MAX_DECODES) return;
  const job = queue.shift();
  if (!job) return;
  decoding++;
  try {
    const bitmap = await createImageBitmap(job.file);
    const context = context2d(job.canvas);
    context.imageSmoothingQuality = "high";
    drawCentralSquare(context, bitmap, bitmap.width, bitmap.height);
    bitmap.close();
  } catch {
    job.holder.replaceChildren(placeholder(job.name));
  }
  decoding--;
  drawNext();
}
