/** The face that a review is about. */

import { imageName, isStored } from "../faces/stored-photo.js";

/** @import { ResultDocument } from "../api/api.js" */
/** @import { Face } from "../faces/faces.js" */

/**
 * @typedef {object} FaceTarget
 * @property {string} name of the image, relative to the inbox
 * @property {string} etag of the image's content: a review of other content is not about this face
 * @property {number} face from 1, which is the largest; 0 for an image in which no face was found
 * @property {string | null} predicted the model's label; null if the face has none
 * @property {string} id the same for the same face
 */

/**
 * @param {ResultDocument | null} document
 * @param {Face | undefined} face of this document; undefined if it has none
 * @returns {FaceTarget | null} null if nobody could find the face again, because the image is not stored, or if there is
 *   nothing to review
 */
export function targetOf(document, face) {
  if (!document || !isStored(document)) return null;
  if (!face && document.status !== "no_face") return null;
  const name = imageName(document);
  const { etag } = document.image;
  const number = face?.number ?? 0;
  return { name, etag, face: number, predicted: face?.expression?.label ?? null, id: targetId(name, etag, number) };
}

/**
 * @param {string} name
 * @param {string} etag
 * @param {number} face
 */
export const targetId = (name, etag, face) => `${name}\n${etag}\n${face}`;
