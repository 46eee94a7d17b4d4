/** A small sign on a face's crop that says what people said about the face. It is empty until somebody did. */

import { reviews } from "./review-store.js";
import { reviewer } from "./reviewer.js";
import { judgementWords } from "./verdicts.js";

/** @import { FaceTarget } from "./face-target.js" */

/** Signs that need no color to be told apart. */
const SIGNS = { right: "✓", label: "→", not_a_face: "✕", unsure: "?" };

/** It follows the reviews as long as it is on the page. */
class ReviewChip extends HTMLElement {
  /** @type {FaceTarget | null} */
  target = null;

  connectedCallback() {
    reviews.addEventListener("changed", this);
    this.handleEvent();
  }

  disconnectedCallback() {
    reviews.removeEventListener("changed", this);
  }

  /** Shows the person's own review, or else that of another person. */
  handleEvent() {
    const opinions = this.target ? reviews.opinions(this.target) : [];
    const shown = opinions.find((opinion) => opinion.reviewer === reviewer.get()) ?? opinions[0];
    this.hidden = !shown;
    if (!shown || !this.target) return;
    const { verdict } = shown.judgement;
    const isUnsaved = Boolean(reviews.problemOf(this.target, shown.reviewer));
    this.textContent = `${SIGNS[verdict]} ${judgementWords(shown.judgement)}${isUnsaved ? ", not saved" : ""}`;
    this.title = opinions.map((one) => `${one.reviewer}: ${judgementWords(one.judgement)}`).join("\n");
  }
}

customElements.define("review-chip", ReviewChip);

/** @param {FaceTarget} target */
export function reviewChip(target) {
  const chip = new ReviewChip();
  chip.target = target;
  return chip;
}

/**
 * What people said about a face, for people who do not see its chip; or "".
 * @param {FaceTarget | null} target
 */
export function spokenReview(target) {
  const opinions = target ? reviews.opinions(target) : [];
  return opinions.map((one) => `, reviewed by ${one.reviewer}: ${judgementWords(one.judgement)}`).join("");
}
