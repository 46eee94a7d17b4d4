/** The fields of a result document, as rows of a description list. */

import { element } from "../common/dom.js";

/** @import { ResultDocument, StoredImage } from "../api/api.js" */
/** @import { Face } from "../faces/faces.js" */

/** @typedef {Record<string, string | null | undefined>} Fields */

/**
 * The fields that a result has.
 * @param {ResultDocument | null} document
 * @param {Face} [face] the one whose own fields are shown
 */
export function fieldRows(document, face) {
  if (!document) return [];
  /** @type {Partial<StoredImage>} */
  const image = document.status === "failed" ? {} : document.image;
  const model = "model" in document ? document.model : null;
  /** @type {Fields} */
  const fields = {
    ...faceFields(face),
    reason: "reason" in document ? document.reason : null,
    size: image.width && image.height ? `${image.width} × ${image.height} pixels` : null,
    bucket: image.bucket,
    key: image.key,
    version: image.version_id,
    ETag: image.etag,
    sequencer: image.sequencer,
    endpoint: model?.endpoint,
    variant: model?.variant,
    "model version": model?.version,
    preprocessing: model?.preprocessing,
    detector: model?.detector,
  };
  return Object.entries(fields)
    .filter(([, value]) => value)
    .map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value ?? "")));
}

/**
 * @param {Face} [face]
 * @returns {Fields}
 */
function faceFields(face) {
  if (!face) return {};
  const { box } = face;
  const place = box && `${box[2] - box[0]} × ${box[3] - box[1]} pixels at ${box[0]}, ${box[1]}`;
  return { face: place ?? "labelled whole: the central square" };
}
