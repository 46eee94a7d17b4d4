/**
 * The form for the API key. The key is typed in, or comes with the page's address as in `#key=...`. Once the API has
 * accepted it, the field folds away.
 */

import { announce } from "../common/announcer.js";
import { byId } from "../common/dom.js";
import { apiKey } from "./api-key.js";

const MISSING = "This page needs the API’s key.";
const REFUSED = "The API does not accept this key.";
const CHECKING = "Checking the key…";
const ACCEPTED = "The key works. This tab keeps it until you close it.";

// Whether the user opened the field although there is a key that works.
let isChanging = false;

/** @param {() => void} onKey called after each new key was stored */
export function startApiKeyForm(onKey) {
  const field = byId("key", HTMLInputElement);
  /** @param {string} value */
  const use = (value) => {
    isChanging = false;
    apiKey.set(value);
    onKey();
  };
  /** Whether the address had a key. */
  const useKeyFromAddress = () => {
    const values = new URLSearchParams(location.hash.slice(1));
    const value = values.get("key");
    if (!value) return false;
    // Removes the key from the address, so that it stays out of the browser's history and of copied links. The rest of
    // the address says which results are shown.
    values.delete("key");
    const rest = values.size ? `#${String(values).replaceAll("%2F", "/")}` : "";
    history.replaceState(null, "", location.pathname + location.search + rest);
    field.value = value;
    use(value);
    return true;
  };
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    use(field.value.trim());
  });
  byId("key-change").addEventListener("click", () => {
    isChanging = true;
    show();
    field.focus();
    field.select();
  });
  addEventListener("hashchange", useKeyFromAddress);
  apiKey.addEventListener("changed", showChange);
  field.value = apiKey.get();
  if (useKeyFromAddress()) return;
  show();
  if (apiKey.get()) onKey();
}

/** Asks the user for the key if there is none that can be used. What needs the key can wait for `apiKey.usable`. */
export function askForKey() {
  if (apiKey.isUsable) return;
  show();
  byId("key-state").toggleAttribute("data-error", true);
  announce(byId("key-state").textContent);
  byId("key").focus();
}

function showChange() {
  const hadFocus = byId("key-entry").contains(document.activeElement);
  show();
  announce(byId("key-state").textContent);
  if (apiKey.state === "refused") askForKey();
  // The field that had the focus is hidden now.
  else if (apiKey.state === "accepted" && hadFocus) byId("key-change").focus();
}

function show() {
  const { state } = apiKey;
  const isFolded = state === "accepted" && !isChanging;
  const needsHelp = state === "missing" || state === "refused" || isChanging;
  byId("key-entry").hidden = isFolded;
  byId("key-in-use").hidden = !isFolded;
  byId("key-help").hidden = !needsHelp;
  byId("key-state").textContent = isChanging
    ? ""
    : { missing: MISSING, refused: REFUSED, unchecked: CHECKING, accepted: ACCEPTED }[state];
  byId("key-state").toggleAttribute("data-error", state === "refused" && !isChanging);
  byId("key").ariaInvalid = String(state === "refused");
}
