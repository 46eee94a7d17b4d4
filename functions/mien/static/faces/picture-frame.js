/** A frame that shows a whole picture as large as it fits, with boxes around its faces. */

import { element } from "../common/dom.js";
import { captionRoom, captionSide, centralSquare, haveSameShape, placeOf } from "../common/geometry.js";

/** @import { Face } from "./faces.js" */
/** @import { Place, Size } from "../common/geometry.js" */

const TURNED = "Boxes are not drawn: this browser shows the picture turned or cut.";

export class PictureFrame {
  /** Size of the picture as the browser shows it. @type {Size | null} */
  #shown = null;
  /** @type {Face[]} */
  #faces = [];
  /** Size in whose pixels the boxes are. @type {Size | null} */
  #measured = null;
  #chosen = -1;
  /** The boxes, in the order of the faces. @type {HTMLElement[]} */
  #nodes = [];

  /**
   * @param {HTMLElement} picture an image, a canvas or a video; call `fit` as soon as its size is known
   * @param {{isMirrored?: boolean}} [options] isMirrored: whether the page shows left and right exchanged
   */
  constructor(picture, { isMirrored = false } = {}) {
    this.isMirrored = isMirrored;
    this.boxes = element("span", { className: "boxes", ariaHidden: "true" });
    this.fitted = element("span", { className: "fitted" }, picture, this.boxes);
    /** The element for the page. */
    this.node = element("span", { className: "frame" }, this.fitted);
  }

  /** @param {Size} size of the picture, in pixels of any scale */
  fit({ width, height }) {
    this.#shown = { width, height };
    // The style sheet makes `fitted` as large as this shape fits into the frame, so boxes in percent stay in place.
    this.node.style.setProperty("--ratio", String(width / height));
    this.#draw();
  }

  /**
   * Shows something else in the place of the picture.
   * @param {HTMLElement} placeholder
   */
  replace(placeholder) {
    this.node.replaceChildren(placeholder);
  }

  /**
   * @param {Face[]} faces
   * @param {Partial<Size>} size of the upright image, in whose pixels the boxes are
   */
  show(faces, { width, height }) {
    this.#faces = faces;
    this.#measured = width && height ? { width, height } : null;
    this.#draw();
  }

  /** @param {number} position of the face that stands out; -1 for none */
  choose(position) {
    this.#chosen = position;
    for (const [index, node] of this.#nodes.entries()) node.classList.toggle("chosen", index === position);
  }

  /** @param {number} position of the face that the mouse points at; -1 for none */
  point(position) {
    for (const [index, node] of this.#nodes.entries()) node.classList.toggle("pointed", index === position);
  }

  /**
   * The face at a point. Where boxes overlap it is the smallest one, because a large one can be reached beside it.
   * @param {{x: number, y: number}} point in CSS pixels of the window
   * @returns {number} its position; -1 if there is none
   */
  faceAt({ x, y }) {
    const areas = this.#nodes.map((node) => {
      const rects = [node, ...node.querySelectorAll(".words")].map((part) => part.getBoundingClientRect());
      const isHit = rects.some(({ left, top, right, bottom }) => x >= left && x < right && y >= top && y < bottom);
      return isHit ? node.offsetWidth * node.offsetHeight : Infinity;
    });
    const smallest = Math.min(...areas);
    return smallest < Infinity ? areas.indexOf(smallest) : -1;
  }

  /**
   * Enlarges the picture within the frame. The lines and captions of its boxes keep their size.
   * @param {{scale: number, x: number, y: number}} view x and y: how far the picture is moved, in CSS pixels
   */
  zoom({ scale, x, y }) {
    this.node.style.setProperty("--zoom", String(scale));
    this.fitted.style.translate = `${x}px ${y}px`;
  }

  #draw() {
    const shown = this.#shown;
    if (!shown) return;
    const isTurned = this.#faces.some(({ box }) => box) && !haveSameShape(shown, this.#measured ?? shown);
    this.#nodes = isTurned ? [] : this.#boxNodes(shown);
    this.boxes.classList.toggle("single", this.#faces.length === 1);
    // What comes later is drawn on top: the captions of large faces stay visible.
    this.boxes.replaceChildren(...this.#nodes.toReversed());
    if (isTurned) this.boxes.append(element("span", { className: "turned" }, TURNED));
    this.choose(this.#chosen);
  }

  /**
   * @param {Size} shown
   * @returns {HTMLElement[]}
   */
  #boxNodes(shown) {
    const measured = this.#measured ?? shown;
    const placed = this.#faces.map((face) => {
      const place = face.box ? placeOf(face.box, measured, this.isMirrored) : placeOf(centralSquare(shown), shown);
      return { face, place };
    });
    const places = placed.map(({ place }) => place);
    return placed.map(({ face, place }) => boxNode(face, place, captionRoom(place, places)));
  }
}

/**
 * A box with its caption.
 * @param {Face} face
 * @param {Place} place
 * @param {number} room percent of the picture's width that the caption can have
 */
function boxNode(face, { left, top, width, height }, room) {
  const kind = face.box ? (face.expression ? "face" : "small") : "whole";
  const caption = element(
    "span",
    { className: "caption" },
    element("span", { className: "words" }, ...captionOf(face)),
  );
  const node = element("span", { className: "box" }, caption);
  node.classList.add(kind);
  Object.assign(node.style, { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` });
  node.dataset.caption = captionSide({ left, top, width, height });
  // The caption is within the box, so its width is in percent of the box.
  caption.style.width = `${(100 * room) / width}%`;
  return node;
}

/**
 * The face's number in the list of faces, and its label.
 * @param {Face} face
 */
function captionOf({ number, box, expression }) {
  if (!box) return ["labelled whole"];
  return [
    element("span", { className: "number" }, String(number)),
    element("span", { className: "word" }, expression?.label ?? "too small"),
  ];
}
