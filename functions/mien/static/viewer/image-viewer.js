/** A dialog with one large image: its faces, what the model says about the chosen one, and the person's review of it. */

import { modelHealth } from "../api/model-health.js";
import { byId } from "../common/dom.js";
import { number } from "../common/format.js";
import { facesOf, imageSize, withFound } from "../faces/faces.js";
import { isStored, storedPhoto } from "../faces/stored-photo.js";
import { targetOf } from "../review/face-target.js";
import { showReview, startReviewPanel } from "../review/review-panel.js";
import { facesToReview, folderOf, nextToReview, reviewProgress } from "../review/review-progress.js";
import { reviews } from "../review/review-store.js";
import { showFaceDetails } from "./face-details.js";
import { labelWhole } from "./label-whole.js";
import { fieldRows } from "./result-fields.js";
import { stepFace, stepPhoto } from "./steps.js";
import { chooseInStrip, pointInStrip, showStrip } from "./viewer-faces.js";
import { startViewerKeys } from "./viewer-keys.js";
import { offerWhole, showOutcome } from "./viewer-outcome.js";
import { showViewerPicture, startViewerPicture } from "./viewer-picture.js";

/** @import { ResultDocument } from "../api/api.js" */
/** @import { Outcome } from "../faces/outcome.js" */
/** @import { PictureFrame } from "../faces/picture-frame.js" */
/** @import { Photo } from "../faces/stored-photo.js" */
/** @import { PlacedFace } from "../review/review-progress.js" */
/** @import { Place } from "./steps.js" */

/**
 * @typedef {object} Entry an image in the viewer
 * @property {string} name
 * @property {Outcome} outcome
 * @property {() => {url: string, close: () => void}} openPicture returns the picture's address, and a function that the
 *   viewer calls when it does not show the picture any more
 * @property {File} [file] if the image was chosen from the disk
 */

/**
 * Positions of an image, and of the chosen face in it.
 * @typedef {(position: number, face: number) => void} OnPlace
 */

/**
 * @typedef {object} Options
 * @property {number} [face] position of the face that is chosen first; otherwise it is the first one with a label
 * @property {OnPlace} [onMove] called at each step
 * @property {OnPlace} [onClose]
 */

/** @type {Entry[]} */
let entries = [];
/** How many faces each image has. @type {number[]} */
let counts = [];
/** @type {PlacedFace[]} */
let toReview = [];
/** @type {Place} */
let place = { photo: 0, face: 0 };
/** @type {Options} */
let options = {};
let closePicture = () => {};
/** @type {Photo} */
let photo = { name: "", url: "", size: {} };
/** @type {PictureFrame | null} */
let frame = null;
/** Answers for pictures that a person had labelled whole. They are not stored. @type {WeakMap<Entry, ResultDocument>} */
const labelledWhole = new WeakMap();

export function startImageViewer() {
  const dialog = byId("viewer", HTMLDialogElement);
  const steps = {
    photo: (/** @type {1 | -1} */ step) => go(stepPhoto(counts, place, step)),
    face: (/** @type {1 | -1} */ step) => go(stepFace(counts, place, step)),
    toPhoto: (/** @type {number} */ photo) => go(firstFace(photo)),
    last: () => entries.length - 1,
  };
  startViewerKeys(dialog, steps);
  startViewerPicture({ onChoose: choose, onPoint: point, onSwipe: steps.photo });
  startReviewPanel({
    onNext: () => go(nextToReview(toReview, place) ?? place),
    onUndone: ({ id }) => go(toReview.find(({ target }) => target.id === id) ?? place),
    progress: () => reviewProgress(toReview),
  });
  byId("viewer-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    closePicture();
    options.onClose?.(place.photo, place.face);
  });
  dialog.addEventListener("click", (event) => {
    // The dialog itself is the target of a click beside its content.
    if (event.target === dialog) dialog.close();
  });
}

/**
 * @param {Entry[]} images
 * @param {number} first position of the image that is shown first
 * @param {Options} [chosen]
 */
export function openViewer(images, first, chosen = {}) {
  entries = images;
  options = chosen;
  const documents = entries.map(({ outcome }) => outcome.document);
  counts = documents.map((document) => facesOf(document).length);
  toReview = facesToReview(documents);
  if (toReview.length) reviews.load(folderOf(toReview));
  byId("viewer", HTMLDialogElement).showModal();
  place = chosen.face === undefined ? firstFace(first) : { photo: first, face: chosen.face };
  showPhoto();
}

/**
 * The first face with a label, or the first one if there is none.
 * @param {number} photo
 * @returns {Place}
 */
function firstFace(photo) {
  const faces = facesOf(entries[photo]?.outcome.document ?? null);
  return {
    photo,
    face: Math.max(
      0,
      faces.findIndex(({ expression }) => expression),
    ),
  };
}

/** @param {Place} next */
function go({ photo, face }) {
  if (photo === place.photo && face === place.face) return;
  const isSamePhoto = photo === place.photo;
  place = { photo, face };
  if (isSamePhoto) showFace();
  else showPhoto();
  options.onMove?.(photo, face);
}

/** @param {number} face position in the image */
const choose = (face) => go({ ...place, face });

/** @param {number} face position of the face under the mouse, or -1 */
function point(face) {
  frame?.point(face);
  pointInStrip(face);
}

/** @param {Entry} entry */
const documentOf = (entry) => labelledWhole.get(entry) ?? entry.outcome.document;

/**
 * @param {Entry} entry
 * @returns {Photo}
 */
function openPhoto({ name, outcome: { document }, openPicture }) {
  const { url, close } = openPicture();
  closePicture = close;
  if (document && isStored(document)) return storedPhoto(document);
  return { name, url, size: imageSize(document) };
}

function showPhoto() {
  const entry = entries[place.photo];
  if (!entry) return;
  closePicture();
  photo = openPhoto(entry);
  byId("viewer-name").textContent = entry.name;
  byId("viewer-name").title = entry.name;
  const document = documentOf(entry);
  const faces = facesOf(document);
  frame = showViewerPicture(photo, `Image ${withFound(entry.name, document)}`);
  frame.show(faces, imageSize(document));
  showStrip({ photo, document, faces }, { onChoose: choose, onPoint: point });
  offerWhole(labelWhole(document, entry.file), (answer) => {
    labelledWhole.set(entry, answer);
    if (entries[place.photo] === entry) showPhoto();
  });
  byId("viewer-result").scrollTop = 0;
  showFace();
}

function showFace() {
  const entry = entries[place.photo];
  if (!entry) return;
  const document = documentOf(entry);
  const faces = facesOf(document);
  const face = faces[place.face];
  frame?.choose(faces.length > 1 ? place.face : -1);
  chooseInStrip(place.face);
  showPosition(faces.length);
  showOutcome({ ...entry.outcome, document }, face, labelledWhole.has(entry));
  showFaceDetails(photo, face);
  byId("viewer-fields").replaceChildren(...fieldRows(document, face));
  showReview(targetOf(document, face), labelsOf(document));
}

/**
 * The labels that the model tells apart.
 * @param {ResultDocument | null} document
 */
function labelsOf(document) {
  if (modelHealth.labels.length || !document || !("probabilities" in document)) return modelHealth.labels;
  return Object.keys(document.probabilities);
}

/** @param {number} faces how many the image has */
function showPosition(faces) {
  const ofPhotos = `photo ${number(place.photo + 1)} of ${number(entries.length)}`;
  const ofFaces = faces ? `face ${number(place.face + 1)} of ${number(faces)}, ` : "";
  byId("viewer-position").textContent = ofFaces + ofPhotos;
  const isFirstPhoto = place.photo === 0;
  const isLastPhoto = place.photo === entries.length - 1;
  // A button that is really disabled would lose the focus.
  byId("viewer-previous").ariaDisabled = String(isFirstPhoto);
  byId("viewer-next").ariaDisabled = String(isLastPhoto);
  byId("viewer-previous-face").ariaDisabled = String(isFirstPhoto && place.face === 0);
  byId("viewer-next-face").ariaDisabled = String(isLastPhoto && place.face >= faces - 1);
}
