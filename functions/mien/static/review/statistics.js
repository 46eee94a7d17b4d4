/** How often the model is right, from what people said about its labels. docs/operations.md defines what counts. */

import { reviews } from "./review-store.js";
import { trueLabel } from "./verdicts.js";

/** @import { FaceTarget } from "./face-target.js" */

/**
 * A share of a count, with a 95% interval.
 * @typedef {{part: number, of: number, low: number, high: number}} Share low and high: from 0 to 1
 */

/**
 * @typedef {object} Statistics
 * @property {number} reviewed faces about which somebody said something
 * @property {number} unsure faces about which nobody was sure
 * @property {number} notFaces what is not a face, according to most of the people who were sure
 * @property {number} disputed faces about which no answer has the most people
 * @property {Share} accuracy faces whose label is right, of those with a true label
 * @property {string[]} labels the classes, in alphabetical order
 * @property {Share[]} recall for each class: faces that got its label, of those that have it
 * @property {Share[]} precision for each class: faces that have its label, of those that got it
 * @property {number[][]} confusion faces by their true class, and by the class that the model chose
 */

// The 97.5th percentile of the normal distribution, for an interval that holds 95%.
const Z = 1.959964;

/**
 * Wilson's score interval (Wilson 1927). It is right for small counts, too, and never leaves the range from 0 to 1.
 * @param {number} part
 * @param {number} of
 * @returns {Share} from 0 to 1 if nothing was counted
 */
export function share(part, of) {
  if (!of) return { part, of, low: 0, high: 1 };
  const rate = part / of;
  const z2 = Z * Z;
  const middle = (rate + z2 / (2 * of)) / (1 + z2 / of);
  const half = (Z / (1 + z2 / of)) * Math.sqrt((rate * (1 - rate)) / of + z2 / (4 * of * of));
  return { part, of, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/**
 * @param {FaceTarget[]} targets faces that have a label
 * @param {string[]} classes the labels that the model tells apart
 * @returns {Statistics}
 */
export function reviewStatistics(targets, classes) {
  const counts = { reviewed: 0, unsure: 0, notFaces: 0, disputed: 0 };
  /** @type {{actual: string, predicted: string}[]} */
  const pairs = [];
  for (const target of targets) {
    const judgements = reviews.opinions(target).map(({ judgement }) => judgement);
    if (!judgements.length || target.predicted === null) continue;
    counts.reviewed++;
    const { predicted } = target;
    const sure = judgements.filter(({ verdict }) => verdict !== "unsure");
    const [actual, ...others] = mostFrequent(sure.map((judgement) => trueLabel(judgement, predicted)));
    if (others.length) counts.disputed++;
    else if (actual === undefined) counts.unsure++;
    else if (actual === null) counts.notFaces++;
    else pairs.push({ actual, predicted });
  }
  const named = pairs.flatMap(({ actual, predicted }) => [actual, predicted]);
  return { ...counts, ...scores(pairs, [...new Set([...classes, ...named])].sort()) };
}

/**
 * The answers that most people gave: one, several if they were given equally often, or none.
 * @param {(string | null)[]} answers null for "not a face"
 */
function mostFrequent(answers) {
  /** @type {Map<string | null, number>} */
  const counts = new Map();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts].flatMap(([answer, count]) => (count === most ? [answer] : []));
}

/**
 * @param {{actual: string, predicted: string}[]} pairs
 * @param {string[]} labels
 */
function scores(pairs, labels) {
  const confusion = labels.map((actual) =>
    labels.map((predicted) => pairs.filter((pair) => pair.actual === actual && pair.predicted === predicted).length),
  );
  const right = labels.map((_, index) => confusion[index]?.[index] ?? 0);
  const has = confusion.map((row) => sum(row));
  const got = labels.map((_, index) => sum(confusion.map((row) => row[index] ?? 0)));
  return {
    accuracy: share(sum(right), pairs.length),
    labels,
    recall: right.map((part, index) => share(part, has[index] ?? 0)),
    precision: right.map((part, index) => share(part, got[index] ?? 0)),
    confusion,
  };
}

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);
