/** The controls that choose what the Results section shows. */

import { byId, part } from "../common/dom.js";
import { folderFrom } from "./folder-name.js";
import { rangeWords } from "./results-words.js";

/** @import { View } from "./address.js" */
/** @import { Order, Range } from "./result-filter.js" */

/** The ranges of the filter, which also are the beginnings of the fields' IDs. */
const RANGES = /** @type {const} */ (["confidence", "score"]);

/**
 * @typedef {object} Callbacks
 * @property {(change: Partial<View>) => void} onChange called with what the person chose
 * @property {(change: Partial<View>) => void} onTyping called while a person types a number
 * @property {(folder: string) => void} onRefresh called with the folder of the inbox
 */

/** @param {Callbacks} callbacks */
export function startFilterForm({ onChange, onTyping, onRefresh }) {
  const folder = byId("folder", HTMLInputElement);
  const refresh = () => {
    folder.value = folderFrom(folder.value);
    onRefresh(folder.value);
  };
  byId("filters").addEventListener("submit", (event) => {
    event.preventDefault();
    refresh();
  });
  folder.addEventListener("change", refresh);
  for (const name of RANGES) {
    byId(`${name}-range`).addEventListener("input", () => {
      onTyping({});
    });
  }
  const order = byId("order", HTMLSelectElement);
  order.addEventListener("change", () => onChange({ order: /** @type {Order} */ (order.value) }));
  const bars = byId("show-bars", HTMLInputElement);
  bars.addEventListener("change", () => onChange({ bars: bars.checked }));
  for (const unit of /** @type {const} */ (["faces", "photos"])) {
    byId(`show-${unit}`).addEventListener("change", () => onChange({ unit }));
  }
}

/** The ranges as the fields have them. A field that is empty or out of range counts with its default value. */
export const typedRanges = () => ({ confidence: typedRange("confidence"), score: typedRange("score") });

/**
 * @param {string} name
 * @returns {Range}
 */
function typedRange(name) {
  /** @param {"min" | "max"} end */
  const percentOf = (end) => {
    const field = byId(`${end}-${name}`, HTMLInputElement);
    return field.validity.valid ? field.valueAsNumber : Number(field.defaultValue);
  };
  return { from: percentOf("min"), to: percentOf("max") };
}

/**
 * Shows a view in the controls.
 * @param {View} view
 */
export function showInForm({ folder, filter, order, unit, bars }) {
  byId("folder", HTMLInputElement).value = folder;
  for (const name of RANGES) {
    const range = filter[name];
    const typed = typedRange(name);
    if (typed.from !== range.from) byId(`min-${name}`, HTMLInputElement).value = String(range.from);
    if (typed.to !== range.to) byId(`max-${name}`, HTMLInputElement).value = String(range.to);
    showRangeState(name, range);
  }
  byId("order", HTMLSelectElement).value = order;
  byId("show-bars", HTMLInputElement).checked = bars;
  byId("bars-switch").hidden = unit === "photos";
  byId(`show-${unit}`, HTMLInputElement).checked = true;
}

/**
 * @param {string} name
 * @param {Range} range
 */
function showRangeState(name, range) {
  const words = rangeWords(range);
  const note = part(byId(`${name}-range`), ".error");
  if (note.textContent !== words) note.textContent = words;
  for (const end of ["min", "max"]) byId(`${end}-${name}`).ariaInvalid = String(Boolean(words));
}
