/** The face that a review is about. */

import { imageName, isStored } from "../faces/stored-photo.js";

/** @import { ResultDocument } from "../api/api.js" */
/** @import { Face } from "../faces/faces.js" */

/**
 * @typedef {object} FaceTarget
 * @property {string} name of the image, relative to the inbox
 * @property {string} etag of the image's content: a review of other content is not about this face
 * @property {number} face from 1, which is the largest
 * @property {string | null} predicted the model's label; null if the face has none
 * @property {string} id the same for the same face
 */

/**
 * @param {ResultDocument | null} document
 * @param {Face | undefined} face of this document
 * @returns {FaceTarget | null} null if the image is not stored, so that nobody could find the face again
 */
export function targetOf(document, face) {
  if (!document || !face || !isStored(document)) return null;
  const name = imageName(document);
  const { etag } = document.image;
  const predicted = face.expression?.label ?? null;
  return { name, etag, face: face.number, predicted, id: targetId(name, etag, face.number) };
}

/**
 * @param {string} name
 * @param {string} etag
 * @param {number} face
 */
export const targetId = (name, etag, face) => `${name}\n${etag}\n${face}`;
