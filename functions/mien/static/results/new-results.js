/** Looks for new results in the background, and finds out whether they may move what the person looks at. */

import { apiKey } from "../api/api-key.js";
import { sleep } from "../api/retry.js";
import { byId } from "../common/dom.js";

/** @import { ResultStore } from "./result-store.js" */

// Seconds between two looks for new results. A look at many results takes longer, and then the pause is longer too.
const LOOK_PAUSE = 10;
const LOOK_SHARE = 10;

/**
 * Looks as long as the page is open, but not while nobody sees it.
 * @param {ResultStore} store
 */
export async function lookAgainAndAgain(store) {
  for (let pause = LOOK_PAUSE; ; ) {
    await sleep(pause);
    const start = performance.now();
    if (document.visibilityState === "visible" && apiKey.get()) await store.look();
    pause = Math.max(LOOK_PAUSE, (LOOK_SHARE * (performance.now() - start)) / 1000);
  }
}

/** Whether the person looks at cards, which then stay where they are. */
export function isLookedAt() {
  const list = byId("results");
  const isUnderMouse = matchMedia("(hover: hover)").matches && list.matches(":hover");
  const isInside = list.contains(document.activeElement) || list.getBoundingClientRect().top < 0;
  return byId("viewer", HTMLDialogElement).open || isUnderMouse || isInside;
}
