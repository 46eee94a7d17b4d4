/** The viewer's large picture: it can be enlarged and moved, and its faces can be pointed at and chosen. */

import { byId, element } from "../common/dom.js";
import { percent } from "../common/format.js";
import { placeholder } from "../faces/image-card.js";
import { PictureFrame } from "../faces/picture-frame.js";
import { listenToGestures } from "./gestures.js";
import { moved, WHOLE, zoomed } from "./zoom.js";

/** @import { Photo } from "../faces/stored-photo.js" */
/** @import { Point, View } from "./zoom.js" */

// One press of a button or of a key.
const STEP = 1.5;

/** @type {PictureFrame | null} */
let frame = null;
let view = WHOLE;

/**
 * @param {object} listeners
 * @param {(position: number) => void} listeners.onChoose called with the face that was pressed
 * @param {(position: number) => void} listeners.onPoint called with the face under the mouse, or with -1
 * @param {(direction: 1 | -1) => void} listeners.onSwipe
 */
export function startViewerPicture({ onChoose, onPoint, onSwipe }) {
  const area = byId("viewer-picture");
  listenToGestures(area, {
    onZoom: zoomAt,
    onDrag: (by) => change((sizes) => moved(view, by, sizes.frame, sizes.fitted)),
    onSwipe,
    onPoint(point) {
      const position = point && frame ? frame.faceAt(point) : -1;
      area.classList.toggle("pointing", position >= 0);
      onPoint(position);
    },
    onPress(point) {
      const position = frame ? frame.faceAt(point) : -1;
      if (position >= 0) onChoose(position);
    },
    isZoomed: () => view.scale > 1,
  });
  byId("viewer-zoom-out").addEventListener("click", () => zoomViewer("out"));
  byId("viewer-zoom-fit").addEventListener("click", () => zoomViewer("fit"));
  byId("viewer-zoom-in").addEventListener("click", () => zoomViewer("in"));
  // The window's size changes what fits, so nothing that was computed for the old one stays.
  new ResizeObserver(() => zoomViewer("fit")).observe(area);
}

/**
 * Shows another picture, as large as it fits.
 * @param {Photo} photo
 * @param {string} words what the image is, for people who do not see it
 */
export function showViewerPicture(photo, words) {
  const image = element("img", { alt: words, draggable: false });
  const shown = new PictureFrame(image);
  const showPlaceholder = () => shown.replace(placeholder(photo.name));
  // Its address expires after some minutes. If it fails, a new one is requested once.
  const renewUrl = async () => {
    image.addEventListener("error", showPlaceholder, { once: true });
    const url = (await photo.renewUrl?.().catch(() => "")) ?? "";
    if (url) image.src = url;
    else showPlaceholder();
  };
  image.addEventListener("load", () => shown.fit({ width: image.naturalWidth, height: image.naturalHeight }));
  image.addEventListener("error", renewUrl, { once: true });
  if (photo.url) image.src = photo.url;
  else showPlaceholder();
  frame = shown;
  byId("viewer-picture").replaceChildren(shown.node);
  setView(WHOLE);
  return shown;
}

/** @param {"in" | "out" | "fit"} how */
export function zoomViewer(how) {
  if (how === "fit") return setView(WHOLE);
  const { left, top, width, height } = byId("viewer-picture").getBoundingClientRect();
  zoomAt(how === "in" ? STEP : 1 / STEP, { x: left + width / 2, y: top + height / 2 });
}

/**
 * @param {number} factor
 * @param {Point} point in the window
 */
function zoomAt(factor, point) {
  const { left, top, width, height } = byId("viewer-picture").getBoundingClientRect();
  const fromMiddle = { x: point.x - left - width / 2, y: point.y - top - height / 2 };
  change((sizes) => zoomed(view, factor, fromMiddle, sizes.frame, sizes.fitted));
}

/** @param {(sizes: {frame: DOMRect, fitted: {width: number, height: number}}) => View} next */
function change(next) {
  if (!frame) return;
  const { width, height } = frame.fitted.getBoundingClientRect();
  const fitted = { width: width / view.scale, height: height / view.scale };
  setView(next({ frame: frame.node.getBoundingClientRect(), fitted }));
}

/** @param {View} next */
function setView(next) {
  view = next;
  byId("viewer-picture").classList.toggle("zoomed", view.scale > 1);
  byId("viewer-zoom-fit").textContent = view.scale > 1 ? percent(view.scale) : "Fit";
  // A button that is really disabled would lose the focus.
  byId("viewer-zoom-out").ariaDisabled = byId("viewer-zoom-fit").ariaDisabled = String(view.scale === 1);
  frame?.zoom(view);
}
