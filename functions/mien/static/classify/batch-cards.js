/** The cards of a batch's images, with a filter for those without a label. */

import { element } from "../common/dom.js";
import { showMore } from "../common/format.js";
import { imageCard } from "../faces/image-card.js";
import { thumbnail } from "../faces/thumbnail.js";
import { openViewer } from "../viewer/image-viewer.js";
import { entryOf, outcomeOf } from "./image-outcome.js";

/** @import { BatchImage } from "./batch.js" */
/** @import { ImageCard } from "../faces/image-card.js" */

// Cards that are made at a time. Thousands at once would freeze the page.
const STEP = 60;

export class BatchCards {
  /** @type {Map<BatchImage, ImageCard>} */
  #cards = new Map();
  #maxCards = STEP;

  /** @param {BatchImage[]} images */
  constructor(images) {
    this.images = images;
    this.onlyUnlabelled = element("input", { type: "checkbox", onchange: () => this.#show() });
    this.filter = element("label", { className: "checkbox" }, this.onlyUnlabelled, " Only images without a label");
    this.list = element("ul", { className: "cards" });
    this.more = element("button", { type: "button", onclick: () => this.#showMore() });
    /** The elements for the page. */
    this.nodes = [this.filter, this.list, this.more];
    this.#show();
    this.#showFilter();
  }

  /** @param {Iterable<BatchImage>} changed */
  update(changed) {
    for (const image of changed) this.#cards.get(image)?.show(outcomeOf(image));
    this.#showFilter();
    if (this.onlyUnlabelled.checked) this.#show();
  }

  #showFilter() {
    this.filter.hidden = this.images.every((image) => image.state === "classified");
  }

  #showMore() {
    this.#maxCards += STEP;
    this.#show();
  }

  #show() {
    const { images, list } = this;
    const matching = this.onlyUnlabelled.checked ? images.filter((image) => image.state !== "classified") : images;
    const nodes = matching.slice(0, this.#maxCards).map((image) => this.#cardOf(image).node);
    // The list is only replaced if it changes: a card that is moved loses the focus.
    if (nodes.length !== list.children.length || nodes.some((node, n) => node !== list.children[n])) {
      list.replaceChildren(...nodes);
    }
    this.more.hidden = nodes.length === matching.length;
    this.more.textContent = showMore(STEP, nodes.length, matching.length);
  }

  /** @param {BatchImage} image */
  #cardOf(image) {
    const existing = this.#cards.get(image);
    if (existing) return existing;
    const onOpen = () => openViewer(this.images.map(entryOf), this.images.indexOf(image));
    const card = imageCard({ name: image.name, frame: thumbnail(image.file, image.name), onOpen });
    card.show(outcomeOf(image));
    this.#cards.set(image, card);
    return card;
  }
}
