/** Shows whether the model is available, and which version of Mien runs. */

import { byId } from "../common/dom.js";
import { getHealth } from "./api.js";
import { apiKey } from "./api-key.js";
import { connection, Problem } from "./http.js";
import { learnLimits } from "./limits.js";

/** @typedef {"up" | "down" | "unreachable" | "unknown"} HealthState */

// Seconds between two checks. They are more frequent while the model is down, so that the page notices its return soon.
const INTERVAL = 30;
const INTERVAL_WHILE_DOWN = 5;

/** @type {Record<HealthState, string>} */
const TEXTS = {
  up: "Model: available",
  down: "Model: unavailable",
  unreachable: "API: unreachable",
  unknown: "Model: unknown state",
};

/** The last known state. Dispatches "changed" when the state changes. */
class ModelHealth extends EventTarget {
  /** @type {HealthState} */
  state = "unknown";

  /** What the model tells apart, in its order; empty if the API has not said it. @type {string[]} */
  labels = [];
}

export const modelHealth = new ModelHealth();

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let isChecking = false;

/** Checks again when the page becomes visible, and when a request to the API fails. */
export function startModelHealth() {
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) checkHealth();
  });
  connection.addEventListener("unavailable", () => {
    if (modelHealth.state === "up") checkHealth();
  });
}

/** Checks now, and schedules the next check. */
export async function checkHealth() {
  if (isChecking || !apiKey.get()) return;
  clearTimeout(timer);
  isChecking = true;
  show(await currentState());
  isChecking = false;
  const seconds = modelHealth.state === "up" ? INTERVAL : INTERVAL_WHILE_DOWN;
  // An invalid key is not used again. A new key starts a new check.
  if (!document.hidden && modelHealth.state !== "unknown") timer = setTimeout(checkHealth, 1000 * seconds);
}

/** @returns {Promise<HealthState>} */
async function currentState() {
  try {
    const health = await getHealth();
    showVersion(health.version);
    learnLimits(health);
    if (health.labels) modelHealth.labels = health.labels;
    return "up";
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status === 403) return "unknown";
    return problem.status === 0 ? "unreachable" : "down";
  }
}

/** @param {string | undefined} version undefined if an older API does not tell its version */
function showVersion(version) {
  byId("version").textContent = version ? `Mien ${version}` : "";
  byId("version").hidden = !version;
}

/** @param {HealthState} state */
function show(state) {
  const hasChanged = state !== modelHealth.state;
  modelHealth.state = state;
  byId("health").dataset.state = state;
  byId("health").textContent = TEXTS[state];
  if (hasChanged) modelHealth.dispatchEvent(new Event("changed"));
}
