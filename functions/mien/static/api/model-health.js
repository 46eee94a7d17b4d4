/**
 * Shows whether the model is available, and which version of Mien runs.
 *
 * Each check calls the model, which costs money and keeps a serverless model awake. So the page checks when it is opened
 * and when a request fails, and then only until the model is up. It never checks while nobody can see it.
 */

import { byId } from "../common/dom.js";
import { getHealth } from "./api.js";
import { apiKey } from "./api-key.js";
import { connection, Problem, STARTING } from "./http.js";
import { learnLimits } from "./limits.js";
import { describeModel } from "./model-words.js";
import { resultFormat } from "./result-format.js";

/** @typedef {"up" | "waking" | "down" | "unreachable" | "unknown"} HealthState */

// Seconds between two checks while the model is not up, if the API names no longer time.
const INTERVAL = 5;

/** @type {Record<HealthState, string>} */
const TEXTS = {
  up: "Model: available",
  waking: "Model: waking up; asking again…",
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
// Whether something happened since the last check that may mean another state.
let isDoubtful = true;

/** Checks when a request to the API fails. What happens while the page is hidden is checked when it becomes visible. */
export function startModelHealth() {
  document.addEventListener("visibilitychange", () => {
    if (isDoubtful || modelHealth.state !== "up") checkHealth();
  });
  connection.addEventListener("unavailable", () => {
    isDoubtful = true;
    if (modelHealth.state === "up") checkHealth();
  });
}

/** Checks now if the page is visible, and again after some seconds if the model is not up. */
export async function checkHealth() {
  if (isChecking || document.hidden || !apiKey.get()) return;
  clearTimeout(timer);
  isChecking = true;
  const { state, seconds = 0 } = await currentState();
  isChecking = false;
  isDoubtful = false;
  show(state);
  // An invalid key is not used again. A new key starts a new check.
  if (state === "up" || state === "unknown") return;
  timer = setTimeout(checkHealth, 1000 * Math.max(INTERVAL, seconds));
}

/** @returns {Promise<{state: HealthState, seconds?: number}>} seconds: after which the API asks to be asked again */
async function currentState() {
  try {
    const health = await getHealth();
    showVersion(health.version);
    learnLimits(health);
    describeModel(health);
    if (health.results === "lines") resultFormat.learnLines();
    if (health.labels) modelHealth.labels = health.labels;
    return { state: "up" };
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status === 403) return { state: "unknown" };
    if (problem.status === 0) return { state: "unreachable" };
    return { state: problem.reason === STARTING ? "waking" : "down", seconds: problem.retryAfter ?? 0 };
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
