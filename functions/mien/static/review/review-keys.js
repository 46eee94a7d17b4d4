/** Keys with which a person reviews faces in the grid, without opening them. */

import { modelHealth } from "../api/model-health.js";
import { announce } from "../common/announcer.js";
import { reviews } from "./review-store.js";
import { reviewer } from "./reviewer.js";
import { judgementOfKey, judgementWords } from "./verdicts.js";

/** @import { FaceTarget } from "./face-target.js" */

/**
 * @param {KeyboardEvent} event
 * @param {FaceTarget} target the face that has the focus
 * @returns {"reviewed" | "undone" | "nameless" | null} nameless: the person has to type a name first; null: the key means
 *   nothing here
 */
export function reviewByGridKey({ key, ctrlKey, metaKey, altKey, shiftKey }, target) {
  if (altKey || shiftKey) return null;
  if (key.toLowerCase() === (ctrlKey || metaKey ? "z" : "u") && reviews.canUndo) {
    reviews.undo();
    announce("The last review was undone.");
    return "undone";
  }
  if (ctrlKey || metaKey) return null;
  const judgement = judgementOfKey(key, modelHealth.labels, target.predicted);
  if (!judgement || (judgement.verdict === "not_a_face" && target.face === 0)) return null;
  if (!reviewer.get()) return "nameless";
  reviews.set(target, reviewer.get(), judgement);
  announce(`Reviewed: ${judgementWords(judgement)}.`);
  return "reviewed";
}
