/** The keys of the viewer, and the buttons that do the same. */

import { byId } from "../common/dom.js";
import { reviewByKey } from "../review/review-panel.js";
import { zoomViewer } from "./viewer-picture.js";

/**
 * @typedef {object} Steps
 * @property {(step: 1 | -1) => void} photo to the next or the previous one
 * @property {(step: 1 | -1) => void} face to the next or the previous one
 * @property {(photo: number) => void} toPhoto to the one at this position
 * @property {() => number} last position of the last photo
 */

/**
 * @param {HTMLElement} dialog
 * @param {Steps} steps
 */
export function startViewerKeys(dialog, steps) {
  /** @type {Record<string, () => void>} */
  const actions = {
    ArrowLeft: () => steps.photo(-1),
    ArrowRight: () => steps.photo(1),
    ArrowUp: () => steps.face(-1),
    ArrowDown: () => steps.face(1),
    Home: () => steps.toPhoto(0),
    End: () => steps.toPhoto(steps.last()),
    "+": () => zoomViewer("in"),
    // The same key as "+" on many keyboards, without Shift.
    "=": () => zoomViewer("in"),
    "-": () => zoomViewer("out"),
    0: () => zoomViewer("fit"),
    "?": toggleKeys,
  };
  dialog.addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.type !== "checkbox") return leaveField(event);
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    const action = hasModifier ? undefined : actions[event.key];
    if (action) action();
    else if (!reviewByKey(event)) return;
    // The arrows would scroll, and the letter would be typed into the field that gets the focus.
    event.preventDefault();
  });
  byId("viewer-previous").addEventListener("click", () => steps.photo(-1));
  byId("viewer-next").addEventListener("click", () => steps.photo(1));
  byId("viewer-previous-face").addEventListener("click", () => steps.face(-1));
  byId("viewer-next-face").addEventListener("click", () => steps.face(1));
  byId("viewer-keys-switch").addEventListener("click", toggleKeys);
}

/**
 * Escape leaves the note, and does not close the viewer. So does Enter.
 * @param {KeyboardEvent} event
 */
function leaveField(event) {
  const isNote = event.target === byId("review-note");
  if (event.key !== "Escape" && !(isNote && event.key === "Enter")) return;
  event.preventDefault();
  byId("viewer-close").focus();
}

function toggleKeys() {
  const keys = byId("viewer-keys");
  keys.hidden = !keys.hidden;
  byId("viewer-keys-switch").ariaExpanded = String(!keys.hidden);
}
