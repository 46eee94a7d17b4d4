/** A chart of how many results each label has. Its rows are buttons that filter by label. */

import { byId, element } from "./dom.js";
import { number } from "./format.js";
import { barParts, setBar } from "./probability-bars.js";

/**
 * Shows counts. Rows whose labels stay the same are kept, and so is the focus.
 * @param {Map<string, number>} counts documents by label
 * @param {Set<string>} selected labels
 * @param {(label: string) => void} onToggle called with the label whose row the user pressed
 */
export function showLabelChart(counts, selected, onToggle) {
  const chart = byId("label-chart");
  const labels = [...counts.keys()];
  if (
    rowsOf(chart)
      .map((row) => row.dataset.label)
      .join("\n") !== labels.join("\n")
  ) {
    chart.replaceChildren(...labels.map((label) => chartRow(label, onToggle)));
  }
  const largest = Math.max(1, ...counts.values());
  for (const row of rowsOf(chart)) {
    const label = row.dataset.label ?? "";
    const count = counts.get(label) ?? 0;
    row.ariaPressed = String(selected.has(label));
    setBar(row, count / largest, number(count));
  }
}

/** @param {HTMLElement} chart */
const rowsOf = (chart) => [...chart.querySelectorAll("button")];

/**
 * @param {string} label
 * @param {(label: string) => void} onToggle
 */
function chartRow(label, onToggle) {
  const row = element("button", { type: "button", onclick: () => onToggle(label) }, ...barParts(label));
  row.dataset.label = label;
  return row;
}
