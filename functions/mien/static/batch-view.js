/** A batch on the page: its progress, its buttons, and a card for each image. */

import { announce } from "./announcer.js";
import { element } from "./dom.js";
import { counted, number, showMore } from "./format.js";
import { imageCard } from "./image-card.js";
import { openViewer } from "./image-viewer.js";
import { modelHealth } from "./model-health.js";
import { thumbnail } from "./thumbnail.js";

/** @import { Batch, BatchImage, ImageState } from "./batch.js" */
/** @import { ImageCard, Outcome } from "./image-card.js" */
/** @import { NamedFile } from "./image-files.js" */
/** @import { Entry } from "./image-viewer.js" */

// Cards that are made at a time. Thousands at once would freeze the page.
const CARDS_STEP = 60;

/** @type {Record<ImageState, string>} */
const STATE_TEXTS = {
  waiting: "Waiting",
  sending: "Sending",
  uploaded: "In the inbox, waiting for its label",
  unwatched: "In the inbox; its label will appear in the results",
  not_sent: "Not sent",
  classified: "Classified",
  rejected: "Rejected",
  failed: "Failed",
};

const MODEL_DOWN =
  "The model is unavailable. The images are safe in the inbox and will be classified once it is available again.";

export class BatchView {
  /** @type {Map<BatchImage, ImageCard>} */
  #cards = new Map();
  #maxCards = CARDS_STEP;
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
    this.onlyUnlabelled = element("input", { type: "checkbox", onchange: () => this.#showCards() });
    this.filter = element(
      "label",
      { className: "checkbox", hidden: true },
      this.onlyUnlabelled,
      " Only images without a label",
    );
    this.list = element("ul", { className: "cards" });
    this.more = button("", () => {
      this.#maxCards += CARDS_STEP;
      this.#showCards();
    });
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
      this.filter,
      this.list,
      this.more,
    );
    this.#listen();
    this.#showCards();
    this.#showProgress();
  }

  #listen() {
    modelHealth.addEventListener("changed", this.#onHealthChanged);
    this.batch.addEventListener("changed", (event) => {
      const { detail } = /** @type {CustomEvent<Set<BatchImage>>} */ (event);
      this.#update(detail);
    });
    this.batch.addEventListener("finished", () => {
      this.#showProgress();
      announce(this.progressText.textContent);
    });
  }

  /** @param {Set<BatchImage>} images those that changed */
  #update(images) {
    for (const image of images) this.#cards.get(image)?.show(outcomeOf(image));
    this.#showProgress();
    if (this.onlyUnlabelled.checked) this.#showCards();
  }

  #showCards() {
    const { images } = this.batch;
    const matching = this.onlyUnlabelled.checked ? images.filter((image) => image.state !== "classified") : images;
    const shown = matching.slice(0, this.#maxCards);
    const nodes = shown.map((image) => this.#cardOf(image).node);
    // The list is only replaced if it changes: a card that is moved loses the focus.
    if (nodes.length !== this.list.children.length || nodes.some((node, n) => node !== this.list.children[n])) {
      this.list.replaceChildren(...nodes);
    }
    this.more.hidden = shown.length === matching.length;
    this.more.textContent = showMore(CARDS_STEP, shown.length, matching.length);
  }

  /** @param {BatchImage} image */
  #cardOf(image) {
    const existing = this.#cards.get(image);
    if (existing) return existing;
    const { images } = this.batch;
    const onOpen = () => openViewer(images.map(entryOf), images.indexOf(image));
    const card = imageCard({ name: image.name, picture: thumbnail(image.file, image.name), onOpen });
    card.show(outcomeOf(image));
    this.#cards.set(image, card);
    return card;
  }

  #showProgress() {
    const { batch } = this;
    /** @param {...ImageState} states */
    const count = (...states) => batch.inState(...states).length;
    const total = batch.images.length;
    const toSend = batch.images.filter((image) => !image.rejectedHere).length;
    this.sent.set(toSend - count("waiting", "sending", "not_sent"), toSend);
    this.done.set(count("classified", "rejected", "failed"), total);
    this.progressText.textContent = progressText(count, total);
    this.#showNotice();
    this.cancel.hidden = batch.isFinished || !count("waiting", "sending");
    this.stopWaiting.hidden = batch.isFinished || !this.cancel.hidden;
    this.retry.hidden = !batch.isFinished || !count("failed", "not_sent", "unwatched");
    this.showResults.hidden = !batch.isFinished || !batch.prefix;
    this.remove.hidden = !batch.isFinished;
    this.filter.hidden = count("classified") === total || total === 1;
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
  return batch.prefix
    ? `${count} sent through the inbox, stored in ${batch.prefix}`
    : `${count} classified without storage`;
}

/**
 * @param {(...states: ImageState[]) => number} count
 * @param {number} total
 */
function progressText(count, total) {
  const done = number(count("classified", "rejected", "failed"));
  const parts = [
    `${number(count("classified"))} labelled`,
    `${number(count("rejected"))} rejected`,
    `${number(count("failed"))} failed`,
  ];
  if (count("not_sent")) parts.push(`${number(count("not_sent"))} not sent`);
  return `${done} of ${counted(total, "image")} done: ${parts.join(", ")}.`;
}

/**
 * @param {BatchImage} image
 * @returns {Outcome}
 */
function outcomeOf({ state, document, detail }) {
  return { document: document?.status === "classified" ? document : null, state: STATE_TEXTS[state], reason: detail };
}

/**
 * @param {BatchImage} image
 * @returns {Entry}
 */
function entryOf(image) {
  const { name, document, file } = image;
  const openPicture = () => {
    const url = URL.createObjectURL(file);
    return { url, close: () => URL.revokeObjectURL(url) };
  };
  return { name, outcome: outcomeOf(image), document, openPicture };
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
