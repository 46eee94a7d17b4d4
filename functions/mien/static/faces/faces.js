/** The faces of a result document, and the words that describe them. */

import { counted, number, percent } from "../common/format.js";

/** @import { Box, DetectedFace, Faceless, ResultDocument } from "../api/api.js" */

/** @typedef {{label: string, confidence: number, probabilities: Record<string, number>}} Expression */

/**
 * @typedef {object} Face
 * @property {number} number from 1, which is the largest face
 * @property {Box | null} box null: the image was labelled whole, which means its central square
 * @property {number | null} score the detector's, from 0 to 1; null if the image was labelled whole
 * @property {Box | null} crop the square that the model saw; null if it saw none, or if the document does not say
 * @property {number} turn degrees counterclockwise by which the crop was turned, 0 if it was not
 * @property {Expression | null} expression null if the face is too small to be labelled
 */

/**
 * The faces of a document, largest first. A document of schema 1 has one face, because its image was labelled whole.
 * @param {ResultDocument | null} document
 * @returns {Face[]}
 */
export function facesOf(document) {
  if (!document || document.status === "rejected" || document.status === "failed") return [];
  if (document.faces) return document.faces.map(toFace);
  if (document.status !== "classified") return [];
  return [{ number: 1, box: null, score: null, crop: null, turn: 0, expression: document }];
}

/**
 * @param {DetectedFace} detected
 * @param {number} index
 * @returns {Face}
 */
function toFace({ box, score, crop, turn, label, confidence, probabilities }, index) {
  const hasLabel = label !== undefined && confidence !== undefined && probabilities !== undefined;
  return {
    number: index + 1,
    // Without a detector, the box is the central square. It is drawn as such, and not as a face that was found.
    box: score === undefined ? null : box,
    score: score ?? null,
    crop: crop ?? null,
    turn: turn ?? 0,
    expression: hasLabel ? { label, confidence, probabilities } : null,
  };
}

/**
 * The size of the upright image, in whose pixels the boxes are.
 * @param {ResultDocument | null} document
 */
export const imageSize = (document) => (document && "image" in document ? document.image : {});

/**
 * How many faces were found. A document lists only the largest ones of many.
 * @param {ResultDocument} document
 */
export function countFound(document) {
  const listed = facesOf(document).length;
  return "faces_found" in document ? (document.faces_found ?? listed) : listed;
}

/**
 * The label of a face with its confidence, such as "happy 93%".
 * @param {Face} face
 */
export const faceWords = ({ expression }) =>
  expression ? `${expression.label} ${percent(expression.confidence)}` : "too small to label";

/**
 * The name of an image with the number of its faces, such as "a.png, 3 faces". Without a search for faces, the name.
 * @param {string} name
 * @param {ResultDocument | null} document
 */
export function withFound(name, document) {
  if (document?.status === "no_face") return `${name}, no face found`;
  const wasSearched = facesOf(document).some(({ box }) => box);
  return document && wasSearched ? `${name}, ${counted(countFound(document), "face")}` : name;
}

/**
 * Says that the document lists only some of the faces, or "".
 * @param {ResultDocument} document
 */
export function leftOutWords(document) {
  const listed = facesOf(document).length;
  const found = countFound(document);
  return found > listed ? `${number(found)} faces were found. These are the ${number(listed)} largest.` : "";
}

/**
 * What the page says about an image without a labelled face.
 * @param {Faceless} document
 */
export function facelessWords({ status, faces_found: found }) {
  if (status === "no_face") return "No face found";
  return found > 1 ? `${number(found)} faces, too small to label` : "Face too small to label";
}
