/** Result documents as files: CSV and JSON Lines. */

import { countFound } from "../faces/faces.js";
import { imageName } from "../faces/stored-photo.js";
import { labelsOf, matchingFaces } from "./result-documents.js";

/** @import { StoredDocument, StoredResult } from "../api/api.js" */
/** @import { Filter } from "./result-documents.js" */

/** @typedef {(string | number)[]} Row */

/**
 * CSV (RFC 4180) with a row for each face that matches the filter, and a row for each image without a face.
 * docs/api.md describes the columns.
 * @param {StoredResult[]} documents that match the filter
 * @param {Filter} filter
 */
export function toCsv(documents, filter) {
  const labels = labelsOf(documents);
  const header = ["image", "label", "confidence", ...labels, "status", "faces", "face", "score"];
  const rows = documents.flatMap((document) => documentRows(document, labels, filter));
  const table = [[...header, "left", "top", "right", "bottom"], ...rows];
  return table.map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
}

/**
 * @param {StoredResult} document
 * @param {string[]} labels
 * @param {Filter} filter
 * @returns {Row[]}
 */
function documentRows(document, labels, filter) {
  const name = imageName(document);
  const image = [document.status, countFound(document)];
  if (document.status === "no_face") return [[name, "", "", ...labels.map(() => ""), ...image, "", "", "", "", "", ""]];
  return matchingFaces(document, filter).map(({ number, box, score, expression }) => [
    name,
    expression?.label ?? "",
    expression?.confidence ?? "",
    ...labels.map((label) => expression?.probabilities[label] ?? ""),
    ...image,
    number,
    score ?? "",
    ...(box ?? ["", "", "", ""]),
  ]);
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
  // The API adds the document's time and the image's temporary URL, which are not part of the stored document.
  const stored = documents.map(({ written, image: { url, ...image }, ...rest }) => ({ ...rest, image }));
  return stored.map((document) => `${JSON.stringify(document)}\n`).join("");
}
