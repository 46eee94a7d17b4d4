/** Sentences about a batch as a whole. */

import { counted, number } from "../common/format.js";
import { outcomeTitle } from "../faces/outcome.js";
import { isUndecodable, outcomeOf } from "./image-outcome.js";
import { DONE } from "./image-states.js";

/** @import { Batch } from "./batch.js" */

/** @param {Batch} batch */
export function titleOf(batch) {
  const [first, ...others] = batch.images;
  const what = first && !others.length ? first.name : counted(batch.images.length, "image");
  return batch.prefix ? `${what}, stored in ${batch.prefix}` : `${what}, not stored`;
}

/**
 * How many images are done, and what has become of them. What did not happen is left out.
 * @param {Batch} batch
 */
export function progressOf(batch) {
  const undecodable = batch.images.filter(isUndecodable).length;
  const count = (/** @type {Parameters<Batch["inState"]>} */ ...states) => batch.inState(...states).length;
  const parts = countWords({
    labelled: count("classified"),
    no_face: count("no_face"),
    too_small: count("too_small"),
    refused: count("rejected") - undecodable,
    undecodable,
    not_sent: count("unsuitable", "not_sent"),
    failed: count("failed"),
  });
  return `${number(count(...DONE))} of ${counted(batch.images.length, "image")} done: ${parts}.`;
}

/**
 * @typedef {object} Counts images by what has become of them
 * @property {number} labelled
 * @property {number} [no_face]
 * @property {number} [too_small]
 * @property {number} [refused]
 * @property {number} [undecodable]
 * @property {number} [not_sent]
 * @property {number} [failed]
 */

/** @type {Record<keyof Counts, string>} */
const WORDS = {
  labelled: "labelled",
  no_face: "without a face",
  too_small: "with faces too small to label",
  refused: "refused",
  undecodable: "not decodable",
  not_sent: "not sent",
  failed: "failed",
};

/** @param {Counts} counts */
export function countWords(counts) {
  const kinds = /** @type {(keyof Counts)[]} */ (Object.keys(WORDS));
  const shown = kinds.filter((kind) => kind === "labelled" || counts[kind]);
  return shown.map((kind) => `${number(counts[kind] ?? 0)} ${WORDS[kind]}`).join(", ");
}

/**
 * What is announced when nothing more happens: the label of a single image, or the counts.
 * @param {Batch} batch
 */
export function resultOf(batch) {
  const [first, ...others] = batch.images;
  if (!first || others.length) return progressOf(batch);
  const outcome = outcomeOf(first);
  const title = outcomeTitle(outcome)
    .map((part) => (typeof part === "string" ? part : part.textContent))
    .join("");
  return `${first.name}: ${title}. ${outcome.document?.status === "classified" ? "" : outcome.reason}`.trim();
}
