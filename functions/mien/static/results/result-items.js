/** What the results consist of: the faces of all photos, and the photos without one. */

import { facesOf } from "../faces/faces.js";

/** @import { StoredDocument } from "../api/api.js" */
/** @import { Face } from "../faces/faces.js" */

/** Groups beside the labels: faces that are too small to be labelled, photos without a face, and rejected images. */
export const TOO_SMALL = "too_small";
export const NO_FACE = "no_face";
export const REJECTED = "rejected";

/** @typedef {{document: StoredDocument, face: Face | null, group: string}} Item group: its label, or one of the above */

/** @type {WeakMap<StoredDocument, Item[]>} */
const cache = new WeakMap();

/**
 * The faces of a document, or one item without a face.
 * @param {StoredDocument} document
 * @returns {Item[]} the same objects at each call
 */
export function itemsOf(document) {
  const known = cache.get(document);
  if (known) return known;
  const items = makeItems(document);
  cache.set(document, items);
  return items;
}

/**
 * @param {StoredDocument} document
 * @returns {Item[]}
 */
function makeItems(document) {
  if (document.status === "rejected") return [{ document, face: null, group: REJECTED }];
  const faces = facesOf(document);
  if (!faces.length) return [{ document, face: null, group: NO_FACE }];
  return faces.map((face) => ({ document, face, group: face.expression?.label ?? TOO_SMALL }));
}

/**
 * The labels that the documents' faces can have, in alphabetical order.
 * @param {StoredDocument[]} documents
 */
export function labelsOf(documents) {
  const labels = new Set(
    documents.flatMap((one) => (one.status === "classified" ? Object.keys(one.probabilities) : [])),
  );
  return [...labels].sort();
}

/**
 * The photos of items.
 * @param {Item[]} items
 * @returns {StoredDocument[]} each photo once, where its first item is
 */
export const photosOf = (items) => [...new Set(items.map(({ document }) => document))];

/** @param {Item[]} items */
export const countFaces = (items) => items.reduce((sum, { face }) => sum + (face ? 1 : 0), 0);
