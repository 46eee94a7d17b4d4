/** Cards of result documents. */

import { getResult } from "../api/api.js";
import { element } from "../common/dom.js";
import { imageCard, placeholder } from "../faces/image-card.js";
import { PictureFrame } from "../faces/picture-frame.js";
import { imageName } from "../faces/stored-photo.js";

/** @import { StoredDocument } from "../api/api.js" */
/** @import { ImageCard } from "../faces/image-card.js" */
/** @import { Entry } from "../viewer/image-viewer.js" */
/** @import { Outcome } from "../faces/outcome.js" */

/** @typedef {{card: ImageCard, onOpen: () => void}} CachedCard */

/** @type {WeakMap<StoredDocument, CachedCard>} */
const cache = new WeakMap();

/**
 * The card of a document. It is made only once, so that its picture is loaded only once.
 * @param {StoredDocument} document
 * @param {() => void} onOpen called when the user opens the image; it replaces that of an earlier call
 */
export function resultCard(document, onOpen) {
  const cached = cache.get(document);
  if (cached) {
    cached.onOpen = onOpen;
    return cached.card.node;
  }
  const card = imageCard({
    name: imageName(document),
    frame: frame(document),
    onOpen: () => cache.get(document)?.onOpen(),
  });
  card.show(outcomeOf(document));
  cache.set(document, { card, onOpen });
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
  const { url } = document.image;
  const image = element("img", { loading: "lazy", alt: "" });
  const shown = new PictureFrame(image);
  image.addEventListener("load", () => shown.fit({ width: image.naturalWidth, height: image.naturalHeight }));
  const showPlaceholder = () => shown.replace(placeholder(imageName(document)));
  const renewUrl = async () => {
    image.addEventListener("error", showPlaceholder, { once: true });
    try {
      const renewed = await getResult(imageName(document));
      if (!renewed.image.url) return showPlaceholder();
      document.image.url = renewed.image.url;
      image.src = renewed.image.url;
    } catch {
      showPlaceholder();
    }
  };
  image.addEventListener("error", renewUrl, { once: true });
  if (url) image.src = url;
  else showPlaceholder();
  return shown;
}
