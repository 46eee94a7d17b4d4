/** Keeps cards where they are while a person looks at them. */

/** @import { Item } from "./result-items.js" */

/**
 * The items that were shown stay in their order, and the others follow.
 * @param {Item[]} shown
 * @param {Item[]} sorted all that are to be shown, in the order that they would have otherwise
 * @returns {{items: Item[], unsorted: number}} unsorted: those at the end that belong between others
 */
export function arrange(shown, sorted) {
  const wanted = new Set(sorted);
  const kept = shown.filter((item) => wanted.has(item));
  const known = new Set(kept);
  const added = sorted.filter((item) => !known.has(item));
  const items = [...kept, ...added];
  const isSorted = items.every((item, index) => item === sorted[index]);
  return { items, unsorted: isSorted ? 0 : added.length };
}
