/** Results as files: CSV and JSON Lines. docs/api.md describes them. */

import { countFound } from "../faces/faces.js";
import { imageName } from "../faces/stored-photo.js";
import { targetOf } from "../review/face-target.js";
import { reviews } from "../review/review-store.js";
import { trueLabel } from "../review/verdicts.js";
import { isFull } from "./result-filter.js";
import { labelsOf, photosOf } from "./result-items.js";

/** @import { StoredDocument } from "../api/api.js" */
/** @import { Face } from "../faces/faces.js" */
/** @import { View } from "./address.js" */
/** @import { Item } from "./result-items.js" */

// Excel reads a file without this mark as one of an old code page.
const BYTE_ORDER_MARK = "\ufeff";
// Spreadsheets run a cell that begins like this as a formula. An apostrophe in front makes it a text.
const FORMULA = /^[=+\-@\t\r]/;
// Characters of a file's name that all systems accept.
const UNSAFE = /[^\p{L}\p{N}._-]+/gu;
const MAX_NAME_LENGTH = 120;

/**
 * CSV (RFC 4180) with a row for each face, and for each photo without a face and each rejected image among the items.
 * @param {Item[]} items
 */
export function toCsv(items) {
  const labels = labelsOf(photosOf(items));
  const header = ["image", "label", "confidence", ...labels, "status", "faces", "face", "score"];
  header.push("left", "top", "right", "bottom", "width", "height", "model", "written", "reason");
  header.push("reviewer", "verdict", "true_label", "note");
  const table = [header, ...items.map((item) => row(item, labels))];
  return BYTE_ORDER_MARK + table.map((cells) => `${cells.map(csvField).join(",")}\r\n`).join("");
}

/**
 * @param {Item} item
 * @param {string[]} labels
 * @returns {(string | number)[]}
 */
function row({ document, face }, labels) {
  const { expression = null, box = null } = face ?? {};
  const { width = "", height = "" } = document.image;
  return [
    imageName(document),
    expression?.label ?? "",
    expression?.confidence ?? "",
    ...labels.map((label) => expression?.probabilities[label] ?? ""),
    document.status,
    document.status === "rejected" ? "" : countFound(document),
    face?.number ?? "",
    face?.score ?? "",
    ...(box ?? ["", "", "", ""]),
    width,
    height,
    "model" in document ? document.model.version : "",
    document.written ?? "",
    reason(document, expression !== null),
    ...reviewCells(document, face),
  ];
}

/**
 * What people said about a face: reviewers, verdicts, true labels and notes. Those of several people are separated by
 * semicolons, in the same order.
 * @param {StoredDocument} document
 * @param {Face | null} face
 */
function reviewCells(document, face) {
  const target = targetOf(document, face ?? undefined);
  const opinions = target ? reviews.opinions(target) : [];
  const columns = opinions.map(({ reviewer, judgement }) => [
    reviewer,
    judgement.verdict,
    trueLabel(judgement, target?.predicted ?? null) ?? "",
    judgement.note ?? "",
  ]);
  return [0, 1, 2, 3].map((index) => columns.map((column) => column[index]).join(";"));
}

/**
 * Why there is no label, or "".
 * @param {StoredDocument} document
 * @param {boolean} hasLabel
 */
function reason(document, hasLabel) {
  if (document.status === "rejected") return document.reason;
  return hasLabel || document.status === "no_face" ? "" : "too_small";
}

/** @param {string | number} value */
function csvField(value) {
  const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * JSON Lines: one document per line, as it is stored in S3.
 * @param {StoredDocument[]} documents
 */
export function toJsonLines(documents) {
  // The API adds the image's temporary URL and the time, which are not part of the stored document.
  const stored = documents.map(({ image: { url, ...image }, written, ...rest }) => ({ ...rest, image }));
  return stored.map((document) => `${JSON.stringify(document)}\n`).join("");
}

/**
 * A file's name that says which results are in it, such as "results_team_happy_confidence-20-80.csv".
 * @param {View} view
 * @param {string} extension
 */
export function fileName({ folder, filter }, extension) {
  const ranges = /** @type {const} */ (["confidence", "score"])
    .filter((name) => !isFull(filter[name]))
    .map((name) => `${name}-${filter[name].from}-${filter[name].to}`);
  const parts = ["results", folder.replace(/\/+$/, ""), ...filter.groups, ...ranges];
  const safe = parts.map((one) => one.replace(UNSAFE, "-")).filter(Boolean);
  return `${safe.join("_").slice(0, MAX_NAME_LENGTH)}.${extension}`;
}
