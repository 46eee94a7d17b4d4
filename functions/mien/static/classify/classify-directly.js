/** Classifies images with POST /classify. Nothing is stored. */

import { classify } from "../api/api.js";
import { Problem } from "../api/http.js";
import { limits } from "../api/limits.js";
import { sleep } from "../api/retry.js";
import { megabytes } from "../common/format.js";
import { repeat } from "./batch-requests.js";
import { excessWords } from "./image-checks.js";
import { isReadable, UNREADABLE } from "./image-files.js";
import { readHeader } from "./image-header.js";
import { makeSmallCopy } from "./small-copy.js";

/** @import { Batch, BatchImage } from "./batch.js" */

// Part of the API's limit that several images fill, because JSON needs some bytes too.
const FILLED = 0.88;
// Bytes of a smaller copy that is not made yet, as most photos have them.
const COPY_BYTES = 900_000;
const MAX_IMAGES = 100;
// The API's limit if its endpoint accepts one image per call.
const MAX_IMAGES_ONE_PER_CALL = 10;
const PARALLEL_REQUESTS = 2;
// Attempts for an image that had no answer within an answered request, and seconds between two of them.
const MAX_ATTEMPTS = 3;
const RETRY_DELAY = 3;

/** @typedef {{image: BatchImage, attempts: number}} Pending attempts: that failed so far */
/** @typedef {{pending: Pending[], maxImages: number}} Queue maxImages: per request */

/**
 * Classifies a batch's waiting images.
 * @param {Batch} batch
 * @throws {DOMException} AbortError, if the batch was cancelled
 */
export async function classifyDirectly(batch) {
  const pending = batch.inState("waiting").map((image) => ({ image, attempts: 0 }));
  const queue = { pending, maxImages: MAX_IMAGES };
  await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, () => sendAll(batch, queue)));
}

/**
 * @param {Batch} batch
 * @param {Queue} queue
 */
async function sendAll(batch, queue) {
  while (queue.pending.length && !batch.sending.signal.aborted) {
    const group = takeGroup(queue);
    try {
      await send(batch, queue, group);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (group.length > 1 && [413, 504].includes(problem.status)) {
        queue.maxImages = Math.min(MAX_IMAGES_ONE_PER_CALL, Math.ceil(group.length / 2));
        queue.pending.unshift(...group);
      } else {
        setProblem(batch, group, problem);
      }
    }
  }
}

/**
 * Removes as many images from the front of the queue as one request may hold, and at least one.
 * @param {Queue} queue
 */
function takeGroup({ pending, maxImages }) {
  let count = 0;
  let bytes = 0;
  for (const { image } of pending) {
    bytes += image.needsCopy ? COPY_BYTES : image.file.size;
    if (count > 0 && (count >= maxImages || bytes > FILLED * limits.requestBytes)) break;
    count++;
  }
  return pending.splice(0, count);
}

/**
 * Sends one request, and sets the results of its images.
 * @param {Batch} batch
 * @param {Queue} queue gets images that had no answer
 * @param {Pending[]} group
 */
async function send(batch, queue, group) {
  const readable = await withCopies(batch, await withoutUnreadable(batch, group));
  if (!readable.length) return;
  const images = readable.map(({ image }) => image);
  for (const image of images) batch.set(image, "sending", { sentFraction: 0 });
  const { signal } = batch.sending;
  const body = await requestBody(images);
  /** @param {number} sentFraction */
  const onProgress = (sentFraction) => {
    for (const image of images) batch.set(image, "sending", { sentFraction });
  };
  const answer = await repeat(batch, signal, () => classify({ ...body, signal, onProgress }));
  const documents = "results" in answer ? answer.results : [answer];
  /** @type {Pending[]} */
  const again = [];
  for (const [index, one] of readable.entries()) {
    const document = documents[index];
    if (document && document.status !== "failed") {
      batch.setResult(one.image, document);
      continue;
    }
    one.attempts++;
    const hasAttemptsLeft = one.attempts < MAX_ATTEMPTS;
    if (hasAttemptsLeft) again.push(one);
    batch.set(one.image, hasAttemptsLeft ? "waiting" : "failed", { detail: document?.detail ?? "" });
  }
  if (again.length) await sleep(RETRY_DELAY, signal);
  queue.pending.push(...again);
}

/**
 * The images whose files can be read. The others fail.
 * @param {Batch} batch
 * @param {Pending[]} group
 */
async function withoutUnreadable(batch, group) {
  const readable = await Promise.all(group.map(({ image }) => isReadable(image.file)));
  for (const [index, { image }] of group.entries()) {
    if (!readable[index]) batch.set(image, "failed", { detail: UNREADABLE });
  }
  return group.filter((_, index) => readable[index]);
}

/**
 * The images that can be sent: those whose files are too large get a smaller copy. Others are unsuitable.
 * @param {Batch} batch
 * @param {Pending[]} group
 */
async function withCopies(batch, group) {
  /** @type {Pending[]} */
  const sendable = [];
  for (const pending of group) {
    const { image } = pending;
    if (image.needsCopy) image.copy ??= await makeSmallCopy(image.file);
    if (!image.needsCopy || image.copy) sendable.push(pending);
    else await refuseWithoutCopy(batch, image);
  }
  return sendable;
}

/**
 * @param {Batch} batch
 * @param {BatchImage} image the browser can't decode it
 */
async function refuseWithoutCopy(batch, image) {
  const { file } = image;
  const noCopy = "This browser can’t make a smaller copy of it. Save it as JPEG";
  const excess = excessWords(file, await readHeader(file).catch(() => null));
  if (excess)
    return batch.set(image, "unsuitable", { detail: `${excess} ${noCopy} with fewer pixels, and add it again.` });
  const sizes = `The file has ${megabytes(file.size, Math.ceil)}; without storing it, at most ${megabytes(limits.requestBytes, Math.floor)} are possible.`;
  batch.set(image, "unsuitable", { detail: `${sizes} ${noCopy}, or store it in the inbox.`, wayOut: "inbox" });
}

/**
 * One image is the body itself. Several are JSON.
 * @param {BatchImage[]} images
 * @returns {Promise<{body: Blob | string, type: string}>}
 */
async function requestBody(images) {
  const [first, ...others] = images;
  if (first?.copy && !others.length) return { body: first.copy.blob, type: first.copy.blob.type };
  if (first?.type && !others.length) return { body: first.file, type: first.type };
  const encoded = await Promise.all(images.map(({ copy, file }) => toBase64(copy?.blob ?? file)));
  return { body: JSON.stringify({ images: encoded }), type: "application/json" };
}

/**
 * @param {Blob} file
 * @returns {Promise<string>}
 */
function toBase64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      const dataUrl = String(reader.result);
      resolve(dataUrl.slice(dataUrl.indexOf(",") + 1));
    };
    reader.onerror = () => reject(new Problem(400, "unreadable", UNREADABLE));
    reader.readAsDataURL(file);
  });
}

/**
 * Rejects or fails the images of a request.
 * @param {Batch} batch
 * @param {Pending[]} group
 * @param {Problem} problem
 */
function setProblem(batch, group, problem) {
  // A client error of a request with one image is about this image.
  const state = group.length === 1 && problem.status < 500 ? "rejected" : "failed";
  for (const { image } of group) batch.set(image, state, { detail: problem.detail, reason: problem.reason });
}
