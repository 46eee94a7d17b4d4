/** Polls the API for the results of a batch's uploaded images. */

import { getResult, listResults } from "../api/api.js";
import { connection, Problem } from "../api/http.js";
import { sleep } from "../api/retry.js";
import { forEachConcurrently } from "../common/concurrency.js";
import { repeat } from "./batch-requests.js";
import { cursorAfter } from "./image-files.js";

/** @import { ResultQuery, StoredDocument } from "../api/api.js" */
/** @import { Batch, BatchImage } from "./batch.js" */

// Up to this many missing results are requested one by one. More are looked for in the list of all results.
const MAX_SINGLE_REQUESTS = 10;
const PARALLEL_REQUESTS = 4;
// Seconds between two polls: the first, the factor after each poll that found nothing, and the longest.
const FIRST_DELAY = 1;
const DELAY_FACTOR = 1.5;
const MAX_DELAY = 10;
// Seconds between two polls above which the page checks whether the model is up, and the shortest time from one such
// check to the next. Each check calls the model.
const HEALTH_CHECK_DELAY = 3;
const HEALTH_CHECK_INTERVAL = 30;

/** @typedef {<T>(attempt: () => Promise<T>) => Promise<T>} Retry */

/**
 * Polls until each image that was uploaded has a result.
 * @param {Batch} batch
 * @throws {Problem} if the API refuses the request
 * @throws {DOMException} AbortError, if the user stopped the batch
 */
export async function pollResults(batch) {
  const { signal } = batch.polling;
  /** @type {Retry} */
  const retry = (attempt) => repeat(batch, signal, attempt);
  let delay = FIRST_DELAY;
  let checked = Number.NEGATIVE_INFINITY;
  while (batch.inState("waiting", "sending", "uploaded").length) {
    await sleep(delay, signal);
    const missing = batch.inState("uploaded");
    if (missing.length > MAX_SINGLE_REQUESTS || batch.inState("waiting", "sending").length) {
      await findInList(batch, retry, {});
      await findInList(batch, retry, { status: "rejected" });
    } else {
      await forEachConcurrently(missing, PARALLEL_REQUESTS, (image) => findOne(batch, retry, image), signal);
    }
    const hasFound = missing.some((image) => image.state !== "uploaded");
    delay = hasFound ? FIRST_DELAY : Math.min(DELAY_FACTOR * delay, MAX_DELAY);
    // The queue looks the same whether it is long or waits for a model that is down.
    const now = performance.now() / 1000;
    if (delay > HEALTH_CHECK_DELAY && now - checked > HEALTH_CHECK_INTERVAL) {
      checked = now;
      connection.dispatchEvent(new Event("unavailable"));
    }
  }
}

/**
 * @param {Batch} batch
 * @param {Retry} retry
 * @param {BatchImage} image
 */
async function findOne(batch, retry, image) {
  try {
    batch.setResult(image, await retry(() => getResult(batch.prefix + image.name, batch.polling.signal)));
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 404) throw problem;
  }
}

/**
 * Reads the list of results in the order of names. Pages in which each image has its result already are skipped.
 * @param {Batch} batch
 * @param {Retry} retry
 * @param {Pick<ResultQuery, "status">} selection
 */
async function findInList(batch, retry, selection) {
  const { images, prefix, polling } = batch;
  const positions = new Map(images.map((image, position) => [cursorAfter(prefix + image.name), position]));
  let missing = nextMissing(images, 0);
  let after = cursorBefore(missing);
  while (missing >= 0) {
    const query = { ...selection, prefix, after };
    const page = await retry(() => listResults(query, polling.signal));
    /** @type {number | undefined} */
    let last;
    for (const document of page.results) {
      const position = positions.get(cursorWithin(prefix, document));
      if (position === undefined) continue;
      last = position;
      const image = images[position];
      if (image?.state === "uploaded") batch.setResult(image, document);
    }
    if (!page.next) return;
    // A page can be without an image of this batch, because others can upload into the same folder.
    missing = last === undefined ? missing : nextMissing(images, last + 1);
    after = last === undefined || missing === last + 1 ? page.next : cursorBefore(missing);
  }

  /** @param {number} position */
  function cursorBefore(position) {
    const previous = images[position - 1];
    return previous ? cursorAfter(prefix + previous.name) : "";
  }
}

/**
 * @param {string} prefix of the batch
 * @param {StoredDocument} document
 */
function cursorWithin(prefix, { image: { key } }) {
  return cursorAfter(key.slice(key.indexOf(prefix)));
}

/**
 * The position of the next image without a result, or -1.
 * @param {BatchImage[]} images
 * @param {number} from
 */
const nextMissing = (images, from) =>
  images.findIndex((image, position) => position >= from && image.state === "uploaded");
