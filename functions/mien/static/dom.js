/** Elements and words. What comes from outside, such as a file's name, is only ever text: no HTML is made of it. */

const ANNOUNCE_MS = 3000;

/** The element of this ID, which index.html has. */
export const byId = (id) => document.getElementById(id);

/**
 * @param {string} tag
 * @param {Object} properties functions are listeners; what elements have is set as a property, all else as an attribute
 * @param {...(Node|string)} children strings become text
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A share of 1 in whole per cent, or with so many digits. What is not all, and not nothing, is not called so. */
export function percent(share, digits = 0) {
  const least = 10 ** -digits;
  const rounded = Number((100 * share).toFixed(digits));
  if (share > 0 && rounded === 0) return `<${least}%`;
  if (share < 1 && rounded === 100) return `>${(100 - least).toFixed(digits)}%`;
  return `${rounded.toFixed(digits)}%`;
}

export const number = (count) => count.toLocaleString("en");

/** A count with its noun. */
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** What a button says that shows some more: of `all`, of which `shown` are shown. */
export const showMore = (step, shown, all) => `Show ${number(Math.min(step, all - shown))} more of ${number(all)}`;

let announced = 0;
let waiting = null;

/** Says something to those who hear the page. Only the last of several in short order is said. */
export function announce(text) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    announced = Date.now();
    byId("announcer").textContent = text;
  }, Math.max(200, announced + ANNOUNCE_MS - Date.now()));
}
