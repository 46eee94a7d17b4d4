/** A dialog with one large image and all fields of its result. Arrow keys go to the next and the previous image. */

import { byId, element } from "./dom.js";
import { number, percent } from "./format.js";
import { outcomeDetails, outcomeTitle, placeholder } from "./image-card.js";

/** @import { Classified, Failed, Rejected } from "./api.js" */
/** @import { Outcome } from "./image-card.js" */

/**
 * @typedef {object} Entry an image in the viewer
 * @property {string} name
 * @property {Outcome} outcome
 * @property {Classified | Rejected | Failed | null} document the API's result
 * @property {() => {url: string, close: () => void}} openPicture returns the picture's address, and a function that the
 *   viewer calls when it does not show the picture any more
 */

/** @type {Entry[]} */
let entries = [];
let position = 0;
let closePicture = () => {};

export function startImageViewer() {
  const dialog = byId("viewer", HTMLDialogElement);
  byId("viewer-previous").addEventListener("click", () => show(position - 1));
  byId("viewer-next").addEventListener("click", () => show(position + 1));
  byId("viewer-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => closePicture());
  dialog.addEventListener("click", (event) => {
    // The dialog itself is the target of a click beside its content.
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowLeft") show(position - 1);
    if (key === "ArrowRight") show(position + 1);
  });
}

/**
 * @param {Entry[]} images
 * @param {number} first position of the image that is shown first
 */
export function openViewer(images, first) {
  entries = images;
  byId("viewer", HTMLDialogElement).showModal();
  show(first);
}

/** @param {number} next position; nothing happens if there is no image */
function show(next) {
  const entry = entries[next];
  if (!entry) return;
  position = next;
  closePicture();
  const { url, close } = entry.openPicture();
  closePicture = close;
  byId("viewer-name").textContent = entry.name;
  byId("viewer-position").textContent = `${number(position + 1)} of ${number(entries.length)}`;
  // A button that is really disabled would lose the focus.
  byId("viewer-previous").ariaDisabled = String(position === 0);
  byId("viewer-next").ariaDisabled = String(position === entries.length - 1);
  byId("viewer-picture").replaceChildren(picture(url, entry.name));
  byId("viewer-outcome").replaceChildren(...outcomeTitle(entry.outcome));
  byId("viewer-bars").replaceChildren(...outcomeDetails(entry.outcome, 1));
  byId("viewer-fields").replaceChildren(...fieldRows(entry.document));
}

/**
 * @param {string} url
 * @param {string} name
 */
function picture(url, name) {
  const image = element("img", { src: url, alt: `Image ${name}` });
  image.addEventListener("error", () => image.replaceWith(placeholder(name)));
  return image;
}

/**
 * The fields that a result has, as rows of a description list.
 * @param {Entry["document"]} document
 */
function fieldRows(document) {
  if (!document) return [];
  const classified = document.status === "classified" ? document : null;
  const image = document.status === "failed" ? {} : document.image;
  /** @type {Record<string, string | null | undefined>} */
  const fields = {
    confidence: classified && percent(classified.confidence, 2),
    reason: document.status === "classified" ? null : document.reason,
    size: image.width ? `${image.width} × ${image.height} pixels` : null,
    bucket: image.bucket,
    key: image.key,
    version: image.version_id,
    ETag: image.etag,
    sequencer: image.sequencer,
    endpoint: classified?.model.endpoint,
    variant: classified?.model.variant,
    "model version": classified?.model.version,
    preprocessing: classified?.model.preprocessing,
  };
  return Object.entries(fields)
    .filter(([, value]) => value)
    .map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value ?? "")));
}
