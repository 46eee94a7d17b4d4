/** What a mouse, a pen or fingers do on a picture: zoom, drag, swipe, point and press. */

/** @import { Point } from "./zoom.js" */

/**
 * @typedef {object} Gestures points are in CSS pixels of the window
 * @property {(factor: number, point: Point) => void} onZoom
 * @property {(by: Point) => void} onDrag
 * @property {(direction: 1 | -1) => void} onSwipe a finger went to the left (1) or to the right (-1)
 * @property {(point: Point | null) => void} onPoint where the mouse is; null if it left
 * @property {(point: Point) => void} onPress
 * @property {() => boolean} isZoomed whether one finger drags the picture, so that it can't swipe
 */

// The wheel's pixels that double the size.
const WHEEL_PIXELS_TO_DOUBLE = 400;
// Lines of a wheel that counts in lines, in pixels.
const LINE = 16;
// Shorter movements in CSS pixels are a press, or no swipe.
const MIN_DRAG = 5;
const MIN_SWIPE = 50;

/**
 * @param {HTMLElement} area
 * @param {Gestures} gestures
 */
export function listenToGestures(area, { onZoom, onDrag, onSwipe, onPoint, onPress, isZoomed }) {
  /** Where each finger is. @type {Map<number, Point>} */
  const pointers = new Map();
  /** @type {Point} */
  let start = { x: 0, y: 0 };
  let hasMoved = false;
  let wasPinched = false;

  area.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE * event.deltaY : event.deltaY;
      onZoom(2 ** (-pixels / WHEEL_PIXELS_TO_DOUBLE), pointOf(event));
    },
    { passive: false },
  );

  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (!pointers.size) {
      start = pointOf(event);
      hasMoved = false;
      wasPinched = false;
    }
    pointers.set(event.pointerId, pointOf(event));
    area.setPointerCapture(event.pointerId);
  });

  area.addEventListener("pointermove", (event) => {
    const now = pointOf(event);
    const before = pointers.get(event.pointerId);
    if (!before) return onPoint(now);
    const others = [...pointers.entries()].filter(([id]) => id !== event.pointerId);
    pointers.set(event.pointerId, now);
    const other = others[0]?.[1];
    if (other) {
      wasPinched = true;
      onZoom(distance(now, other) / Math.max(1, distance(before, other)), middle(now, other));
      return;
    }
    hasMoved ||= distance(now, start) >= MIN_DRAG;
    if (hasMoved && (isZoomed() || wasPinched)) onDrag({ x: now.x - before.x, y: now.y - before.y });
  });

  area.addEventListener("pointerup", (event) => {
    if (!pointers.delete(event.pointerId) || pointers.size || wasPinched) return;
    const end = pointOf(event);
    const across = end.x - start.x;
    if (!hasMoved) onPress(end);
    else if (!isZoomed() && event.pointerType !== "mouse" && isSwipe(start, end)) onSwipe(across < 0 ? 1 : -1);
  });

  // The browser takes the finger to scroll the page.
  area.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
  area.addEventListener("pointerleave", () => onPoint(null));
}

/**
 * @param {Point} from
 * @param {Point} to
 */
const isSwipe = (from, to) => Math.abs(to.x - from.x) >= Math.max(MIN_SWIPE, 2 * Math.abs(to.y - from.y));

/** @param {MouseEvent} event */
const pointOf = ({ clientX, clientY }) => ({ x: clientX, y: clientY });

/**
 * @param {Point} one
 * @param {Point} other
 */
const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);

/**
 * @param {Point} one
 * @param {Point} other
 */
const middle = (one, other) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });
