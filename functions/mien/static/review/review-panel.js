/** The buttons with which a person reviews the chosen face in the viewer. */

import { byId, element } from "../common/dom.js";
import { number } from "../common/format.js";
import { reviews } from "./review-store.js";
import { reviewer } from "./reviewer.js";
import { judgementOfKey, judgementOfLabel, judgementWords, labelKey, VERDICT_KEYS } from "./verdicts.js";

/** @import { FaceTarget } from "./face-target.js" */
/** @import { Judgement, Verdict } from "./verdicts.js" */

/**
 * @typedef {object} Surroundings what the panel needs from the viewer
 * @property {() => void} onNext goes on to the next face that is not reviewed
 * @property {(target: FaceTarget) => void} onUndone goes to the face whose review was undone
 * @property {() => {reviewed: number, total: number}} progress faces of the images that the viewer shows
 */

/** @typedef {{button: HTMLButtonElement, judgement: Judgement}} Choice */

/** @type {[Exclude<Verdict, "label">, string][]} */
const VERDICTS = [
  ["right", "Right"],
  ["not_a_face", "Not a face"],
  ["unsure", "Not sure"],
];

/** @type {FaceTarget | null} */
let target = null;
/** @type {string[]} */
let labels = [];
/** @type {Choice[]} */
let choices = [];
/** Notes that belong to no verdict yet, by the face's ID. @type {Map<string, string>} */
const drafts = new Map();
let isNaming = false;
/** @type {Surroundings} */
let surroundings;

/** @param {Surroundings} viewer */
export function startReviewPanel(viewer) {
  surroundings = viewer;
  byId("reviewer-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = byId("reviewer", HTMLInputElement).value.trim();
    if (!name) return;
    reviewer.set(name);
    isNaming = false;
    byId("review-choices").querySelector("button")?.focus();
    show();
  });
  byId("reviewer-change").addEventListener("click", () => askForName());
  byId("review-undo").addEventListener("click", undoReview);
  byId("review-retry").addEventListener("click", () => reviews.retry());
  byId("review-load").addEventListener("click", () => reviews.load(""));
  byId("review-note").addEventListener("change", saveNote);
  reviews.addEventListener("changed", show);
  addEventListener("online", () => reviews.retry());
  addEventListener("beforeunload", (event) => {
    // The browser asks whether to leave.
    if (reviews.isSaving) event.preventDefault();
  });
}

/**
 * Shows the review of another face.
 * @param {FaceTarget | null} next null if there is no face, or if it is not stored
 * @param {string[]} possible the labels in the order of their keys
 */
export function showReview(next, possible) {
  target = next;
  if (labels.join("\n") !== possible.join("\n") || !choices.length) makeChoices(possible);
  const note = target && (drafts.get(target.id) ?? own(target)?.note);
  byId("review-note", HTMLInputElement).value = note ?? "";
  show();
}

/** @param {string[]} possible */
function makeChoices(possible) {
  labels = possible;
  const verdicts = VERDICTS.map(([verdict, words]) => choice({ verdict }, words, VERDICT_KEYS[verdict]));
  const others = labels.map((label, index) => choice({ verdict: "label", label }, label, labelKey(index)));
  choices = [...verdicts, ...others];
  byId("review-choices").replaceChildren(...verdicts.map(({ button }) => button));
  byId("review-labels").replaceChildren(...others.map(({ button }) => button));
}

/**
 * @param {Judgement} judgement
 * @param {string} words
 * @param {string} key
 * @returns {Choice}
 */
function choice(judgement, words, key) {
  const shown = key ? [" ", element("kbd", {}, key)] : [];
  const button = element("button", { type: "button" }, words, ...shown);
  if (key) button.setAttribute("aria-keyshortcuts", key);
  button.addEventListener("click", () => {
    if (button.ariaDisabled === "true") return;
    judge(judgement.label === undefined ? judgement : judgementOfLabel(judgement.label, target?.predicted ?? null));
  });
  return { button, judgement };
}

/**
 * Reviews the face if a key says so.
 * @param {KeyboardEvent} event
 * @returns {boolean} whether the key was used
 */
export function reviewByKey(event) {
  const { key, ctrlKey, metaKey } = event;
  const isUndo = key.toLowerCase() === (ctrlKey || metaKey ? "z" : "u");
  if (isUndo && !event.shiftKey && !event.altKey && reviews.canUndo) {
    undoReview();
    return true;
  }
  if (!target || ctrlKey || metaKey || event.altKey) return false;
  if (key === "n") {
    byId("review-note").focus();
    return true;
  }
  const judgement = judgementOfKey(key, labels, target.predicted);
  if (!judgement || (judgement.verdict === "not_a_face" && target.face === 0)) return false;
  judge(judgement);
  return true;
}

/** @param {Judgement} judgement */
function judge(judgement) {
  if (!target) return;
  if (!reviewer.get()) return askForName();
  const note = byId("review-note", HTMLInputElement).value.trim();
  drafts.delete(target.id);
  reviews.set(target, reviewer.get(), { ...judgement, ...(note && { note }) });
  if (byId("review-go-on", HTMLInputElement).checked) surroundings.onNext();
}

/** A note without a verdict is kept until there is one. */
function saveNote() {
  if (!target) return;
  const note = byId("review-note", HTMLInputElement).value.trim();
  const judgement = own(target);
  if (!judgement) {
    drafts.set(target.id, note);
    return;
  }
  const { note: before = "", ...rest } = judgement;
  if (note !== before) reviews.set(target, reviewer.get(), { ...rest, ...(note && { note }) });
}

function undoReview() {
  const undone = reviews.undo();
  if (undone) surroundings.onUndone(undone);
}

function askForName() {
  isNaming = true;
  show();
  byId("reviewer", HTMLInputElement).value = reviewer.get();
  byId("reviewer").focus();
}

/** @param {FaceTarget} face */
const own = (face) => reviews.judgement(face, reviewer.get());

function show() {
  byId("review").hidden = !target;
  if (!target) return;
  const name = reviewer.get();
  byId("reviewer-form").hidden = Boolean(name) && !isNaming;
  byId("reviewer-name").textContent = name ? `You review as ${name}.` : "";
  byId("reviewer-change").hidden = !name || isNaming;
  showChoices(target);
  const { reviewed, total } = surroundings.progress();
  byId("review-progress").textContent = `${number(reviewed)} of ${number(total)} faces reviewed`;
  byId("review-undo").ariaDisabled = String(!reviews.canUndo);
  showState(target);
}

/** @param {FaceTarget} face */
function showChoices(face) {
  const judgement = own(face);
  for (const { button, judgement: possible } of choices) {
    const isChosen = possible.verdict === judgement?.verdict && possible.label === judgement.label;
    button.ariaPressed = String(isChosen);
    // That there is no face is right, if none was found.
    button.ariaDisabled = String(possible.verdict === "not_a_face" && face.face === 0);
  }
}

/** @param {FaceTarget} face */
function showState(face) {
  const problem = reviews.problemOf(face, reviewer.get());
  const { unsaved } = reviews;
  byId("review-state").textContent = problem ? `Not saved: ${problem}` : "";
  byId("review-retry").hidden = !unsaved;
  byId("review-retry").textContent = `Save again (${number(unsaved)} not saved)`;
  byId("review-load-problem").hidden = !reviews.problem;
  byId("review-load-words").textContent = `Reviews could not be loaded: ${reviews.problem}`;
  const others = reviews.opinions(face).filter((opinion) => opinion.reviewer !== reviewer.get());
  byId("review-others").textContent = others
    .map((opinion) => `${opinion.reviewer}: ${judgementWords(opinion.judgement)}${noteWords(opinion.judgement)}`)
    .join("; ");
}

/** @param {Judgement} judgement */
const noteWords = ({ note }) => (note ? ` (“${note}”)` : "");
