/** A batch on the page: its progress, its buttons, and a card for each image. */

import { modelHealth } from "../api/model-health.js";
import { announce } from "../common/announcer.js";
import { element } from "../common/dom.js";
import { counted, number } from "../common/format.js";
import { BatchCards } from "./batch-cards.js";
import { DONE } from "./image-states.js";

/** @import { Batch, BatchImage } from "./batch.js" */
/** @import { ImageState } from "./image-states.js" */
/** @import { NamedFile } from "./image-files.js" */

const MODEL_DOWN =
  "The model is unavailable. The images are safe in the inbox and will be classified once it is available again.";

export class BatchView {
  #onHealthChanged = () => this.#showProgress();

  /**
   * @param {Batch} batch
   * @param {(prefix: string) => void} onShowResults called when the user wants to see the results of the batch's folder
   * @param {(files: NamedFile[]) => void} onSendToInbox called with files that are too large to be classified directly
   */
  constructor(batch, onShowResults, onSendToInbox) {
    this.batch = batch;
    this.onSendToInbox = onSendToInbox;
    this.sent = progressBar("Sent");
    this.done = progressBar("Done");
    this.progressText = element("p");
    this.notice = element("p", { className: "notice", hidden: true });
    this.cancel = button("Cancel", () => batch.cancel());
    this.stopWaiting = button("Stop waiting", () => batch.stopWaiting());
    this.retry = button("Try again", () => batch.retry());
    this.toInbox = button("", () => this.#sendTooLargeToInbox());
    this.showResults = button("Show in the results", () => onShowResults(batch.prefix));
    this.remove = button("Remove from this page", () => this.#remove());
    this.cards = new BatchCards(batch.images);
    const buttons = [this.cancel, this.stopWaiting, this.retry, this.toInbox, this.showResults, this.remove];
    this.sent.node.hidden = !batch.prefix;
    this.node = element(
      "article",
      { className: "batch" },
      element("h3", {}, title(batch)),
      this.sent.node,
      this.done.node,
      this.progressText,
      this.notice,
      element("p", { className: "buttons" }, ...buttons),
      ...this.cards.nodes,
    );
    this.#listen();
    this.#showProgress();
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
      announce(this.progressText.textContent);
    });
  }

  #showProgress() {
    const { batch } = this;
    /** @param {...ImageState} states */
    const count = (...states) => batch.inState(...states).length;
    const total = batch.images.length;
    const toSend = batch.images.filter((image) => !image.rejectedHere).length;
    this.sent.set(toSend - count("waiting", "sending", "not_sent"), toSend);
    this.done.set(count(...DONE), total);
    this.progressText.textContent = progressText(count, total);
    this.#showNotice();
    this.cancel.hidden = batch.isFinished || !count("waiting", "sending");
    this.stopWaiting.hidden = batch.isFinished || !this.cancel.hidden;
    this.retry.hidden = !batch.isFinished || !count("failed", "not_sent", "unwatched");
    this.showResults.hidden = !batch.isFinished || !batch.prefix;
    this.remove.hidden = !batch.isFinished;
    const tooLarge = batch.images.filter((image) => image.tooLarge).length;
    this.toInbox.hidden = !tooLarge;
    this.toInbox.textContent =
      tooLarge === 1
        ? "Send it to the inbox, where it is stored"
        : `Send ${number(tooLarge)} to the inbox, where they are stored`;
    if (!batch.isFinished) announce(this.progressText.textContent);
  }

  #showNotice() {
    const waitsForModel =
      modelHealth.state === "down" && !this.batch.isFinished && this.batch.inState("uploaded").length > 0;
    const text = this.batch.notice || (waitsForModel ? MODEL_DOWN : "");
    const previous = this.notice.textContent;
    this.notice.hidden = !text;
    if (previous === text) return;
    // A countdown changes each second, and is announced only once.
    if (text && withoutSeconds(text) !== withoutSeconds(previous)) announce(text);
    this.notice.textContent = text;
  }

  #sendTooLargeToInbox() {
    const tooLarge = this.batch.images.filter((image) => image.tooLarge);
    for (const image of tooLarge) {
      this.batch.set(image, image.state, { tooLarge: false, detail: "The image was sent to the inbox instead." });
    }
    this.onSendToInbox(tooLarge.map(({ name, file }) => ({ name, file })));
  }

  #remove() {
    modelHealth.removeEventListener("changed", this.#onHealthChanged);
    this.node.remove();
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

/** @param {Batch} batch */
function title(batch) {
  const count = counted(batch.images.length, "image");
  return batch.prefix ? `${count}, stored in ${batch.prefix}` : `${count}, not stored`;
}

/**
 * @param {(...states: ImageState[]) => number} count
 * @param {number} total
 */
function progressText(count, total) {
  const done = number(count(...DONE));
  const parts = [
    `${number(count("classified"))} labelled`,
    `${number(count("rejected"))} rejected`,
    `${number(count("failed"))} failed`,
  ];
  if (count("no_face")) parts.push(`${number(count("no_face"))} without a face`);
  if (count("too_small")) parts.push(`${number(count("too_small"))} with faces too small to label`);
  if (count("not_sent")) parts.push(`${number(count("not_sent"))} not sent`);
  return `${done} of ${counted(total, "image")} done: ${parts.join(", ")}.`;
}

/** @param {string} name */
function progressBar(name) {
  const bar = element("progress", { ariaLabel: name });
  const text = element("span", { className: "value" });
  const node = element("div", { className: "progress" }, element("span", { ariaHidden: "true" }, name), bar, text);
  /** @type {(value: number, max: number) => void} */
  const set = (value, max) => {
    // A progress element with a maximum of 0 would look as if the progress were unknown.
    bar.max = max || 1;
    bar.value = value;
    text.textContent = `${number(value)} of ${number(max)}`;
  };
  return { node, set };
}
