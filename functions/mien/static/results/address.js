/** What the Results section shows, as a part of the page's address: it can be shared, reloaded and left with Back. */

import { fullRange, isFull, noFilter } from "./result-filter.js";

/** @import { Filter, Order, Range } from "./result-filter.js" */

/**
 * @typedef {object} View
 * @property {string} folder of the inbox, "" for all
 * @property {Filter} filter
 * @property {Order} order
 * @property {"faces" | "photos"} unit what one card shows
 * @property {boolean} bars whether the cards of faces have bars
 * @property {string} image name of the image in the viewer, or ""
 * @property {number} face number of the chosen face, from 1; 0 for none
 */

/** @returns {View} */
export const defaultView = () => ({
  folder: "",
  filter: noFilter(),
  order: "name",
  unit: "faces",
  bars: false,
  image: "",
  face: 0,
});

/**
 * @param {string} hash of an address
 * @returns {View | null} null if the address is about something else: a section of the page, or only the API key
 */
export function parseView(hash) {
  const values = new URLSearchParams(hash.slice(1));
  const hasKeyOnly = values.has("key") && values.size === 1;
  if (hash.length > 1 && (hasKeyOnly || !hash.includes("="))) return null;
  const order = values.get("order");
  return {
    folder: values.get("folder") ?? "",
    filter: {
      groups: new Set(values.getAll("show")),
      confidence: parseRange(values.get("confidence")),
      score: parseRange(values.get("score")),
    },
    order: order === "least" || order === "most" ? order : "name",
    unit: values.get("unit") === "photos" ? "photos" : "faces",
    bars: values.has("bars"),
    image: values.get("image") ?? "",
    face: Number.parseInt(values.get("face") ?? "", 10) || 0,
  };
}

/**
 * @param {View} view
 * @returns {string} "" if it is the default view
 */
export function formatView({ folder, filter, order, unit, bars, image, face }) {
  const values = new URLSearchParams();
  if (folder) values.set("folder", folder);
  for (const group of filter.groups) values.append("show", group);
  for (const name of /** @type {const} */ (["confidence", "score"])) {
    if (!isFull(filter[name])) values.set(name, `${filter[name].from}-${filter[name].to}`);
  }
  if (order !== "name") values.set("order", order);
  if (unit !== "faces") values.set("unit", unit);
  if (bars) values.set("bars", "1");
  if (image) values.set("image", image);
  if (image && face) values.set("face", String(face));
  // A slash needs no escape here, and names of folders stay readable.
  return values.size ? `#${String(values).replaceAll("%2F", "/")}` : "";
}

/**
 * @param {string | null} text such as "20-80"
 * @returns {Range}
 */
function parseRange(text) {
  const found = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text ?? "");
  return found ? { from: Math.min(Number(found[1]), 100), to: Math.min(Number(found[2]), 100) } : fullRange();
}

/**
 * Puts a view into the address.
 * @param {View} view
 * @param {{isStep: boolean}} options isStep: whether Back leads to the address from before
 */
export function writeAddress(view, { isStep }) {
  const url = location.pathname + location.search + formatView(view);
  if (url === location.pathname + location.search + location.hash) return;
  if (isStep) history.pushState({ isStep }, "", url);
  else history.replaceState(history.state, "", url);
}
