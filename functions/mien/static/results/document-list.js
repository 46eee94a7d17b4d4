/** Documents in the natural order of their images' names, each image once. */

import { imageName } from "../faces/stored-photo.js";

/** @import { StoredDocument } from "../api/api.js" */

// Numbers in names count as numbers: IMG_2 comes before IMG_10.
const collator = new Intl.Collator("en", { numeric: true });

/**
 * @param {string} one
 * @param {string} other
 */
const compareNames = (one, other) => collator.compare(one, other) || (one < other ? -1 : one > other ? 1 : 0);

export class DocumentList {
  /** @type {Map<string, StoredDocument>} */
  #byName = new Map();
  /** @type {StoredDocument[]} */
  sorted = [];

  /** @param {string} name */
  get(name) {
    return this.#byName.get(name);
  }

  /**
   * Adds documents. A newer document about the same image replaces an older one; the same document only brings a new
   * address of its image, so that what the page shows of it stays.
   * @param {StoredDocument[]} documents
   */
  add(documents) {
    /** @type {Map<string, StoredDocument>} */
    const fresh = new Map();
    const replaced = new Set();
    for (const document of documents) {
      const name = imageName(document);
      const known = this.#byName.get(name);
      if (known && isSame(known, document)) setUrl(known, document.image.url);
      else if (!known || isNewer(document, known)) {
        if (known) replaced.add(known);
        this.#byName.set(name, document);
        fresh.set(name, document);
      }
    }
    if (!fresh.size) return;
    const kept = replaced.size ? this.sorted.filter((document) => !replaced.has(document)) : this.sorted;
    const added = [...fresh.values()].sort((one, other) => compareNames(imageName(one), imageName(other)));
    this.sorted = merge(kept, added);
  }

  /**
   * A list of these documents, with the objects of this list where they are the same.
   * @param {StoredDocument[]} documents
   */
  known(documents) {
    return documents.map((document) => {
      const known = this.#byName.get(imageName(document));
      if (!known || !isSame(known, document)) return document;
      setUrl(known, document.image.url);
      return known;
    });
  }
}

/**
 * @param {StoredDocument} document
 * @param {string | undefined} url
 */
function setUrl({ image }, url) {
  if (url) image.url = url;
  else delete image.url;
}

/** @param {StoredDocument} document */
const modelVersion = (document) => ("model" in document ? document.model.version : "");

/**
 * @param {StoredDocument} one
 * @param {StoredDocument} other
 */
const isSame = (one, other) =>
  one.status === other.status &&
  one.written === other.written &&
  one.image.etag === other.image.etag &&
  one.image.sequencer === other.image.sequencer &&
  modelVersion(one) === modelVersion(other);

/**
 * @param {StoredDocument} one
 * @param {StoredDocument} other
 */
const isNewer = (one, other) => !one.written || !other.written || one.written >= other.written;

/**
 * Merges two sorted lists.
 * @param {StoredDocument[]} kept
 * @param {StoredDocument[]} added
 */
function merge(kept, added) {
  /** @type {StoredDocument[]} */
  const merged = [];
  let at = 0;
  for (const document of added) {
    const name = imageName(document);
    for (let one = kept[at]; one && compareNames(imageName(one), name) <= 0; one = kept[++at]) merged.push(one);
    merged.push(document);
  }
  return merged.concat(kept.slice(at));
}
