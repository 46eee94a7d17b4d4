/** The API key: typed in, or brought by the address's fragment; kept for this tab alone. */

import { events, key } from "./api.js";
import { byId } from "./dom.js";

/** @param {() => void} onKey called with each new key in place */
export function startKey(onKey) {
  const field = byId("key");
  const use = (value) => {
    key.set(value);
    say("");
    onKey();
  };
  const fromAddress = () => {
    const brought = new URLSearchParams(location.hash.slice(1)).get("key");
    if (!brought) return false;
    // Neither the history nor a copied address is to hold the key.
    history.replaceState(null, "", location.pathname + location.search);
    field.value = brought;
    use(brought);
    return true;
  };
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    use(field.value.trim());
  });
  addEventListener("hashchange", fromAddress);
  events.addEventListener("refused", () => askForKey());
  field.value = key.get();
  if (fromAddress()) return;
  if (key.get()) onKey();
  else say("Nothing can be asked without it.");
}

/** Whether there is a key; asks for one where there is none. */
export function haveKey() {
  if (!key.get()) askForKey();
  return Boolean(key.get());
}

function askForKey() {
  say(key.get() ? "This API key is wrong: the API refuses it." : "The API key is missing.", true);
  byId("key").focus();
}

function say(text, wrong = false) {
  byId("key-state").textContent = text;
  byId("key-state").toggleAttribute("data-wrong", wrong);
  byId("key").setAttribute("aria-invalid", String(wrong));
}
