/**
 * A dialog with one large image, its faces, and all fields of its result. Arrow keys go to the next and the previous
 * image.
 */

import { byId, element } from "../common/dom.js";
import { number } from "../common/format.js";
import { faceButtons } from "../faces/face-list.js";
import { facesOf, imageSize, leftOutWords, withFound } from "../faces/faces.js";
import { placeholder } from "../faces/image-card.js";
import { outcomeTitle } from "../faces/outcome.js";
import { PictureFrame } from "../faces/picture-frame.js";
import { probabilityBars } from "../faces/probability-bars.js";
import { fieldRows } from "./result-fields.js";

/** @import { Face } from "../faces/faces.js" */
/** @import { Outcome } from "../faces/outcome.js" */

/**
 * @typedef {object} Entry an image in the viewer
 * @property {string} name
 * @property {Outcome} outcome
 * @property {() => {url: string, close: () => void}} openPicture returns the picture's address, and a function that the
 *   viewer calls when it does not show the picture any more
 */

/** @type {Entry[]} */
let entries = [];
let position = 0;
let closePicture = () => {};

export function startImageViewer() {
  const dialog = byId("viewer", HTMLDialogElement);
  byId("viewer-previous").addEventListener("click", () => show(position - 1));
  byId("viewer-next").addEventListener("click", () => show(position + 1));
  byId("viewer-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => closePicture());
  dialog.addEventListener("click", (event) => {
    // The dialog itself is the target of a click beside its content.
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowLeft") show(position - 1);
    if (key === "ArrowRight") show(position + 1);
  });
}

/**
 * @param {Entry[]} images
 * @param {number} first position of the image that is shown first
 */
export function openViewer(images, first) {
  entries = images;
  byId("viewer", HTMLDialogElement).showModal();
  show(first);
}

/** @param {number} next position; nothing happens if there is no image */
function show(next) {
  const entry = entries[next];
  if (!entry) return;
  position = next;
  closePicture();
  const { url, close } = entry.openPicture();
  closePicture = close;
  byId("viewer-name").textContent = entry.name;
  byId("viewer-position").textContent = `${number(position + 1)} of ${number(entries.length)}`;
  // A button that is really disabled would lose the focus.
  byId("viewer-previous").ariaDisabled = String(position === 0);
  byId("viewer-next").ariaDisabled = String(position === entries.length - 1);
  const frame = pictureFrame(url, entry);
  byId("viewer-picture").replaceChildren(frame.node);
  byId("viewer-outcome").replaceChildren(...outcomeTitle(entry.outcome));
  showFaces(entry, frame);
}

/**
 * @param {string} url
 * @param {Entry} entry
 */
function pictureFrame(url, { name, outcome: { document } }) {
  const image = element("img", { alt: `Image ${withFound(name, document)}` });
  const frame = new PictureFrame(image);
  image.addEventListener("load", () => frame.fit({ width: image.naturalWidth, height: image.naturalHeight }));
  image.addEventListener("error", () => frame.replace(placeholder(name)));
  image.src = url;
  frame.show(facesOf(document), imageSize(document));
  return frame;
}

/**
 * Shows the list of faces, if there are several, and the details of the first one with a label.
 * @param {Entry} entry
 * @param {PictureFrame} frame
 */
function showFaces({ outcome }, frame) {
  const faces = facesOf(outcome.document);
  const isList = faces.length > 1;
  /** @param {number} index */
  const choose = (index) => {
    frame.choose(isList ? index : -1);
    showDetails(outcome, faces[index]);
  };
  const first = Math.max(
    0,
    faces.findIndex(({ expression }) => expression),
  );
  byId("viewer-faces").replaceChildren(...(isList ? [faceButtons(faces, first, choose)] : []));
  const leftOut = outcome.document ? leftOutWords(outcome.document) : "";
  byId("viewer-left-out").textContent = leftOut;
  byId("viewer-left-out").hidden = !leftOut;
  choose(first);
}

/**
 * @param {Outcome} outcome
 * @param {Face} [face] the chosen one
 */
function showDetails({ document, reason }, face) {
  const bars = face?.expression ? [probabilityBars(face.expression.probabilities, 1)] : [];
  const sentence = reason ? [element("p", { className: "reason" }, reason)] : [];
  byId("viewer-bars").replaceChildren(...bars, ...sentence);
  byId("viewer-fields").replaceChildren(...fieldRows(document, face));
}
