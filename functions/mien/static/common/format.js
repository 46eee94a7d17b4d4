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
