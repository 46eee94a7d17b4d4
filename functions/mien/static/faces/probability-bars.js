/** Lists of labels with a bar and a number each. */

import { element, part } from "../common/dom.js";
import { percent } from "../common/format.js";

/**
 * A list with one bar per label, in alphabetical order.
 * @param {Record<string, number>} probabilities by label, from 0 to 1
 * @param {number} [digits] decimal places of the percentages
 */
export function probabilityBars(probabilities, digits = 0) {
  const list = element("ul", { className: "bars", ariaLabel: "Probability of each label" });
  for (const label of Object.keys(probabilities).sort()) {
    const row = element("li", {}, ...barParts(label));
    row.dataset.label = label;
    list.append(row);
  }
  updateProbabilityBars(list, probabilities, digits);
  return list;
}

/**
 * Changes the bars of an existing list.
 * @param {HTMLElement} list made by `probabilityBars` for the same labels
 * @param {Record<string, number>} probabilities by label, from 0 to 1
 * @param {number} [digits] decimal places of the percentages
 */
export function updateProbabilityBars(list, probabilities, digits = 0) {
  const highest = Math.max(...Object.values(probabilities));
  for (const row of list.querySelectorAll("li")) {
    const probability = probabilities[row.dataset.label ?? ""] ?? 0;
    setBar(row, probability, percent(probability, digits));
    row.classList.toggle("highest", probability === highest);
  }
}

/**
 * The children of one row: the label, the bar and the number.
 * @param {string} label
 */
export function barParts(label) {
  const track = element("span", { className: "track", ariaHidden: "true" }, element("span", { className: "fill" }));
  return [element("span", { className: "label" }, label), track, element("span", { className: "value" })];
}

/**
 * @param {HTMLElement} row contains what `barParts` made
 * @param {number} fraction the bar's length, from 0 to 1
 * @param {string} text the number
 */
export function setBar(row, fraction, text) {
  part(row, ".fill").style.width = `${100 * fraction}%`;
  part(row, ".value").textContent = text;
}
