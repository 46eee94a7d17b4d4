/** Cards of result documents. */

import { element } from "../common/dom.js";
import { imageCard, placeholder } from "../faces/image-card.js";
import { PictureFrame } from "../faces/picture-frame.js";
import { imageName, storedPhoto } from "../faces/stored-photo.js";

/** @import { StoredDocument } from "../api/api.js" */
/** @import { Entry } from "../viewer/image-viewer.js" */
/** @import { Outcome } from "../faces/outcome.js" */

/**
 * The card of a photo.
 * @param {StoredDocument} document
 * @param {() => void} onOpen called when the user opens the image
 */
export function resultCard(document, onOpen) {
  const card = imageCard({ name: imageName(document), frame: frame(document), onOpen });
  card.show(outcomeOf(document));
  return card.node;
}

/**
 * @param {StoredDocument} document
 * @returns {Outcome}
 */
function outcomeOf(document) {
  const isRejected = document.status === "rejected";
  return { document, state: isRejected ? "Rejected" : "", reason: isRejected ? document.detail : "" };
}

/**
 * The document as the viewer shows it.
 * @param {StoredDocument} document
 * @returns {Entry}
 */
export function viewerEntry(document) {
  const openPicture = () => ({ url: document.image.url ?? "", close: () => {} });
  return { name: imageName(document), outcome: outcomeOf(document), openPicture };
}

/**
 * The stored image, or a placeholder if it was deleted or overwritten and so has no URL. A URL expires after some
 * minutes; if it fails, a new one is requested once.
 * @param {StoredDocument} document
 */
function frame(document) {
  const photo = storedPhoto(document);
  const image = element("img", { loading: "lazy", alt: "" });
  const shown = new PictureFrame(image);
  image.addEventListener("load", () => shown.fit({ width: image.naturalWidth, height: image.naturalHeight }));
  const showPlaceholder = () => shown.replace(placeholder(photo.name));
  const renewUrl = async () => {
    image.addEventListener("error", showPlaceholder, { once: true });
    const url = await photo.renewUrl?.().catch(() => "");
    if (url) image.src = url;
    else showPlaceholder();
  };
  image.addEventListener("error", renewUrl, { once: true });
  if (photo.url) image.src = photo.url;
  else showPlaceholder();
  return shown;
}
