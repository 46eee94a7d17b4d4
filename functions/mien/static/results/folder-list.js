/** The list of the inbox's folders, newest first, with their counts and times. */

import { listFolders } from "../api/api.js";
import { isAbort, Problem } from "../api/http.js";
import { byId, element } from "../common/dom.js";
import { counted, number } from "../common/format.js";
import { makeTabStop, moveByKeys } from "./list-keys.js";

/** @import { Folder } from "../api/api.js" */

// Pages of the API that are read at a time. It lists folders by name, and the newest can be on any page.
const PAGES = 5;

const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** @type {Map<string, Folder>} */
let folders = new Map();
/** `after` of the page that follows; null behind the last one. @type {string | null} */
let next = "";
let loading = new AbortController();
let chosen = "";
let choose = (/** @type {string} */ _prefix) => {};

/** @param {(prefix: string) => void} onChoose called with the folder that the user wants to see, "" for all */
export function startFolderList(onChoose) {
  choose = onChoose;
  byId("more-folders").addEventListener("click", () => loadPages());
  moveByKeys(byId("folder-list"));
}

/** Loads the list again. */
export function refreshFolders() {
  folders = new Map(folders);
  next = "";
  return loadPages();
}

/** @param {string} prefix the folder that is shown now */
export function markFolder(prefix) {
  chosen = prefix;
  for (const button of byId("folder-list").querySelectorAll("button")) mark(button);
  // The folder need not be in the list.
  makeTabStop(byId("folder-list"));
}

async function loadPages() {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  try {
    for (let count = 0; next !== null && count < PAGES; count++) {
      const page = await listFolders({ after: next }, signal);
      for (const folder of page.folders) folders.set(folder.prefix, folder);
      next = page.next ?? null;
      show();
    }
  } catch (problem) {
    // Without a list, the folder's name can still be typed.
    if (!isAbort(problem) && !(problem instanceof Problem)) throw problem;
  }
}

function show() {
  const sorted = [...folders.values()].sort((one, other) => ((one.written ?? "") < (other.written ?? "") ? 1 : -1));
  byId("folders").hidden = !sorted.length;
  byId("more-folders").hidden = next === null;
  const rows = sorted.filter(({ prefix }) => prefix).map((folder) => row(folder.prefix, describe(folder)));
  const focused = /** @type {HTMLElement} */ (document.activeElement)?.dataset.prefix;
  byId("folder-list").replaceChildren(row("", "everything in the inbox"), ...rows);
  makeTabStop(byId("folder-list"));
  if (focused === undefined) return;
  const again = [...byId("folder-list").querySelectorAll("button")].find(({ dataset }) => dataset.prefix === focused);
  again?.focus();
}

/**
 * @param {string} prefix
 * @param {string} description
 */
function row(prefix, description) {
  const name = element("span", { className: "line" }, prefix || "All folders");
  const details = element("small", { className: "line muted" }, description);
  const button = element("button", { type: "button", title: prefix, onclick: () => choose(prefix) }, name, details);
  button.dataset.prefix = prefix;
  mark(button);
  return element("li", {}, button);
}

/** @param {HTMLButtonElement} button */
function mark(button) {
  const isChosen = button.dataset.prefix === chosen;
  button.ariaCurrent = String(isChosen);
  button.tabIndex = isChosen ? 0 : -1;
}

/** @param {Folder} folder */
function describe({ documents, rejected, has_more: hasMore, written }) {
  const counts = hasMore ? `over ${number(documents)} results` : counted(documents, "result");
  const parts = [counts, rejected ? `${number(rejected)} rejected` : "", written ? time.format(new Date(written)) : ""];
  return parts.filter(Boolean).join(", ");
}
