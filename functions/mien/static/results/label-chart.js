/** A chart of how many results each label has. Its rows are buttons that filter by label, or by faces without one. */

import { byId, element } from "../common/dom.js";
import { number } from "../common/format.js";
import { barParts, setBar } from "../faces/probability-bars.js";
import { NO_FACE, TOO_SMALL } from "./result-documents.js";

/** Names of the groups that are not labels. */
const NAMES = new Map([
  [TOO_SMALL, "too small"],
  [NO_FACE, "no face"],
]);

/**
 * Shows counts. Rows are kept if the groups stay the same, and so is the focus.
 * @param {Map<string, number>} counts documents by group, which mostly is a label
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
}

/** @param {HTMLElement} chart */
const rowsOf = (chart) => [...chart.querySelectorAll("button")];

/**
 * @param {string} group
 * @param {(group: string) => void} onToggle
 */
function chartRow(group, onToggle) {
  const name = NAMES.get(group) ?? group;
  const row = element("button", { type: "button", onclick: () => onToggle(group) }, ...barParts(name));
  row.dataset.group = group;
  return row;
}
