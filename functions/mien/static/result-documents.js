/** Filters, sorts, counts and exports result documents. */

/** @import { StoredClassified, StoredDocument } from "./api.js" */

/** @typedef {{labels: Set<string>, from: number, to: number}} Filter labels: empty for all; from, to: percent, inclusive */
/** @typedef {"least" | "most" | "name"} Order least and most: certain first */

/**
 * The image's key, relative to the inbox.
 * @param {StoredDocument} document
 */
export const imageName = (document) => document.image.key.slice(document.image.key.indexOf("/") + 1);

/**
 * Percent without the error of binary fractions: 0.29 gives 29 instead of 28.999999999999996.
 * @param {number} fraction
 */
const toPercent = (fraction) => Number((100 * fraction).toFixed(6));

/**
 * Documents whose confidence is within the filter's range, both ends included.
 * @param {StoredClassified[]} documents
 * @param {Filter} filter
 */
export function withConfidence(documents, { from, to }) {
  return documents.filter(({ confidence }) => toPercent(confidence) >= from && toPercent(confidence) <= to);
}

/**
 * Documents with one of the filter's labels, or all documents if the filter has no labels.
 * @param {StoredClassified[]} documents
 * @param {Filter} filter
 */
export function withLabel(documents, { labels }) {
  return labels.size ? documents.filter(({ label }) => labels.has(label)) : documents;
}

/**
 * Counts documents per label. Labels that no document has are counted as 0.
 * @param {StoredClassified[]} documents
 * @param {StoredClassified[]} all documents whose probabilities name the labels
 * @returns {Map<string, number>} in alphabetical order of labels
 */
export function countLabels(documents, all) {
  const labels = new Set(all.flatMap((document) => Object.keys(document.probabilities)));
  const counts = new Map([...labels].sort().map((label) => [label, 0]));
  for (const { label } of documents) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** @type {Record<Order, (a: StoredClassified, b: StoredClassified) => number>} */
const COMPARE = {
  least: (a, b) => a.confidence - b.confidence,
  most: (a, b) => b.confidence - a.confidence,
  // The API lists documents by name, and sorting keeps this order.
  name: () => 0,
};

/**
 * @param {StoredClassified[]} documents
 * @param {Order} order documents with the same confidence stay sorted by name
 */
export const sorted = (documents, order) => [...documents].sort(COMPARE[order]);

/**
 * CSV (RFC 4180) with the columns image, label, confidence, and one column per label with its probability.
 * @param {StoredClassified[]} documents
 */
export function toCsv(documents) {
  const labels = [...countLabels([], documents).keys()];
  const rows = documents.map((document) => [
    imageName(document),
    document.label,
    document.confidence,
    ...labels.map((label) => document.probabilities[label] ?? ""),
  ]);
  const table = [["image", "label", "confidence", ...labels], ...rows];
  return table.map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
}

/** @param {string | number} value */
function csvField(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * JSON Lines: one document per line, as it is stored in S3.
 * @param {StoredDocument[]} documents
 */
export function toJsonLines(documents) {
  // The API adds the image's temporary URL, which is not part of the stored document.
  const stored = documents.map(({ image: { url, ...image }, ...rest }) => ({ ...rest, image }));
  return stored.map((document) => `${JSON.stringify(document)}\n`).join("");
}
