/** A chart of how many faces each label has. Its rows are buttons that filter by label, or by what has none. */

import { byId, element } from "../common/dom.js";
import { number } from "../common/format.js";
import { barParts, setBar } from "../faces/probability-bars.js";
import { makeTabStop, moveByKeys } from "./list-keys.js";
import { groupName } from "./results-words.js";

/** The chart is one Tab stop, so that the results are near. */
export const startLabelChart = () => moveByKeys(byId("label-chart"));

/**
 * Shows counts. Rows are kept if the groups stay the same, and so is the focus.
 * @param {Map<string, number>} counts items by group, which mostly is a label
 * @param {Set<string>} selected groups
 * @param {(group: string) => void} onToggle called with the group whose row the user pressed
 */
export function showLabelChart(counts, selected, onToggle) {
  const chart = byId("label-chart");
  const groups = [...counts.keys()];
  if (
    rowsOf(chart)
      .map((row) => row.dataset.group)
      .join("\n") !== groups.join("\n")
  ) {
    chart.replaceChildren(...groups.map((group) => chartRow(group, onToggle)));
  }
  const largest = Math.max(1, ...counts.values());
  for (const row of rowsOf(chart)) {
    const group = row.dataset.group ?? "";
    const count = counts.get(group) ?? 0;
    row.ariaPressed = String(selected.has(group));
    setBar(row, count / largest, number(count));
  }
  makeTabStop(chart);
}

/** @param {HTMLElement} chart */
const rowsOf = (chart) => [...chart.querySelectorAll("button")];

/**
 * @param {string} group
 * @param {(group: string) => void} onToggle
 */
function chartRow(group, onToggle) {
  const row = element("button", { type: "button", onclick: () => onToggle(group) }, ...barParts(groupName(group)));
  row.dataset.group = group;
  return row;
}
