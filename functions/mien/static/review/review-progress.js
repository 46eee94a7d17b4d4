/** The faces that can be reviewed, and which of them are. Faces without a label are not among them. */

import { facesOf } from "../faces/faces.js";
import { targetOf } from "./face-target.js";
import { reviews } from "./review-store.js";
import { reviewer } from "./reviewer.js";

/** @import { ResultDocument } from "../api/api.js" */
/** @import { FaceTarget } from "./face-target.js" */

/** @typedef {{photo: number, face: number, target: FaceTarget}} PlacedFace photo and face: positions, from 0 */

/**
 * @param {(ResultDocument | null)[]} documents
 * @returns {PlacedFace[]} in their order
 */
export function facesToReview(documents) {
  return documents.flatMap((document, photo) =>
    facesOf(document).flatMap((one, face) => {
      const target = one.expression ? targetOf(document, one) : null;
      return target ? [{ photo, face, target }] : [];
    }),
  );
}

/** @param {PlacedFace} face */
const isReviewed = ({ target }) => reviews.judgement(target, reviewer.get()) !== null;

/**
 * @param {PlacedFace[]} faces
 * @returns {{reviewed: number, total: number}} reviewed: by the person who uses the page
 */
export const reviewProgress = (faces) => ({ reviewed: faces.filter(isReviewed).length, total: faces.length });

/**
 * The next face that the person has not reviewed. After the last face comes the first.
 * @param {PlacedFace[]} faces
 * @param {{photo: number, face: number}} from
 * @returns {PlacedFace | null} null if all are reviewed
 */
export function nextToReview(faces, { photo, face }) {
  const index = faces.findIndex((one) => one.photo > photo || (one.photo === photo && one.face > face));
  const [before, after] = index < 0 ? [faces, []] : [faces.slice(0, index), faces.slice(index)];
  return [...after, ...before].find((one) => !isReviewed(one)) ?? null;
}

/**
 * The folder in which all faces' images are, such as "a/b/"; or "" for the whole inbox.
 * @param {PlacedFace[]} faces
 */
export function folderOf(faces) {
  const [first, ...others] = faces.map(({ target }) => target.name.slice(0, target.name.lastIndexOf("/") + 1));
  let folder = first ?? "";
  for (const other of others) {
    while (!other.startsWith(folder)) folder = folder.slice(0, folder.lastIndexOf("/", folder.length - 2) + 1);
  }
  return folder;
}
