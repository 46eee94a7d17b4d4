/** A batch on the page: its progress, its buttons, and a card for each image. A single image gets a large layout. */

import { modelHealth } from "../api/model-health.js";
import { resultFormat } from "../api/result-format.js";
import { announce } from "../common/announcer.js";
import { element } from "../common/dom.js";
import { megabytesOf, number } from "../common/format.js";
import { BatchCards } from "./batch-cards.js";
import { progressOf, resultOf, titleOf } from "./batch-words.js";
import { bytesOf } from "./image-outcome.js";
import { DONE } from "./image-states.js";
import { progressBar } from "./progress-bar.js";
import { SingleImage } from "./single-image.js";

/** @import { Batch, BatchImage, Route } from "./batch.js" */
/** @import { ImageState } from "./image-states.js" */
/** @import { NamedFile } from "./image-files.js" */

const MODEL_DOWN =
  "The model is unavailable. The images are safe in the inbox and will be classified once it is available again.";
const MODEL_WAKING =
  "The model is waking up, which can take a minute. The images are safe in the inbox, and their labels appear here by themselves.";

/**
 * @typedef {object} BatchCallbacks
 * @property {(prefix: string) => void} onShowResults called when the user wants to see the results of the batch's folder
 * @property {(files: NamedFile[], route: Route) => void} onReroute called with files that this route does not accept
 * @property {() => void} onRemove called after the view was removed from the page
 */

export class BatchView {
  #onHealthChanged = () => this.#showProgress();

  /**
   * @param {Batch} batch
   * @param {BatchCallbacks} callbacks
   */
  constructor(batch, callbacks) {
    this.batch = batch;
    this.callbacks = callbacks;
    this.sent = progressBar("Sent");
    this.done = progressBar("Done");
    this.progressText = element("p");
    this.notice = element("p", { className: "notice", hidden: true });
    this.cancel = button("Cancel", () => batch.cancel());
    this.stopWaiting = button("Stop waiting", () => batch.stopWaiting());
    this.retry = button("Try again", () => batch.retry());
    this.reroute = button("", () => this.#reroute());
    this.showResults = button("Show in the results", () => callbacks.onShowResults(batch.prefix));
    this.remove = button("Remove from this page", () => this.#remove());
    const [first, ...others] = batch.images;
    this.isSingle = first !== undefined && !others.length;
    this.cards = first && !others.length ? new SingleImage(first) : new BatchCards(batch.images);
    const buttons = [this.cancel, this.stopWaiting, this.retry, this.reroute, this.showResults, this.remove];
    // The heading gets the focus when the batch appears. It is not a control, so Tab does not stop there.
    this.heading = element("h3", { tabIndex: -1 }, titleOf(batch));
    this.node = element("article", { className: "batch" });
    const progress = [this.sent.node, this.done.node, this.progressText];
    for (const node of progress) node.hidden = this.isSingle;
    const controls = [this.notice, element("p", { className: "buttons" }, ...buttons)];
    const parts = this.isSingle ? [...this.cards.nodes, ...controls] : [...progress, ...controls, ...this.cards.nodes];
    this.node.append(this.heading, ...parts);
    this.#listen();
    this.#showProgress();
  }

  /** Scrolls to the batch, which may be below what the user sees. */
  reveal() {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.heading.focus({ preventScroll: true });
    this.node.scrollIntoView({ behavior: isCalm ? "auto" : "smooth", block: "start" });
  }

  #listen() {
    modelHealth.addEventListener("changed", this.#onHealthChanged);
    this.batch.addEventListener("changed", (event) => {
      const { detail } = /** @type {CustomEvent<Set<BatchImage>>} */ (event);
      this.cards.update(detail);
      this.#showProgress();
    });
    this.batch.addEventListener("finished", () => {
      this.#showProgress();
      announce(resultOf(this.batch));
    });
  }

  #showProgress() {
    const { batch } = this;
    /** @param {...ImageState} states */
    const count = (...states) => batch.inState(...states).length;
    const total = batch.images.length;
    this.#showSent();
    this.done.set(count(...DONE), total, `${number(count(...DONE))} of ${number(total)}`);
    this.progressText.textContent = progressOf(batch);
    this.node.ariaBusy = String(!batch.isFinished);
    this.#showNotice();
    this.cancel.hidden = batch.isFinished || !count("waiting", "sending");
    this.stopWaiting.hidden = batch.isFinished || !this.cancel.hidden;
    const { hasLines } = resultFormat;
    this.retry.hidden =
      !batch.isFinished || !count("failed", "not_sent", ...(hasLines ? [] : /** @type {const} */ (["unwatched"])));
    this.showResults.hidden = !batch.isFinished || !batch.prefix || hasLines;
    this.remove.hidden = !batch.isFinished;
    this.#showReroute();
    if (!batch.isFinished && !this.isSingle) announce(this.progressText.textContent);
  }

  #showSent() {
    const { images } = this.batch;
    let [sent, total] = [0, 0];
    for (const image of images) {
      const bytes = bytesOf(image);
      sent += bytes.sent;
      total += bytes.total;
    }
    this.sent.set(sent, total, megabytesOf(sent, total));
  }

  #showReroute() {
    const { length } = this.#others();
    const those = length === 1 ? "it" : number(length);
    const isPossible = this.batch.route === "inbox" || !resultFormat.hasLines;
    this.reroute.hidden = !this.batch.isFinished || !length || !isPossible;
    this.reroute.textContent =
      this.batch.route === "inbox"
        ? `Label ${length === 1 ? "a smaller copy" : `smaller copies of ${those}`}, without storing`
        : `Send ${those} to the inbox, where ${length === 1 ? "it is" : "they are"} stored`;
  }

  /** The images that only the other route accepts. */
  #others() {
    return this.batch.images.filter(({ state, wayOut }) => state === "unsuitable" && wayOut);
  }

  #showNotice() {
    const isWaiting = !this.batch.isFinished && this.batch.inState("uploaded").length > 0;
    const { state } = modelHealth;
    const reason = state === "down" ? MODEL_DOWN : state === "waking" ? MODEL_WAKING : "";
    const text = this.batch.notice || (isWaiting ? reason : "");
    const previous = this.notice.textContent;
    this.notice.hidden = !text;
    if (previous === text) return;
    // A countdown changes each second, and is announced only once.
    if (text && withoutSeconds(text) !== withoutSeconds(previous)) announce(text);
    this.notice.textContent = text;
  }

  #reroute() {
    const others = this.#others();
    const route = this.batch.route === "inbox" ? "direct" : "inbox";
    for (const image of others) {
      delete image.wayOut;
      const detail = route === "inbox" ? "It was sent to the inbox instead." : "A smaller copy was labelled instead.";
      this.batch.set(image, image.state, { detail });
    }
    this.callbacks.onReroute(
      others.map(({ name, file }) => ({ name, file })),
      route,
    );
  }

  #remove() {
    modelHealth.removeEventListener("changed", this.#onHealthChanged);
    this.node.remove();
    this.callbacks.onRemove();
  }
}

/**
 * A button that is hidden at first.
 * @param {string} text
 * @param {() => void} onclick
 */
const button = (text, onclick) => element("button", { type: "button", hidden: true, onclick }, text);

/** @param {string} text */
const withoutSeconds = (text) => text.replace(/\d+ s/, "");
