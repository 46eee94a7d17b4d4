/**
 * Crops of faces. A crop is drawn when it comes near the window, and its memory is freed when it is far away, so a page
 * with ten thousand faces needs as much memory as one with a hundred.
 */

import { element } from "../common/dom.js";
import { drawFace } from "./crop-drawing.js";
import { placeholder } from "./image-card.js";
import { cancelPhoto, requestPhoto } from "./photo-loading.js";

/** @import { Face } from "./faces.js" */
/** @import { OnPhoto } from "./photo-loading.js" */
/** @import { Photo } from "./stored-photo.js" */

// Pixels per side of a crop: more than its place on the page, for screens with a high pixel density.
const SIDE = 160;
// How far from the window a crop is drawn already.
const MARGIN = "600px";

/** @typedef {{draw: () => void, free: () => void}} Crop */

/** @type {WeakMap<Element, Crop>} */
const crops = new WeakMap();

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) crops.get(target)?.draw();
      else crops.get(target)?.free();
    }
  },
  { rootMargin: MARGIN },
);

/**
 * An element that shows one face, upright. It has the class `crop`, is square, and as wide as its parent. A face without
 * a crop is shown with the square around its box, and an image that was labelled whole with its central square.
 * @param {Photo} photo
 * @param {Face} face
 * @param {{side?: number, asModel?: boolean}} [options] side: pixels of the drawing;
 *   asModel: in gray and 48 pixels wide, about as the model sees the face
 */
export function faceCrop(photo, face, { side = SIDE, asModel = false } = {}) {
  const canvas = element("canvas", { width: 0, height: 0 });
  const node = element("span", { className: "crop", ariaHidden: "true" }, canvas);
  node.classList.toggle("as-model", asModel);
  /** @type {OnPhoto} */
  const onPhoto = (image) => {
    if (image) drawFace(canvas, image, face, { measured: photo.size, side, asModel });
    else node.replaceChildren(placeholder(photo.name));
  };
  crops.set(node, {
    draw: () => requestPhoto(photo, onPhoto),
    free() {
      cancelPhoto(photo, onPhoto);
      canvas.width = canvas.height = 0;
    },
  });
  observer.observe(node);
  return node;
}
