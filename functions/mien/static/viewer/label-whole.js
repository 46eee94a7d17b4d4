/** Labels the central square of a picture in which no face was found. Nothing is stored. */

import { classify } from "../api/api.js";
import { Problem } from "../api/http.js";

/** @import { Classified, Faceless, ResultDocument } from "../api/api.js" */

/**
 * @param {ResultDocument | null} document
 * @param {File | undefined} file the picture, if it was chosen from the disk
 * @returns {(() => Promise<Classified | Faceless>) | null} null if it can't be labelled, or has a label
 */
export function labelWhole(document, file) {
  if (document?.status !== "no_face" && document?.status !== "too_small") return null;
  const { key } = document.image;
  if (key) {
    const body = JSON.stringify({ name: key.slice(key.indexOf("/") + 1) });
    return () => ask({ body, type: "application/json" });
  }
  return file ? () => ask({ body: file, type: file.type }) : null;
}

/**
 * @param {{body: Blob | string, type: string}} request
 * @returns {Promise<Classified | Faceless>}
 * @throws {Problem} with a sentence for the user
 */
async function ask(request) {
  const answer = await classify({ ...request, faces: "whole" });
  if ("results" in answer) throw new Problem(500, "unexpected", "The API answered with several results.");
  return answer;
}
