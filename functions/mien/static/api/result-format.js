/**
 * How the application stores results: a document for each image, which the API lists, or JSON Lines, which it does not.
 *
 * The page takes documents for granted. It learns of lines from GET /health or, while the model does not answer, from
 * the API's refusal to list documents.
 */

/** Reason of a Problem: there are no documents and no reviews. */
export const RESULTS_ARE_LINES = "results_are_lines";

/** Dispatches "changed" when the page learns that results are lines. */
class ResultFormat extends EventTarget {
  hasLines = false;

  learnLines() {
    if (this.hasLines) return;
    this.hasLines = true;
    this.dispatchEvent(new Event("changed"));
  }
}

export const resultFormat = new ResultFormat();
