/** Files → small pictures: two at a time, because each is decoded whole. */

import { placeholder } from "./card.js";
import { element } from "./dom.js";

const AT_A_TIME = 2;
// Pixels of a side: twice what a card shows, for dense screens.
const SIDE = 192;

const queue = [];
let working = 0;

/** The central square of an image, which is drawn once it is its turn; or a placeholder where the browser can't. */
export function thumbnail(file, name) {
  const canvas = element("canvas", { width: SIDE, height: SIDE });
  const holder = element("span", {}, canvas);
  queue.push({ file, name, canvas, holder });
  next();
  return holder;
}

async function next() {
  if (working >= AT_A_TIME || !queue.length) return;
  working++;
  const { file, name, canvas, holder } = queue.shift();
  try {
    const bitmap = await createImageBitmap(file);
    const side = Math.min(bitmap.width, bitmap.height);
    const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, left, top, side, side, 0, 0, SIDE, SIDE);
    bitmap.close();
  } catch {
    holder.replaceChildren(placeholder(name));
  }
  working--;
  next();
}
