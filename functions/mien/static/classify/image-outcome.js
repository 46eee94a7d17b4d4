/** What the page says about an image of a batch. */

import { resultFormat } from "../api/result-format.js";
import { dimensions, megabytesOf } from "../common/format.js";

/** @import { BatchImage } from "./batch.js" */
/** @import { ImageState } from "./image-states.js" */
/** @import { Outcome } from "../faces/outcome.js" */
/** @import { Entry } from "../viewer/image-viewer.js" */

/** @type {Record<ImageState, string>} */
const STATE_TEXTS = {
  waiting: "Waiting",
  sending: "Sending",
  uploaded: "In the inbox, waiting for its label",
  unwatched: "In the inbox; its label will appear in the results",
  not_sent: "Not sent",
  unsuitable: "Not sent",
  classified: "Classified",
  no_face: "No face found",
  too_small: "Too small to label",
  rejected: "Refused",
  failed: "Failed",
};

// Reasons for which the pixels of a file could not be read.
const NOT_DECODABLE = ["not_an_image", "broken_image", "unsupported_pixels", "transparent"];

/** Whether the file was sent, but its pixels could not be read. @param {BatchImage} image */
export const isUndecodable = ({ state, reason }) => state === "rejected" && NOT_DECODABLE.includes(reason ?? "");

/**
 * @param {BatchImage} image
 * @returns {Outcome}
 */
export function outcomeOf(image) {
  const { state, document, detail, copy } = image;
  const note = copy ? `Sent as a copy of ${dimensions(copy)} pixels.` : "";
  return { document, state: stateText(image), reason: detail, isLost: state === "failed", note };
}

/** @param {BatchImage} image */
function stateText(image) {
  if (isUndecodable(image)) return "Not decodable";
  if (image.state === "unwatched" && resultFormat.hasLines)
    return "In the inbox; its label will be a line in the bucket";
  if (image.state !== "sending") return STATE_TEXTS[image.state];
  const { sent, total } = bytesOf(image);
  return sent === total ? "Sent, waiting for the answer" : `Sending ${megabytesOf(sent, total)}`;
}

/**
 * Bytes of an image: those that are sent already, and all that have to be sent.
 * @param {BatchImage} image
 */
export function bytesOf({ state, file, copy, sentFraction }) {
  const size = copy?.blob.size ?? file.size;
  if (state === "unsuitable" || state === "not_sent") return { sent: 0, total: 0 };
  if (state === "waiting") return { sent: 0, total: size };
  return { sent: state === "sending" ? Math.min(sentFraction, 1) * size : size, total: size };
}

/**
 * The image as the viewer shows it.
 * @param {BatchImage} image
 * @returns {Entry}
 */
export function entryOf(image) {
  const { name, file } = image;
  const openPicture = () => {
    const url = URL.createObjectURL(file);
    return { url, close: () => URL.revokeObjectURL(url) };
  };
  return { name, outcome: outcomeOf(image), openPicture, file };
}
