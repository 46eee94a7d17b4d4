/** A batch: the images that a user added together, and what has become of each. */

import { isAbort, Problem } from "../api/http.js";
import { waitForKey } from "./batch-requests.js";
import { classifyDirectly } from "./classify-directly.js";
import { classifyViaInbox } from "./classify-via-inbox.js";
import { checkImages } from "./image-checks.js";
import { imageType } from "./image-files.js";

/** @import { ResultDocument } from "../api/api.js" */
/** @import { NamedFile } from "./image-files.js" */
/** @import { ImageState } from "./image-states.js" */
/** @import { SmallCopy } from "./small-copy.js" */

/**
 * @typedef {object} BatchImage
 * @property {string} name path within what was added
 * @property {File} file
 * @property {string | null} type content type; null if Mien does not accept the file
 * @property {ImageState} state
 * @property {ResultDocument | null} document the API's result
 * @property {string} detail a sentence that explains why there is no label, or ""
 * @property {string} [reason] error code, if the API or the bucket told one
 * @property {number} sentFraction of its bytes that were sent, from 0 to 1
 * @property {boolean} [needsCopy] too large for the API, so a smaller copy is sent
 * @property {SmallCopy | null} [copy] what is sent instead of the file
 * @property {Route} [wayOut] the route that accepts an unsuitable image
 */

/** @typedef {"inbox" | "direct"} Route inbox: images and results are stored; direct: nothing is stored */

/** Minimum time between two "changed" events, in milliseconds. */
const CHANGED_INTERVAL_MS = 100;

/** @type {Set<Batch>} */
const running = new Set();

/** Whether images of any batch are not sent yet. */
export const isSending = () => [...running].some((batch) => batch.inState("waiting", "sending").length > 0);

/**
 * Dispatches two events:
 * "changed": a CustomEvent whose detail is a Set of the images that changed.
 * "finished": nothing is sent or looked for any more. It comes again after each `start` or `retry`.
 */
export class Batch extends EventTarget {
  /** A sentence about the whole batch, such as a problem with the network; or "". */
  notice = "";
  isFinished = false;
  /** Aborts sending. */
  sending = new AbortController();
  /** Aborts looking for results. */
  polling = new AbortController();
  /** @type {Set<BatchImage>} */
  #changed = new Set();
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;

  /**
   * @param {NamedFile[]} files with unique names, in the order of their documents' keys
   * @param {Route} route
   * @param {string} [prefix] folder of the inbox that keeps the images; without it, a new one
   */
  constructor(files, route, prefix = newPrefix()) {
    super();
    this.route = route;
    /** Folder of the inbox that keeps the images; "" if nothing is stored. */
    this.prefix = route === "inbox" ? prefix : "";
    /** @type {BatchImage[]} */
    this.images = files.map(({ name, file }) => {
      return { name, file, type: imageType(file), state: "waiting", document: null, detail: "", sentFraction: 0 };
    });
  }

  /**
   * The images that are in one of these states.
   * @param {...ImageState} states
   */
  inState(...states) {
    return this.images.filter((image) => states.includes(image.state));
  }

  /**
   * @param {BatchImage} image
   * @param {ImageState} state
   * @param {Partial<BatchImage>} [more] other properties that change
   */
  set(image, state, more = {}) {
    Object.assign(image, { state, ...more });
    this.#changed.add(image);
    this.#scheduleChanged();
  }

  /**
   * Sets an image's state to that of its result.
   * @param {BatchImage} image
   * @param {ResultDocument} document
   */
  setResult(image, document) {
    const { detail, reason } = "detail" in document ? document : { detail: "", reason: "" };
    this.set(image, document.status, { document, detail, reason });
  }

  /** @param {string} notice */
  setNotice(notice) {
    if (notice === this.notice) return;
    this.notice = notice;
    this.#scheduleChanged();
  }

  #scheduleChanged() {
    this.#timer ??= setTimeout(() => this.#dispatchChanged(), CHANGED_INTERVAL_MS);
  }

  #dispatchChanged() {
    const detail = this.#changed;
    this.#timer = null;
    this.#changed = new Set();
    this.dispatchEvent(new CustomEvent("changed", { detail }));
  }

  /** Sends all waiting images. Resolves once each has a result or a failure, or the user has stopped the batch. */
  async start() {
    this.isFinished = false;
    running.add(this);
    this.sending = new AbortController();
    this.polling = new AbortController();
    this.setNotice("");
    try {
      await checkImages(this);
      await waitForKey(this, this.sending.signal);
      await (this.route === "inbox" ? classifyViaInbox(this) : classifyDirectly(this));
    } catch (error) {
      if (error instanceof Problem) this.setNotice(error.detail);
      else if (!isAbort(error)) throw error;
    } finally {
      this.#finish();
    }
  }

  #finish() {
    for (const image of this.inState("waiting", "sending")) this.set(image, "not_sent");
    for (const image of this.inState("uploaded")) this.set(image, "unwatched");
    this.isFinished = true;
    running.delete(this);
    this.#dispatchChanged();
    this.dispatchEvent(new Event("finished"));
  }

  /** Stops sending. Uploads that have started are finished. */
  cancel() {
    this.sending.abort();
    for (const image of this.inState("waiting")) this.set(image, "not_sent");
  }

  /** Stops sending and looking for results. */
  stopWaiting() {
    this.cancel();
    this.polling.abort();
  }

  /** Starts again with the images that failed, were not sent, or were not watched to their result. */
  retry() {
    for (const image of this.inState("failed", "not_sent")) this.set(image, "waiting", { detail: "", sentFraction: 0 });
    for (const image of this.inState("unwatched")) this.set(image, "uploaded");
    return this.start();
  }
}

/** A new folder name, which sorts by time. The random part keeps two tabs apart that start in the same second. */
function newPrefix() {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const random = crypto.getRandomValues(new Uint8Array(2));
  const suffix = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `page/${time}Z-${suffix}/`;
}
