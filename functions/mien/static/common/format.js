/** Numbers as text for the page. */

/**
 * A fraction as a percentage, such as "93%".
 * Rounding never turns a part into nothing or into everything: 0.001 becomes "<1%", and 0.999 becomes ">99%".
 * @param {number} fraction from 0 to 1
 * @param {number} [digits] decimal places
 */
export function percent(fraction, digits = 0) {
  const step = 10 ** -digits;
  const rounded = Number((100 * fraction).toFixed(digits));
  if (fraction > 0 && rounded === 0) return `<${step}%`;
  if (fraction < 1 && rounded === 100) return `>${(100 - step).toFixed(digits)}%`;
  return `${rounded.toFixed(digits)}%`;
}

/**
 * An integer with a comma between thousands, such as "1,500".
 * @param {number} value
 */
export const number = (value) => value.toLocaleString("en");

/**
 * A size in MB (millions of bytes) with one decimal place, such as "3.2 MB".
 * @param {number} bytes
 * @param {(value: number) => number} [round] Math.ceil for what is too large, Math.floor for its limit, so that they differ
 */
export const megabytes = (bytes, round = Math.round) => `${megabyteNumber(bytes, round)} MB`;

/**
 * A part of a size, such as "1.2 of 3.0 MB", or the size if nothing is missing.
 * @param {number} part bytes
 * @param {number} whole bytes
 */
export function megabytesOf(part, whole) {
  const size = megabytes(whole, Math.ceil);
  return part === whole ? size : `${megabyteNumber(part, Math.floor)} of ${size}`;
}

/**
 * @param {number} bytes
 * @param {(value: number) => number} round
 */
function megabyteNumber(bytes, round) {
  const tenths = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return (round(bytes / 100_000) / 10).toLocaleString("en", tenths);
}

/**
 * A picture's size, such as "2,048 × 1,536".
 * @param {{width: number, height: number}} size pixels
 */
export const dimensions = ({ width, height }) => `${number(width)} × ${number(height)}`;

/**
 * A count with its noun, such as "1 image" or "1,500 images".
 * @param {number} count
 * @param {string} singular
 */
export const counted = (count, singular) => `${number(count)} ${singular}${count === 1 ? "" : "s"}`;

/**
 * The text of a button that shows the next items of a list, such as "Show 60 more of 1,500".
 * @param {number} step items that one press shows
 * @param {number} shown items that are visible now
 * @param {number} total
 */
export const showMore = (step, shown, total) =>
  `Show ${number(Math.min(step, total - shown))} more of ${number(total)}`;

/**
 * The part of a name after its last dot, or the whole name if it has no dot.
 * @param {string} name
 */
export const extension = (name) => name.slice(name.lastIndexOf(".") + 1);
