/** Filters, sorts and counts result documents by their faces. An image matches a filter if one of its faces does. */

import { facesOf } from "../faces/faces.js";

/** @import { StoredResult } from "../api/api.js" */
/** @import { Face } from "../faces/faces.js" */

/** Groups beside the labels: faces that are too small to be labelled, and images without a face. */
export const TOO_SMALL = "too_small";
export const NO_FACE = "no_face";

/**
 * @typedef {object} Filter
 * @property {Set<string>} groups labels, TOO_SMALL and NO_FACE; empty for all
 * @property {number} from lowest confidence in percent
 * @property {number} to highest confidence in percent
 */

/** @typedef {"least" | "most" | "name"} Order least and most: certain first */

/**
 * Percent without the error of binary fractions: 0.29 gives 29 instead of 28.999999999999996.
 * @param {number} fraction
 */
const toPercent = (fraction) => Number((100 * fraction).toFixed(6));

/** @param {Face} face */
const groupOf = ({ expression }) => expression?.label ?? TOO_SMALL;

/** @typedef {Pick<Filter, "from" | "to">} Range */

/** @param {Range} range */
const includesAll = ({ from, to }) => from <= 0 && to >= 100;

/**
 * Whether a face's confidence is within a range, both ends included. A face that is too small to have a confidence is
 * only within the range from 0 to 100.
 * @param {Face} face
 * @param {Range} range
 */
function isWithin({ expression }, range) {
  if (!expression) return includesAll(range);
  const confidence = toPercent(expression.confidence);
  return confidence >= range.from && confidence <= range.to;
}

/**
 * The groups of all faces of a document whose confidence is within a range.
 * @param {StoredResult} document
 * @param {Range} range
 * @returns {string[]} each group once
 */
function groupsOf(document, range) {
  if (document.status === NO_FACE) return includesAll(range) ? [NO_FACE] : [];
  const faces = facesOf(document).filter((face) => isWithin(face, range));
  return [...new Set(faces.map(groupOf))];
}

/**
 * @param {StoredResult} document
 * @param {Filter} filter
 */
export function matches(document, filter) {
  const groups = groupsOf(document, filter);
  return filter.groups.size ? groups.some((group) => filter.groups.has(group)) : groups.length > 0;
}

/**
 * The faces of a document that match a filter.
 * @param {StoredResult} document
 * @param {Filter} filter
 */
export function matchingFaces(document, filter) {
  const { groups } = filter;
  return facesOf(document).filter((face) => isWithin(face, filter) && (!groups.size || groups.has(groupOf(face))));
}

/**
 * The labels that the documents' faces can have, in alphabetical order.
 * @param {StoredResult[]} documents
 */
export function labelsOf(documents) {
  const labels = new Set(
    documents.flatMap((one) => (one.status === "classified" ? Object.keys(one.probabilities) : [])),
  );
  return [...labels].sort();
}

/**
 * Counts documents per group. A document with several faces can be in several groups.
 * @param {StoredResult[]} documents
 * @param {Range} range of confidence
 * @returns {Map<string, number>} also has the labels of no face. The other groups follow if a document is in them.
 */
export function countGroups(documents, range) {
  const present = new Set(documents.flatMap((document) => groupsOf(document, { from: 0, to: 100 })));
  const groups = [...labelsOf(documents), ...[TOO_SMALL, NO_FACE].filter((group) => present.has(group))];
  const counts = new Map(groups.map((group) => [group, 0]));
  for (const group of documents.flatMap((document) => groupsOf(document, range))) {
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return counts;
}

/**
 * Sorts documents by the confidence of the faces that match a filter. Documents without a confidence come last.
 * @param {StoredResult[]} documents sorted by name
 * @param {Order} order documents with the same confidence stay sorted by name
 * @param {Filter} filter
 */
export function sorted(documents, order, filter) {
  if (order === "name") return documents;
  const sign = order === "least" ? 1 : -1;
  const rows = documents.map((document) => {
    const faces = matchingFaces(document, filter);
    const confidences = faces.flatMap(({ expression }) => (expression ? [sign * expression.confidence] : []));
    return { document, rank: Math.min(...confidences) };
  });
  return rows.sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank)).map(({ document }) => document);
}
