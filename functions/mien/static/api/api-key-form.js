/** The form for the API key. The key is typed in, or comes with the page's address as in `#key=...`. */

import { byId } from "../common/dom.js";
import { apiKey } from "./api-key.js";
import { connection } from "./http.js";

/** @param {() => void} onKey called after each new key was stored */
export function startApiKeyForm(onKey) {
  const field = byId("key", HTMLInputElement);
  /** @param {string} value */
  const use = (value) => {
    apiKey.set(value);
    showState("");
    onKey();
  };
  /** Whether the address had a key. */
  const useKeyFromAddress = () => {
    const value = new URLSearchParams(location.hash.slice(1)).get("key");
    if (!value) return false;
    // Removes the key from the address, so that it stays out of the browser's history and of copied links.
    history.replaceState(null, "", location.pathname + location.search);
    field.value = value;
    use(value);
    return true;
  };
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    use(field.value.trim());
  });
  addEventListener("hashchange", useKeyFromAddress);
  connection.addEventListener("forbidden", () => askForKey());
  field.value = apiKey.get();
  if (useKeyFromAddress()) return;
  if (apiKey.get()) onKey();
  else showState("Enter the API key to use this page.");
}

/** Whether there is an API key. If there is none, the form asks the user for it. */
export function requireApiKey() {
  const exists = Boolean(apiKey.get());
  if (!exists) askForKey();
  return exists;
}

function askForKey() {
  showState(apiKey.get() ? "This API key is not valid." : "The API key is missing.", true);
  byId("key").focus();
}

/**
 * @param {string} text
 * @param {boolean} [isError]
 */
function showState(text, isError = false) {
  byId("key-state").textContent = text;
  byId("key-state").toggleAttribute("data-error", isError);
  byId("key").ariaInvalid = String(isError);
}
