/** Which faces a person wants to see, and in which order. A photo matches a filter if one of its faces does. */

import { itemsOf, labelsOf, NO_FACE, REJECTED, TOO_SMALL } from "./result-items.js";

/** @import { StoredDocument } from "../api/api.js" */
/** @import { Item } from "./result-items.js" */

/** @typedef {{from: number, to: number}} Range percent, both ends included */

/**
 * @typedef {object} Filter
 * @property {Set<string>} groups of items; empty for all but rejected images
 * @property {Range} confidence of the label
 * @property {Range} score of the detection
 */

/** @typedef {"name" | "least" | "most"} Order least and most: certain first */

/** @returns {Range} */
export const fullRange = () => ({ from: 0, to: 100 });

/** @param {Range} range */
export const isFull = ({ from, to }) => from <= 0 && to >= 100;

/** @returns {Filter} */
export const noFilter = () => ({ groups: new Set(), confidence: fullRange(), score: fullRange() });

/** @param {Filter} filter */
export const isEmpty = ({ groups, confidence, score }) => !groups.size && isFull(confidence) && isFull(score);

/**
 * Percent without the error of binary fractions: 0.29 gives 29 instead of 28.999999999999996.
 * @param {number} fraction
 */
const toPercent = (fraction) => Number((100 * fraction).toFixed(6));

/**
 * Whether a number is within a range. What has no number is only within the range from 0 to 100.
 * @param {number | null | undefined} fraction
 * @param {Range} range
 */
function isWithin(fraction, range) {
  if (isFull(range)) return true;
  if (fraction === null || fraction === undefined) return false;
  return toPercent(fraction) >= range.from && toPercent(fraction) <= range.to;
}

/**
 * @param {Item} item
 * @param {Filter} filter
 */
const isWithinRanges = ({ face }, { confidence, score }) =>
  isWithin(face?.expression?.confidence, confidence) && isWithin(face?.score, score);

/**
 * @param {Item} item
 * @param {Filter} filter
 */
export const matches = (item, filter) =>
  (filter.groups.size ? filter.groups.has(item.group) : item.group !== REJECTED) && isWithinRanges(item, filter);

/**
 * The items that match a filter, in an order. Items without a confidence come last, and equal ones by name.
 * @param {StoredDocument[]} documents in the order of their names
 * @param {Filter} filter
 * @param {Order} order
 */
export function select(documents, filter, order) {
  const items = documents.flatMap((document) => itemsOf(document).filter((item) => matches(item, filter)));
  if (order === "name") return items;
  const sign = order === "least" ? 1 : -1;
  const rank = (/** @type {Item} */ { face }) => (face?.expression ? sign * face.expression.confidence : 2);
  return items.sort((one, other) => rank(one) - rank(other));
}

/**
 * Counts the items of each group within the ranges, whichever groups the filter has.
 * @param {StoredDocument[]} documents
 * @param {Filter} filter
 * @returns {Map<string, number>} also has the labels of no face. The other groups follow if there is an item of them.
 */
export function countGroups(documents, filter) {
  const items = documents.flatMap(itemsOf);
  const present = new Set(items.map(({ group }) => group));
  const groups = [
    ...labelsOf(documents),
    ...[TOO_SMALL, NO_FACE, REJECTED].filter((group) => present.has(group) || filter.groups.has(group)),
  ];
  const counts = new Map(groups.map((group) => [group, 0]));
  for (const item of items) {
    if (isWithinRanges(item, filter)) counts.set(item.group, (counts.get(item.group) ?? 0) + 1);
  }
  return counts;
}
