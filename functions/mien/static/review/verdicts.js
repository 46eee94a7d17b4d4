/** What a person can say about a face, and the keys for it. */

/** @typedef {"right" | "label" | "not_a_face" | "unsure"} Verdict */

/**
 * @typedef {object} Judgement
 * @property {Verdict} verdict
 * @property {string} [label] the true one; only with the verdict "label"
 * @property {string} [note]
 */

/** The keys of the verdicts that need no label. A digit means the label with this number. */
export const VERDICT_KEYS = /** @type {const} */ ({ right: "r", not_a_face: "x", unsure: "s" });

/** @type {Record<Exclude<Verdict, "label">, string>} */
const VERDICT_WORDS = { right: "right", not_a_face: "not a face", unsure: "not sure" };

// There are no more keys with one digit.
const MAX_LABEL_KEYS = 9;

/**
 * @param {Judgement} judgement
 * @returns {string} such as "right", or the true label
 */
export const judgementWords = ({ verdict, label }) => (verdict === "label" ? (label ?? "") : VERDICT_WORDS[verdict]);

/**
 * The label that the face has according to a person; null if it is no face, shows none, or if the person is not sure.
 * @param {Judgement} judgement
 * @param {string | null} predicted the model's label
 */
export function trueLabel({ verdict, label }, predicted) {
  if (verdict === "right") return predicted;
  return verdict === "label" ? (label ?? null) : null;
}

/**
 * A person who chooses the label that the model has, too, says that the model is right.
 * @param {string} label
 * @param {string | null} predicted
 * @returns {Judgement}
 */
export const judgementOfLabel = (label, predicted) =>
  label === predicted ? { verdict: "right" } : { verdict: "label", label };

/**
 * @param {string} key as keyboard events name it
 * @param {string[]} labels in the order of their digits
 * @param {string | null} predicted the model's label
 * @returns {Judgement | null} null if the key means none
 */
export function judgementOfKey(key, labels, predicted) {
  const label = /^[1-9]$/.test(key) ? labels[Number(key) - 1] : undefined;
  if (label !== undefined) return judgementOfLabel(label, predicted);
  const lower = key.toLowerCase();
  if (lower === VERDICT_KEYS.right) return { verdict: "right" };
  if (lower === VERDICT_KEYS.not_a_face) return { verdict: "not_a_face" };
  return lower === VERDICT_KEYS.unsure ? { verdict: "unsure" } : null;
}

/**
 * @param {number} index of the label
 * @returns {string} the key, or "" if there are more labels than digits
 */
export const labelKey = (index) => (index < MAX_LABEL_KEYS ? String(index + 1) : "");
