/** The documents of one folder: loaded page by page, and later looked for again. */

import { listResults } from "../api/api.js";
import { isAbort, Problem } from "../api/http.js";
import { withRetries } from "../api/retry.js";
import { DocumentList } from "./document-list.js";

/** @import { ResultQuery, StoredDocument } from "../api/api.js" */
/** @import { OnWait } from "../api/retry.js" */

/** The API has two lists of documents. @type {Pick<ResultQuery, "status">[]} */
const LISTS = [{}, { status: "rejected" }];
// Documents can become visible in another order than that of their times, so each look begins a little earlier.
const OVERLAP_MS = 10_000;

export class ResultStore {
  /** Folder of the inbox; null before the first call of `load`. @type {string | null} */
  folder = null;
  isLoading = false;
  /** Whether all documents are loaded that there were when loading began. */
  isComplete = false;
  /** How many documents are loaded so far, while loading. */
  loaded = 0;
  /** What went wrong, or "". */
  problem = "";
  #list = new DocumentList();
  #loading = new AbortController();
  /** Documents that were written before this time are known. "" if the API does not say times. */
  #since = "";
  #isLooking = false;

  /** @param {() => void} onChange called after each change */
  constructor(onChange) {
    this.onChange = onChange;
  }

  /** In the natural order of their names. */
  get documents() {
    return this.#list.sorted;
  }

  /** @param {string} name of the image */
  get(name) {
    return this.#list.get(name);
  }

  /**
   * Loads the documents of a folder. If it is the same folder as before, the old ones stay until all are loaded.
   * @param {string} folder
   * @returns {Promise<void>} never rejects; `problem` says what went wrong
   */
  async load(folder) {
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    const list = new DocumentList();
    if (folder !== this.folder || !this.documents.length) this.#list = list;
    Object.assign(this, { folder, isLoading: true, isComplete: false, loaded: 0, problem: "" });
    this.#since = "";
    this.onChange();
    try {
      await Promise.all(LISTS.map((query) => this.#loadPages({ ...query, prefix: folder, after: "" }, list, signal)));
      this.isComplete = true;
      this.#list = list;
    } catch (problem) {
      if (signal.aborted) return;
      this.#loading.abort();
      this.problem = problem instanceof Problem ? problem.detail : String(problem);
      // What was loaded is more than nothing, and says that it is not all.
      if (list.sorted.length > this.documents.length) this.#list = list;
    }
    this.isLoading = false;
    this.onChange();
  }

  /**
   * @param {ResultQuery} query
   * @param {DocumentList} list
   * @param {AbortSignal} signal
   */
  async #loadPages(query, list, signal) {
    /** @type {OnWait} */
    const onWait = (problem, seconds) => {
      const sentence = problem ? `${problem.detail} Retrying in ${seconds} s.` : "";
      if (sentence === this.problem) return;
      this.problem = sentence;
      this.onChange();
    };
    for await (const documents of pages(query, signal, onWait)) {
      // Documents that are written from now on can be on a page that was read already.
      if (!this.#since) this.#since = newest(documents);
      list.add(this.#list === list ? documents : this.#list.known(documents));
      this.loaded += documents.length;
      this.onChange();
    }
  }

  /** Adds the documents that were written since the last time. It does nothing while others are loaded. */
  async look() {
    if (!this.isComplete || this.#isLooking || (this.documents.length > 0 && !this.#since)) return;
    this.#isLooking = true;
    const { signal } = this.#loading;
    const since = newest(this.documents);
    const before = this.documents;
    try {
      for (const list of LISTS) await this.#lookAt({ ...list, prefix: this.folder ?? "", after: "" }, signal);
      this.#since = since;
    } catch (problem) {
      // The next look tries again.
      if (!(problem instanceof Problem) && !isAbort(problem)) throw problem;
    } finally {
      this.#isLooking = false;
    }
    if (this.documents !== before && !signal.aborted) this.onChange();
  }

  /**
   * @param {ResultQuery} query
   * @param {AbortSignal} signal
   */
  async #lookAt(query, signal) {
    const start = this.#since ? { since: earlier(this.#since) } : {};
    for await (const documents of pages({ ...query, ...start }, signal)) {
      if (!signal.aborted) this.#list.add(documents);
    }
  }
}

/**
 * All pages of a list.
 * @param {ResultQuery} query
 * @param {AbortSignal} signal
 * @param {OnWait} [onWait]
 */
async function* pages(query, signal, onWait = () => {}) {
  for (let after = /** @type {string | undefined} */ (query.after); after !== undefined; ) {
    const next = { ...query, after };
    const page = await withRetries(() => listResults(next, signal), { signal, onWait });
    yield page.results;
    after = page.next ?? undefined;
  }
}

/**
 * The latest time at which one of the documents was written, or "".
 * @param {StoredDocument[]} documents
 */
const newest = (documents) => documents.reduce((time, { written = "" }) => (written > time ? written : time), "");

/** @param {string} time such as "2026-11-26T20:00:00Z" */
const earlier = (time) => new Date(Date.parse(time) - OVERLAP_MS).toISOString().replace(/\.\d+Z$/, "Z");
