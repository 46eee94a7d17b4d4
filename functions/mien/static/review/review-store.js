/** The reviews of faces: loads them, and saves those of the person who uses the page. Nothing is lost silently. */

import { Problem } from "../api/http.js";
import { withRetries } from "../api/retry.js";
import { deleteReview, listReviews, putReview } from "../api/reviews.js";
import { targetId } from "./face-target.js";

/** @import { Review } from "../api/reviews.js" */
/** @import { FaceTarget } from "./face-target.js" */
/** @import { Judgement } from "./verdicts.js" */

/**
 * @typedef {object} Entry what one person says about one face
 * @property {string} name of the image
 * @property {number} face
 * @property {string} reviewer
 * @property {Judgement | null} stored as the API has it
 * @property {Judgement | null} wanted as the person has it
 * @property {boolean} isSending
 * @property {string} problem a sentence that says why it could not be saved, or ""
 */

/** @typedef {{reviewer: string, judgement: Judgement}} Opinion */

/**
 * Dispatches "changed" when a review changes, or whether it is saved.
 */
class ReviewStore extends EventTarget {
  /** By the face's ID, and by reviewer. @type {Map<string, Map<string, Entry>>} */
  #entries = new Map();
  /** @type {{target: FaceTarget, reviewer: string, before: Judgement | null}[]} */
  #history = [];
  /** Folders whose reviews are loaded, or are being loaded. @type {Set<string>} */
  #folders = new Set();
  /** How many folders' reviews are being loaded. */
  #loading = 0;
  /** Why the reviews of a folder could not be loaded, or "". */
  problem = "";

  /**
   * What a person says about a face; null if nothing.
   * @param {FaceTarget} target
   * @param {string} reviewer
   */
  judgement(target, reviewer) {
    return this.#entries.get(target.id)?.get(reviewer)?.wanted ?? null;
  }

  /**
   * What all people say about a face.
   * @param {FaceTarget} target
   * @returns {Opinion[]} ordered by the people's names
   */
  opinions(target) {
    const entries = [...(this.#entries.get(target.id)?.values() ?? [])];
    const opinions = entries.flatMap(({ reviewer, wanted }) => (wanted ? [{ reviewer, judgement: wanted }] : []));
    return opinions.sort((a, b) => (a.reviewer < b.reviewer ? -1 : 1));
  }

  /**
   * Why a person's review of a face is not saved, or "".
   * @param {FaceTarget} target
   * @param {string} reviewer
   */
  problemOf(target, reviewer) {
    return this.#entries.get(target.id)?.get(reviewer)?.problem ?? "";
  }

  /** How many reviews could not be saved. */
  get unsaved() {
    return this.#all().filter(({ problem }) => problem).length;
  }

  /** Whether a review is not saved yet. */
  get isSaving() {
    return this.#all().some(({ stored, wanted }) => stored !== wanted);
  }

  get canUndo() {
    return this.#history.length > 0;
  }

  /**
   * Changes what a person says about a face, and saves it.
   * @param {FaceTarget} target
   * @param {string} reviewer
   * @param {Judgement} judgement
   */
  set(target, reviewer, judgement) {
    this.#history.push({ target, reviewer, before: this.judgement(target, reviewer) });
    return this.#want(target, reviewer, judgement);
  }

  /**
   * Restores what was said before the last `set`.
   * @returns {FaceTarget | null} the face; null if there is nothing to undo
   */
  undo() {
    const last = this.#history.pop();
    if (!last) return null;
    this.#want(last.target, last.reviewer, last.before);
    return last.target;
  }

  /** Saves again what could not be saved. */
  async retry() {
    await Promise.all(this.#all().map((entry) => (entry.problem ? this.#send(entry) : undefined)));
  }

  /**
   * Loads the reviews of a folder of the inbox in the background, page by page, unless they are loaded.
   * @param {string} prefix
   */
  async load(prefix) {
    if ([...this.#folders].some((loaded) => prefix.startsWith(loaded))) return;
    this.#folders.add(prefix);
    this.#loading++;
    this.problem = "";
    try {
      for (let after = ""; ; ) {
        const page = await this.#loadPage({ prefix, after });
        if (page.next === undefined) break;
        after = page.next;
      }
    } catch (problem) {
      this.#folders.delete(prefix);
      this.problem = sentence(problem);
    } finally {
      this.#loading--;
      this.#changed();
    }
  }

  get isLoading() {
    return this.#loading > 0;
  }

  /** @param {{prefix: string, after: string}} query */
  async #loadPage(query) {
    const page = await withRetries(() => listReviews(query));
    for (const review of page.reviews) this.#add(review);
    this.#changed();
    return page;
  }

  /** Forgets which folders are loaded, so that `load` asks for what other people have said since. */
  expire() {
    this.#folders.clear();
  }

  /** @param {Review} review */
  #add({ image, face, reviewer, verdict, label, note }) {
    const name = image.key.slice(image.key.indexOf("/") + 1);
    const entry = this.#entry(targetId(name, image.etag, face), name, face, reviewer);
    // What the person says now is newer than what the API had.
    if (entry.stored !== entry.wanted) return;
    const judgement = { verdict, ...(label !== undefined && { label }), ...(note !== undefined && { note }) };
    entry.stored = judgement;
    entry.wanted = judgement;
  }

  /**
   * @param {FaceTarget} target
   * @param {string} reviewer
   * @param {Judgement | null} judgement
   */
  #want({ id, name, face }, reviewer, judgement) {
    const entry = this.#entry(id, name, face, reviewer);
    entry.wanted = judgement;
    return this.#send(entry);
  }

  /**
   * @param {string} id of the face
   * @param {string} name
   * @param {number} face
   * @param {string} reviewer
   */
  #entry(id, name, face, reviewer) {
    const ofFace = this.#entries.get(id) ?? new Map();
    this.#entries.set(id, ofFace);
    /** @type {Entry} */
    const made = { name, face, reviewer, stored: null, wanted: null, isSending: false, problem: "" };
    const entry = ofFace.get(reviewer) ?? made;
    ofFace.set(reviewer, entry);
    return entry;
  }

  /**
   * Sends what a person says about a face. Two requests about the same face could arrive in the wrong order, so the
   * second waits for the first.
   * @param {Entry} entry
   */
  async #send(entry) {
    if (entry.isSending) return this.#changed();
    entry.isSending = true;
    entry.problem = "";
    this.#changed();
    try {
      while (entry.stored !== entry.wanted) {
        const { name, face, reviewer, wanted } = entry;
        if (wanted) await putReview(name, { face, reviewer, ...wanted });
        else await deleteReview(name, { face: String(face), reviewer });
        entry.stored = wanted;
      }
    } catch (problem) {
      entry.problem = sentence(problem);
    }
    entry.isSending = false;
    this.#changed();
    if (!entry.problem) await this.retry();
  }

  #all() {
    return [...this.#entries.values()].flatMap((ofFace) => [...ofFace.values()]);
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }
}

/** @param {unknown} problem */
function sentence(problem) {
  if (!(problem instanceof Problem)) throw problem;
  return problem.detail;
}

export const reviews = new ReviewStore();
