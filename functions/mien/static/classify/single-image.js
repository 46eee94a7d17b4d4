/** The large layout of a batch with one image: the picture, and beside or below it what the model says about it. */

import { element } from "../common/dom.js";
import { faceButtons } from "../faces/face-list.js";
import { facesOf, imageSize, leftOutWords } from "../faces/faces.js";
import { outcomeDetails, outcomeTitle } from "../faces/outcome.js";
import { probabilityBars } from "../faces/probability-bars.js";
import { thumbnail } from "../faces/thumbnail.js";
import { openViewer } from "../viewer/image-viewer.js";
import { entryOf, outcomeOf } from "./image-outcome.js";

/** @import { BatchImage } from "./batch.js" */
/** @import { Face } from "../faces/faces.js" */
/** @import { Outcome } from "../faces/outcome.js" */

// Pixels of the picture's longer side: what a wide screen with a high pixel density shows.
const MAX_SIDE = 1600;

export class SingleImage {
  /** @type {BatchImage["document"]} */
  #shown = null;

  /** @param {BatchImage} image */
  constructor(image) {
    this.image = image;
    this.frame = thumbnail(image.file, image.name, MAX_SIDE);
    const onclick = () => openViewer([entryOf(image)], 0);
    this.open = element("button", { type: "button", className: "picture", ariaLabel: `Open ${image.name}`, onclick });
    this.open.append(this.frame.node);
    this.title = element("p", { className: "outcome" });
    this.details = element("div", { className: "details" });
    this.name = element("p", { className: "name", title: image.name }, image.name);
    const answer = element("div", { className: "answer" }, this.title, this.name, this.details);
    /** The elements for the page. */
    this.nodes = [element("div", { className: "card single-image" }, this.open, answer)];
    this.update();
  }

  /** Shows the image's state. */
  update() {
    const outcome = outcomeOf(this.image);
    const { document } = outcome;
    this.title.replaceChildren(...outcomeTitle(outcome));
    // An answer is shown once, because a list that is replaced loses the choice and the focus.
    if (document && document === this.#shown) return;
    this.#shown = document;
    const faces = facesOf(document);
    this.frame.show(faces, imageSize(document));
    this.details.replaceChildren(...(faces.length > 1 ? this.#faceDetails(faces, outcome) : outcomeDetails(outcome)));
  }

  /**
   * The list of faces, and the bars of the chosen one.
   * @param {Face[]} faces
   * @param {Outcome} outcome
   */
  #faceDetails(faces, { document, note = "" }) {
    const bars = element("div", { className: "chosen-face" });
    /** @param {number} index */
    const choose = (index) => {
      const expression = faces[index]?.expression;
      this.frame.choose(index);
      bars.replaceChildren(...(expression ? [probabilityBars(expression.probabilities)] : []));
    };
    const first = Math.max(
      0,
      faces.findIndex(({ expression }) => expression),
    );
    const words = [document ? leftOutWords(document) : "", note].filter(Boolean);
    const list = faceButtons(faces, first, choose);
    choose(first);
    return [list, bars, ...words.map((text) => element("p", { className: "reason muted" }, text))];
  }
}
