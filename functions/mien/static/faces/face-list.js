/** Lists of an image's faces, largest first: the number that its box has, the label and the confidence. */

import { element } from "../common/dom.js";
import { number } from "../common/format.js";
import { faceWords } from "./faces.js";

/** @import { Face } from "./faces.js" */

// Rows of a short list, which is as high as the bars of seven labels.
const SHORT_LIST = 6;

/**
 * The first faces.
 * @param {Face[]} faces
 * @param {number} found how many faces the image has
 */
export function shortFaceList(faces, found) {
  const shown = faces.length <= SHORT_LIST + 1 ? faces : faces.slice(0, SHORT_LIST);
  const rows = shown.map((face) => element("li", {}, ...rowParts(face)));
  const rest = found - shown.length;
  if (rest) rows.push(element("li", { className: "muted" }, `and ${number(rest)} more`));
  return list(rows);
}

/**
 * All faces, as buttons.
 * @param {Face[]} faces
 * @param {number} chosen position of the face whose button is pressed
 * @param {(position: number) => void} onChoose
 */
export function faceButtons(faces, chosen, onChoose) {
  const buttons = faces.map((face, index) => {
    const pressed = String(index === chosen);
    return element("button", { type: "button", ariaPressed: pressed, onclick: () => choose(index) }, ...rowParts(face));
  });
  /** @param {number} position */
  const choose = (position) => {
    for (const [index, button] of buttons.entries()) button.ariaPressed = String(index === position);
    onChoose(position);
  };
  return list(buttons.map((button) => element("li", {}, button)));
}

/** @param {HTMLLIElement[]} rows */
const list = (rows) => element("ol", { className: "faces", ariaLabel: "Faces, largest first" }, ...rows);

/** @param {Face} face */
const rowParts = (face) => [element("span", { className: "number" }, String(face.number)), " ", faceWords(face)];
