/** Tells users of screen readers what changed on the page. */

import { byId } from "./dom.js";

// Pauses between two announcements, in milliseconds. A text that changes fast would otherwise never be read to its end.
const MIN_INTERVAL_MS = 3000;
// Time that several changes at once have, so that only the last of them is announced.
const SETTLE_MS = 200;

let lastAnnounced = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Announces a text. If several follow one another quickly, only the last is announced.
 * @param {string} text
 */
export function announce(text) {
  clearTimeout(timer);
  const delay = Math.max(SETTLE_MS, lastAnnounced + MIN_INTERVAL_MS - Date.now());
  timer = setTimeout(() => {
    lastAnnounced = Date.now();
    byId("announcer").textContent = text;
  }, delay);
}
