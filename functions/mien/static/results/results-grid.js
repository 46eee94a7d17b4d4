/** The list of cards. It makes only as many as a person can have looked at, and more while they scroll. */

import { byId } from "../common/dom.js";
import { number } from "../common/format.js";
import { makeTabStop, moveByKeys } from "./list-keys.js";

// Cards that are added at a time, and cards at which the page stops until the person asks for more.
const STEP = 120;
const CAP = 2000;
// How far below the window the end of the list is when more cards are added.
const MARGIN = "1200px";

/**
 * @template {object} Unit what one card shows
 */
export class ResultsGrid {
  #list = byId("results");
  /** @type {Unit[]} */
  #units = [];
  /** @type {Map<Unit, HTMLElement>} */
  #cards = new Map();
  #shown = STEP;
  #cap = CAP;
  #end = new IntersectionObserver(([entry]) => this.#addMore(entry?.isIntersecting ?? false), { rootMargin: MARGIN });
  #noun = "";

  /** @param {(unit: Unit) => HTMLElement} makeCard a list item with one button */
  constructor(makeCard) {
    this.makeCard = makeCard;
    this.#end.observe(byId("results-end"));
    moveByKeys(this.#list, { beforeEnd: (position) => this.#reach(position) });
    byId("show-more").addEventListener("click", () => {
      this.#cap += CAP;
      this.#reach(this.#shown);
    });
  }

  /**
   * Shows units in this order. The cards of those that were shown before stay.
   * @param {Unit[]} units
   * @param {string} noun what a unit is called, in the plural
   */
  show(units, noun) {
    this.#units = units;
    this.#noun = noun;
    this.#draw();
  }

  /** Shows only the first cards again, because others are wanted now. */
  reset() {
    this.#shown = STEP;
    this.#cap = CAP;
  }

  /** Makes all cards again, because they look different now. */
  clear() {
    this.#cards.clear();
  }

  /**
   * Moves the focus to the card of a unit.
   * @param {(unit: Unit) => boolean} isWanted
   * @returns {boolean} whether there is such a card
   */
  focus(isWanted) {
    const position = this.#units.findIndex(isWanted);
    if (position < 0) return false;
    this.#cap = Math.max(this.#cap, position + 1);
    this.#reach(position);
    const card = this.#cards.get(/** @type {Unit} */ (this.#units[position]));
    card?.querySelector("button")?.focus();
    return true;
  }

  /**
   * The unit in whose card a node is.
   * @param {EventTarget | null} node
   */
  unitOf(node) {
    const card = node instanceof Element ? node.closest("li") : null;
    const found = [...this.#cards].find(([, one]) => one === card);
    return found ? found[0] : null;
  }

  /**
   * Moves the focus to the card after that of a unit, if there is one.
   * @param {Unit} unit
   */
  focusAfter(unit) {
    const next = this.#units[this.#units.indexOf(unit) + 1];
    if (next) this.focus((one) => one === next);
  }

  /** @param {number} position whose card is needed */
  #reach(position) {
    if (position < this.#shown) return;
    this.#shown = position + STEP;
    this.#draw();
  }

  /** @param {boolean} isNear whether the end of the list is near the window */
  #addMore(isNear) {
    if (!isNear || this.#shown >= Math.min(this.#cap, this.#units.length)) return;
    this.#shown += STEP;
    this.#draw();
    // The observer reports only changes, and the end can still be near.
    this.#end.unobserve(byId("results-end"));
    this.#end.observe(byId("results-end"));
  }

  #draw() {
    this.#shown = Math.min(this.#shown, this.#cap);
    const units = this.#units.slice(0, this.#shown);
    const cards = units.map((unit) => this.#cards.get(unit) ?? this.makeCard(unit));
    this.#cards = new Map(units.map((unit, index) => [unit, /** @type {HTMLElement} */ (cards[index])]));
    replaceChanged(this.#list, cards);
    makeTabStop(this.#list);
    const isCapped = this.#shown === this.#cap && this.#shown < this.#units.length;
    byId("show-more").hidden = byId("shown-count").hidden = !isCapped;
    byId("show-more").textContent = `Show ${number(Math.min(CAP, this.#units.length - this.#shown))} more`;
    byId("shown-count").textContent =
      `The first ${number(this.#shown)} of ${number(this.#units.length)} ${this.#noun} are shown.`;
  }
}

/**
 * Like `replaceChildren`, but children that stay are not taken out, so they keep the focus.
 * @param {HTMLElement} list
 * @param {HTMLElement[]} cards
 */
function replaceChanged(list, cards) {
  const stay = new Set(cards);
  for (const child of [...list.children]) if (!stay.has(/** @type {HTMLElement} */ (child))) child.remove();
  let at = list.firstElementChild;
  for (const card of cards) {
    if (card === at) at = at.nextElementSibling;
    else list.insertBefore(card, at);
  }
}
