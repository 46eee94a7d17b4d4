/** One image with what became of it: a card of a list, and the bars, which others draw too. */

import { element, percent } from "./dom.js";

/**
 * A bar a class, in the order of the classes' names.
 * @param {Object<string, number>} probabilities
 * @param {number} digits of the percentages, behind the point
 */
export function bars(probabilities, digits = 0) {
  const list = element("ul", { className: "bars", ariaLabel: "Probability of each label" });
  for (const label of Object.keys(probabilities).sort()) list.append(element("li", {}, ...bar(label)));
  setBars(list, probabilities, digits);
  return list;
}

/** A class's name, its bar, and the place of a number: of a row of bars. */
export function bar(label) {
  const track = element("span", { className: "track", ariaHidden: "true" }, element("span"));
  return [element("span", { className: "class" }, label), track, element("span", { className: "share" })];
}

/** Sets what a row shows. share: of the bar's length; text: the number */
export function setBar(row, share, text) {
  row.querySelector(".track > span").style.width = `${100 * share}%`;
  row.querySelector(".share").textContent = text;
}

/** Moves bars that are there already: of the same classes. */
export function setBars(list, probabilities, digits = 0) {
  const most = Math.max(...Object.values(probabilities));
  for (const row of list.children) {
    const share = probabilities[row.firstChild.textContent];
    setBar(row, share, percent(share, digits));
    row.classList.toggle("most", share === most);
  }
}

/**
 * @typedef {Object} Outcome what is shown of an image
 * @property {?Object} document the API's, of an image that is classified
 * @property {string} state of another image: a word or a few
 * @property {string} why a sentence, where the image will get no label
 */

/** A label with its confidence, or the state. */
export function outcome({ document, state, why }) {
  if (document) return [element("strong", {}, document.label), " ", element("span", {}, percent(document.confidence))];
  return [element(why ? "strong" : "span", { className: why ? "wrong" : "quiet" }, state)];
}

/** All bars, or why there are none. */
export function reasons({ document, why }, digits = 0) {
  if (document) return [bars(document.probabilities, digits)];
  return why ? [element("p", { className: "why" }, why)] : [];
}

/**
 * @param {{name: string, picture: Node, onOpen: () => void}} image picture: what stands for it, small
 * @returns {{node: Element, show: (what: Outcome) => void}}
 */
export function card({ name, picture, onOpen }) {
  const properties = { type: "button", className: "picture", ariaLabel: `Open ${name}`, click: onOpen };
  const open = element("button", properties, picture);
  const said = element("p", { className: "outcome" });
  const shown = element("div");
  const caption = element("p", { className: "name", title: name }, ...shortened(name));
  const node = element("li", { className: "card" }, open, element("div", { className: "said" }, said, caption), shown);
  return {
    node,
    show(what) {
      said.replaceChildren(...outcome(what));
      shown.replaceChildren(...reasons(what));
    },
  };
}

/** A name as its innermost folder, and its file. */
function shortened(name) {
  const parts = name.split("/");
  const file = element("span", {}, parts.at(-1));
  if (parts.length === 1) return [file];
  return [element("span", { className: "quiet" }, `${parts.length > 2 ? "…/" : ""}${parts.at(-2)}/`), file];
}

/** Stands where no picture can be shown. */
export const placeholder = (name) => {
  const ending = name.includes(".") ? name.split(".").at(-1).slice(0, 5) : "file";
  return element("span", { className: "placeholder" }, ending.toUpperCase(), element("small", {}, "no preview"));
};
