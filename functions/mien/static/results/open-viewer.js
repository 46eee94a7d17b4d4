/** Opens the viewer with the photos of the results. */

import { getResult } from "../api/api.js";
import { Problem } from "../api/http.js";
import { announce } from "../common/announcer.js";
import { facesOf } from "../faces/faces.js";
import { openViewer } from "../viewer/image-viewer.js";
import { viewerEntry } from "./result-card.js";

/** @import { StoredDocument } from "../api/api.js" */
/** @import { ResultStore } from "./result-store.js" */

/** @typedef {(photo: StoredDocument, face: number) => void} OnFace face: its number; 0 if the photo has none */

/**
 * @param {StoredDocument} photo
 * @param {number} face number of the face that is chosen first; 0: the first one with a label
 * @param {StoredDocument[]} photos through which a person can step
 * @param {{onMove: OnFace, onClose: OnFace}} callbacks
 */
export function openPhoto(photo, face, photos, { onMove, onClose }) {
  const all = photos.includes(photo) ? photos : [photo];
  /** @param {OnFace} callback */
  const withPhoto = (callback) => (/** @type {number} */ position, /** @type {number} */ index) => {
    const shown = all[position];
    if (shown) callback(shown, facesOf(shown)[index]?.number ?? 0);
  };
  const options = { onMove: withPhoto(onMove), onClose: withPhoto(onClose) };
  const chosen = facesOf(photo)[face - 1] ? { ...options, face: face - 1 } : options;
  openViewer(all.map(viewerEntry), all.indexOf(photo), chosen);
}

/**
 * The photo that an address names.
 * @param {string} name
 * @param {ResultStore} store
 * @returns {Promise<StoredDocument | null>} null if it has no result
 */
export async function findPhoto(name, store) {
  try {
    const found = store.get(name) ?? (await getResult(name));
    // Meanwhile, the store can have got the photo. A person steps through the objects of the store.
    return store.get(name) ?? found;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    announce(`${name} can’t be shown. ${problem.detail}`);
    return null;
  }
}
