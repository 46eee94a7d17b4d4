/** Keys in a list of buttons. The list is one Tab stop; arrows, Home, End, Page Up and Page Down move in it. */

/** @param {HTMLElement} list */
const buttonsOf = (list) => [...list.querySelectorAll("button")];

/**
 * @param {HTMLElement} list its buttons can be in rows and columns
 * @param {{beforeEnd?: (position: number) => void}} [options] beforeEnd: called with the position that a key asks for,
 *   so that the list can add more buttons first
 */
export function moveByKeys(list, { beforeEnd = () => {} } = {}) {
  list.addEventListener("focusin", ({ target }) => {
    if (target instanceof HTMLButtonElement) makeTabStop(list, target);
  });
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const buttons = buttonsOf(list);
    const from = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    if (from < 0) return;
    const step = stepOf(event.key, buttons, from);
    if (step === null) return;
    event.preventDefault();
    beforeEnd(from + step);
    const all = buttonsOf(list);
    all[Math.min(Math.max(from + step, 0), all.length - 1)]?.focus();
  });
}

/**
 * Makes one button the Tab stop of its list.
 * @param {HTMLElement} list
 * @param {HTMLButtonElement} [button] by default the one that is it already, else the first one
 */
export function makeTabStop(list, button) {
  const buttons = buttonsOf(list);
  const stop = button ?? buttons.find(({ tabIndex }) => tabIndex === 0) ?? buttons[0];
  for (const one of buttons) one.tabIndex = one === stop ? 0 : -1;
}

/**
 * @param {string} key
 * @param {HTMLElement[]} buttons
 * @param {number} from position of the focus
 * @returns {number | null} how many buttons the key moves the focus; null for other keys
 */
function stepOf(key, buttons, from) {
  if (key === "ArrowLeft") return -1;
  if (key === "ArrowRight") return 1;
  if (key === "Home") return -from;
  if (key === "End") return buttons.length - 1 - from;
  const columns = countColumns(buttons);
  if (key === "ArrowUp") return from < columns ? null : -columns;
  if (key === "ArrowDown") return columns;
  const rows = Math.max(1, Math.floor(innerHeight / rowHeight(buttons, columns)) - 1);
  if (key === "PageUp") return -Math.min(rows * columns, from);
  if (key === "PageDown") return rows * columns;
  return null;
}

/** @param {HTMLElement} element */
const topOf = (element) => element.getBoundingClientRect().top;

/**
 * How many buttons the first row has.
 * @param {HTMLElement[]} buttons
 */
function countColumns([first, ...others]) {
  if (!first) return 1;
  const top = topOf(first);
  const next = others.findIndex((other) => topOf(other) > top + 1);
  return 1 + (next < 0 ? others.length : next);
}

/**
 * @param {HTMLElement[]} buttons
 * @param {number} columns
 */
function rowHeight([first, ...others], columns) {
  const below = others[columns - 1];
  return first && below ? Math.max(1, topOf(below) - topOf(first)) : innerHeight;
}
