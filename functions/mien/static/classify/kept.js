/**
 * The user's choice of what is kept: nothing, or images and results in the inbox. The browser remembers it. If results
 * are lines, the page could not show those of the inbox, so it keeps nothing.
 */

import { resultFormat } from "../api/result-format.js";
import { byId } from "../common/dom.js";

/** @import { Route } from "./batch.js" */

const STORAGE_NAME = "mien-keep";

export function startKeptChoice() {
  const remembered = localStorage.getItem(STORAGE_NAME);
  for (const radio of radios()) {
    if (remembered) radio.checked = radio.value === remembered;
    radio.addEventListener("change", () => localStorage.setItem(STORAGE_NAME, radio.value));
  }
  resultFormat.addEventListener("changed", () => {
    byId("keep-in-inbox").hidden = resultFormat.hasLines;
    for (const radio of radios()) radio.checked = radio.value === "nothing";
  });
}

/** @returns {Route} how images are classified that are added now */
export const chosenRoute = () =>
  radios().some(({ checked, value }) => checked && value === "inbox") ? "inbox" : "direct";

const radios = () => [...byId("keep").querySelectorAll("input")];
