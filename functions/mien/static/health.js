/** Whether the model answers: asked seldom while it does, and more often while it does not. */

import { call, events, key, Problem } from "./api.js";
import { byId } from "./dom.js";

const SECONDS = 30;
const SECONDS_DOWN = 5;

const SENTENCES = {
  up: "Model: answers",
  down: "Model: does not answer",
  unreachable: "API: can’t be reached",
  unknown: "Model: not known",
};

/** "changed" is dispatched when the state is another one. */
export const health = Object.assign(new EventTarget(), { state: "unknown" });

let timer = null;
let asking = false;

export function startHealth() {
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  events.addEventListener("trouble", () => health.state === "up" && ask());
}

/** Asks now, and from then on by itself. */
export async function ask() {
  if (asking || !key.get()) return;
  clearTimeout(timer);
  asking = true;
  show(await state());
  asking = false;
  const seconds = health.state === "up" ? SECONDS : SECONDS_DOWN;
  // A wrong key is not tried again: whoever types another one asks anew.
  if (!document.hidden && health.state !== "unknown") timer = setTimeout(ask, 1000 * seconds);
}

async function state() {
  try {
    await call("GET", "health");
    return "up";
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status === 403) return "unknown";
    return problem.status === 0 ? "unreachable" : "down";
  }
}

function show(state) {
  const changed = state !== health.state;
  health.state = state;
  byId("health").dataset.state = state;
  byId("health").textContent = SENTENCES[state];
  if (changed) health.dispatchEvent(new Event("changed"));
}
