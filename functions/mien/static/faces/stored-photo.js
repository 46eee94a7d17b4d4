/** Photos whose faces are shown: where their pixels come from. */

import { getResult } from "../api/api.js";
import { imageSize } from "./faces.js";

/** @import { ResultDocument, StoredDocument } from "../api/api.js" */
/** @import { Size } from "../common/geometry.js" */

/**
 * @typedef {object} Photo use the same object for all faces of a photo, so that it is loaded once for all of them
 * @property {string} name
 * @property {string} url "" if the photo is gone; it can change
 * @property {Partial<Size>} size of the upright photo, in whose pixels its faces are
 * @property {() => Promise<string>} [renewUrl] a new address where the first one has expired; "" if the photo is gone
 */

/** @type {WeakMap<StoredDocument, Photo>} */
const photos = new WeakMap();

/**
 * The image's key, relative to the inbox.
 * @param {StoredDocument} document
 */
export const imageName = (document) => document.image.key.slice(document.image.key.indexOf("/") + 1);

/**
 * Whether a document is about an image in the inbox.
 * @param {ResultDocument} document
 * @returns {document is StoredDocument}
 */
export const isStored = (document) => "image" in document && document.image.key !== undefined;

/**
 * The photo of a document.
 * @param {StoredDocument} document
 * @returns {Photo} the same object at each call
 */
export function storedPhoto(document) {
  const known = photos.get(document);
  if (known) return known;
  const name = imageName(document);
  /** @type {Photo} */
  const photo = {
    name,
    // A list that is loaded again brings a new address for the same document.
    get url() {
      return document.image.url ?? "";
    },
    size: imageSize(document),
    async renewUrl() {
      const { url = "" } = (await getResult(name)).image;
      if (url) document.image.url = url;
      else delete document.image.url;
      return url;
    },
  };
  photos.set(document, photo);
  return photo;
}
