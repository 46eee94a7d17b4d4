/** Loads photos to cut faces out of them: a few at a time, each once for all faces that wait for it. */

/** @import { Photo } from "./stored-photo.js" */

/**
 * Called with the photo as soon as it is decoded, and with null if the browser can't show it.
 * @typedef {(image: HTMLImageElement | null) => void} OnPhoto
 */

// Photos that are loaded at the same time. Each is decoded at its full size, which needs memory.
const MAX_LOADS = 4;

/** Those who wait, by photo, in the order in which they asked. @type {Map<Photo, Set<OnPhoto>>} */
const waiting = new Map();
/** @type {Set<Photo>} */
const loading = new Set();

/**
 * Asks for a photo. The page keeps no photo, so a later call loads it again, mostly from the browser's cache.
 * @param {Photo} photo
 * @param {OnPhoto} onPhoto
 */
export function requestPhoto(photo, onPhoto) {
  const others = waiting.get(photo);
  if (others) others.add(onPhoto);
  else waiting.set(photo, new Set([onPhoto]));
  loadNext();
}

/**
 * Takes a request back. A photo that nobody waits for is not loaded.
 * @param {Photo} photo
 * @param {OnPhoto} onPhoto
 */
export function cancelPhoto(photo, onPhoto) {
  const others = waiting.get(photo);
  others?.delete(onPhoto);
  if (!others?.size) waiting.delete(photo);
}

async function loadNext() {
  if (loading.size >= MAX_LOADS) return;
  const photo = [...waiting.keys()].find((one) => !loading.has(one));
  if (!photo) return;
  loading.add(photo);
  const image = await load(photo);
  loading.delete(photo);
  const served = waiting.get(photo) ?? [];
  waiting.delete(photo);
  for (const onPhoto of served) onPhoto(image);
  loadNext();
}

/**
 * Loads a photo. Its address expires after some minutes; if it fails, a new one is requested once.
 * @param {Photo} photo
 */
async function load(photo) {
  if (!photo.url) return null;
  const first = await decode(photo.url);
  if (first || !photo.renewUrl) return first;
  const renewed = await photo.renewUrl().catch(() => "");
  return renewed ? decode(renewed) : null;
}

/**
 * @param {string} url
 * @returns {Promise<HTMLImageElement | null>} null if the browser can't load or decode it
 */
async function decode(url) {
  const image = new Image();
  image.src = url;
  return image.decode().then(
    () => image,
    () => null,
  );
}
