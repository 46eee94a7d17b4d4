/** What the Results section says about itself: what is shown, how far loading is, and what went wrong. */

import { apiKey } from "../api/api-key.js";
import { byId } from "../common/dom.js";
import { counted } from "../common/format.js";
import { imageName } from "../faces/stored-photo.js";
import { isEmpty } from "./result-filter.js";
import { countWords, crowdWords } from "./results-words.js";

/** @import { StoredDocument } from "../api/api.js" */
/** @import { Filter } from "./result-filter.js" */
/** @import { Item } from "./result-items.js" */
/** @import { ResultStore } from "./result-store.js" */

/** @typedef {{items: Item[], photos: StoredDocument[], filter: Filter, unsorted: number}} Shown what the person sees */

/**
 * @param {ResultStore} store
 * @param {Shown} shown unsorted: items that came while the person looked, and that are behind the others
 */
export function showStatus(store, { items, photos, filter, unsorted }) {
  const { documents, isLoading } = store;
  byId("results").ariaBusy = byId("refresh").ariaBusy = String(isLoading);
  setText("results-progress", progressWords(store));
  setText("results-error", store.problem);
  setText("results-status", statusWords(store, { items, photos, filter, unsorted }));
  byId("results-progress").hidden = !isLoading;
  byId("results-error").hidden = !store.problem;
  byId("clear-filters").hidden = !documents.length || isEmpty(filter);
  byId("sort-in").hidden = !unsorted;
  byId("sort-in").textContent = `Sort ${counted(unsorted, "new card")} in`;
}

/** @param {ResultStore} store */
function progressWords({ isLoading, isComplete, loaded, documents }) {
  if (!isLoading || isComplete) return "";
  if (!loaded) return documents.length ? "Looking for results…" : "Loading the first results…";
  return `${counted(loaded, "result")} loaded, more to come…`;
}

/**
 * @param {ResultStore} store
 * @param {Shown} shown
 */
function statusWords({ documents, isLoading, isComplete, problem, folder }, { items, photos, filter }) {
  if (!apiKey.get()) return "Enter the API key to see the results.";
  const where = folder ? ` in ${folder}` : "";
  if (!documents.length) {
    if (isLoading || folder === null) return "Loading…";
    return problem ? "The results could not be loaded." : `There are no results${where || " yet"}.`;
  }
  const found = items.length
    ? `${countWords(items, photos, documents, filter)}.`
    : `None of ${counted(documents.length, "result")} ${documents.length === 1 ? "matches" : "match"} the filters.`;
  return [found, coverageWords({ documents, isLoading, isComplete }), crowdWords(photos)].filter(Boolean).join(" ");
}

/**
 * What the counts, the order and the downloads cover.
 * @param {Pick<ResultStore, "documents" | "isLoading" | "isComplete">} store
 */
function coverageWords({ documents, isLoading, isComplete }) {
  if (isLoading) return "Not all results are loaded yet: counts and order are about those that are.";
  if (isComplete) return "All results are loaded.";
  const last = documents.at(-1);
  return `Only results up to ${last ? imageName(last) : ""} are loaded.`;
}

/**
 * Sets a text only if it is another one, because screen readers read a text again that is set again.
 * @param {string} id
 * @param {string} text
 */
function setText(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}
