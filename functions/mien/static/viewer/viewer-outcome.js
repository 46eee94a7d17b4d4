/** The first words about an image in the viewer: the label of the chosen face, or why there is none. */

import { Problem } from "../api/http.js";
import { byId, element } from "../common/dom.js";
import { facelessWords, leftOutWords } from "../faces/faces.js";

/** @import { ResultDocument } from "../api/api.js" */
/** @import { Face } from "../faces/faces.js" */
/** @import { Outcome } from "../faces/outcome.js" */

/**
 * @param {Outcome} outcome
 * @param {Face | undefined} face the chosen one
 * @param {boolean} isNew whether the person has just asked for the label of the whole square
 */
export function showOutcome({ document, state, reason }, face, isNew) {
  byId("viewer-outcome").replaceChildren(element("strong", {}, words(document, face) || state));
  const leftOut = document ? leftOutWords(document) : "";
  showLine("viewer-left-out", isNew ? "Labelled whole, not stored." : leftOut);
  showLine("viewer-reason", reason);
}

/**
 * @param {ResultDocument | null} document
 * @param {Face | undefined} face
 */
function words(document, face) {
  if (document?.status === "no_face" || document?.status === "too_small") return facelessWords(document);
  return face && (face.expression?.label ?? "Too small to label");
}

/**
 * Offers to label the whole square of a picture without a face.
 * @param {(() => Promise<ResultDocument>) | null} label null if that is not possible, or not needed
 * @param {(document: ResultDocument) => void} onLabelled
 */
export function offerWhole(label, onLabelled) {
  const problem = element("p", { className: "reason", role: "alert" });
  const button = element("button", { type: "button" }, "Label the whole square anyway");
  button.addEventListener("click", async () => {
    if (!label || button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    button.textContent = "Labelling…";
    try {
      onLabelled(await label());
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem.textContent = error.detail;
    }
    button.ariaDisabled = "false";
    button.textContent = "Label the whole square anyway";
  });
  byId("viewer-whole").replaceChildren(...(label ? [button, problem] : []));
}

/**
 * @param {string} id
 * @param {string} text "" hides the line
 */
function showLine(id, text) {
  byId(id).textContent = text;
  byId(id).hidden = !text;
}
