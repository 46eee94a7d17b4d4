/** Tables of how often the model is right, for the faces that the results show. */

import { byId, element } from "../common/dom.js";
import { counted, number, percent } from "../common/format.js";
import { reviews } from "./review-store.js";
import { reviewStatistics } from "./statistics.js";

/** @import { FaceTarget } from "./face-target.js" */
/** @import { Share, Statistics } from "./statistics.js" */

/** @typedef {() => {targets: FaceTarget[], labels: string[]}} Shown the faces that the results show, and all classes */

// Milliseconds in which several changes are counted together.
const PAUSE_MS = 200;

/** @type {Shown} */
let shown = () => ({ targets: [], labels: [] });
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {Shown} content called each time the statistics are counted */
export function startReviewStatistics(content) {
  shown = content;
  reviews.addEventListener("changed", refreshReviewStatistics);
  byId("review-statistics").addEventListener("toggle", () => show());
  show();
}

/** Counts again after the reviews, or the faces that the results show, have changed. */
export function refreshReviewStatistics() {
  timer ??= setTimeout(show, PAUSE_MS);
}

function show() {
  clearTimeout(timer);
  timer = undefined;
  const { targets, labels } = shown();
  const faces = targets.filter(({ predicted }) => predicted !== null);
  const reviewed = faces.filter((target) => reviews.opinions(target).length).length;
  const words = `Reviews: ${number(reviewed)} of ${counted(faces.length, "labelled face")} that are shown`;
  byId("review-summary").textContent = reviews.problem ? `Reviews could not be loaded: ${reviews.problem}` : words;
  // Nobody sees the tables while they are folded away.
  if (!byId("review-statistics", HTMLDetailsElement).open) return;
  byId("review-numbers").replaceChildren(...numbers(reviewStatistics(faces, labels)));
}

/** @param {Statistics} statistics */
function numbers(statistics) {
  if (!statistics.reviewed) return [element("p", {}, "Nobody has reviewed these faces yet. Open one to review it.")];
  const { accuracy, unsure, notFaces, disputed } = statistics;
  const apart = [
    [notFaces, "not a face"],
    [unsure, "not sure"],
    [disputed, "labelled differently by as many people"],
  ].flatMap(([count, words]) => (count ? [`${number(Number(count))} ${words}`] : []));
  const rest = apart.length ? element("p", {}, `Counted apart: ${apart.join(", ")}.`) : "";
  const words = element("p", {}, "Accuracy: ", element("strong", {}, shareWords(accuracy)));
  const note = element(
    "p",
    { className: "muted" },
    "In brackets: 95% intervals (Wilson). They hold for faces like those.",
  );
  return [words, rest, wide(classTable(statistics)), wide(confusionTable(statistics)), note];
}

/** @param {Share} share */
const shareWords = ({ part, of, low, high }) =>
  of ? `${percent(part / of)} (${percent(low)} to ${percent(high)}), ${number(part)} of ${number(of)}` : "none";

/** @param {Statistics} statistics */
function classTable({ labels, recall, precision }) {
  const rows = labels.map((label, index) => {
    const cells = [recall[index], precision[index]].map((one) => element("td", {}, one ? shareWords(one) : ""));
    return element("tr", {}, rowHeader(label), ...cells);
  });
  return table("Recall and precision of each label", ["label", "recall", "precision"], rows);
}

/** @param {Statistics} statistics */
function confusionTable({ labels, confusion }) {
  const largest = Math.max(1, ...confusion.flat());
  const rows = confusion.map((row, actual) => {
    const cells = row.map((count, predicted) => {
      const cell = element("td", {}, number(count));
      cell.classList.toggle("right", actual === predicted);
      // The shade repeats what the number says.
      cell.style.setProperty("--share", String(count / largest));
      return cell;
    });
    return element("tr", {}, rowHeader(labels[actual] ?? ""), ...cells);
  });
  const made = table(
    "Faces by the label that people gave (rows) and that the model gave (columns)",
    ["", ...labels],
    rows,
  );
  made.classList.add("confusion");
  return made;
}

/**
 * @param {string} caption
 * @param {string[]} columns
 * @param {HTMLTableRowElement[]} rows
 */
function table(caption, columns, rows) {
  const headers = columns.map((name) => (name ? element("th", { scope: "col" }, name) : element("td")));
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...headers)),
    element("tbody", {}, ...rows),
  );
}

/** @param {string} label */
const rowHeader = (label) => element("th", { scope: "row" }, label);

/**
 * A table that scrolls by itself where the window is narrow.
 * @param {HTMLTableElement} content
 */
const wide = (content) => {
  const name = content.caption?.textContent ?? "";
  return element("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel: name }, content);
};
