/** The sentences that say what the Results section shows, and what of it is loaded. */

import { counted, number } from "../common/format.js";
import { countFound, facesOf } from "../faces/faces.js";
import { isEmpty } from "./result-filter.js";
import { countFaces, itemsOf, NO_FACE, REJECTED, TOO_SMALL } from "./result-items.js";

/** @import { StoredDocument } from "../api/api.js" */
/** @import { Filter, Range } from "./result-filter.js" */
/** @import { Item } from "./result-items.js" */

/** Names of the groups that are not labels. */
const NAMES = new Map([
  [TOO_SMALL, "too small"],
  [NO_FACE, "no face"],
  [REJECTED, "rejected"],
]);

/** @param {string} group */
export const groupName = (group) => NAMES.get(group) ?? group;

/**
 * Such as "412 faces in 180 photos" or, with a filter, "412 of 1,020 faces, in 180 of 600 photos".
 * @param {Item[]} items that are shown
 * @param {StoredDocument[]} photos that are shown
 * @param {StoredDocument[]} documents all that are loaded
 * @param {Filter} filter
 */
export function countWords(items, photos, documents, filter) {
  const faces = countFaces(items);
  if (isEmpty(filter)) return `${counted(faces, "face")} in ${counted(photos.length, "photo")}`;
  const allFaces = countFaces(documents.flatMap(itemsOf));
  return `${number(faces)} of ${counted(allFaces, "face")}, in ${number(photos.length)} of ${counted(documents.length, "photo")}`;
}

/**
 * Says that documents list only some of their faces, or "".
 * @param {StoredDocument[]} photos
 */
export function crowdWords(photos) {
  const crowds = photos.filter((document) => countFound(document) > facesOf(document).length);
  if (!crowds.length) return "";
  const missing = crowds.reduce((sum, document) => sum + countFound(document) - facesOf(document).length, 0);
  return `${counted(missing, "more face")} of ${counted(crowds.length, "crowded photo")} ${missing === 1 ? "is" : "are"} not listed.`;
}

/**
 * Says that a range has no number in it, or "".
 * @param {Range} range
 */
export const rangeWords = ({ from, to }) =>
  from > to ? `Nothing is from ${from} to ${to}: exchange the two numbers.` : "";
