/** Uploads a batch's images straight into the bucket, with presigned forms. */

import { getUploadForms } from "../api/api.js";
import { isAbort, Problem, retryAfter, upload } from "../api/http.js";
import { forEachConcurrently } from "../common/concurrency.js";
import { megabytes } from "../common/format.js";
import { repeat } from "./batch-requests.js";
import { isReadable, UNREADABLE } from "./image-files.js";

/** @import { UploadForms } from "../api/api.js" */
/** @import { OnProgress } from "../api/http.js" */
/** @import { Batch, BatchImage } from "./batch.js" */

const PARALLEL_UPLOADS = 6;
// Seconds before their expiry in which forms are not used any more. An upload that starts later could end after the expiry.
const EXPIRY_MARGIN = 60;

/**
 * Uploads all waiting images.
 * @param {Batch} batch
 * @returns {Promise<void>} rejects with a Problem if the API or the bucket refuses all images
 */
export function uploadWaiting(batch) {
  const forms = new FormCache(batch);
  const { signal } = batch.sending;
  return forEachConcurrently(batch.inState("waiting"), PARALLEL_UPLOADS, (image) => send(batch, forms, image), signal);
}

/** The forms of a batch, which are requested again shortly before they expire. */
class FormCache {
  /** @type {Promise<UploadForms> | null} */
  #forms = null;
  /** Time until which the forms are used, in milliseconds since 1970. */
  #usableUntil = 0;

  /** @param {Batch} batch */
  constructor(batch) {
    this.batch = batch;
  }

  /** Makes the next `get` request new forms. */
  clear() {
    this.#forms = null;
  }

  get() {
    if (!this.#forms || Date.now() >= this.#usableUntil) {
      // While the request runs, all uploads wait for the same forms.
      this.#usableUntil = Infinity;
      this.#forms = repeat(this.batch, this.batch.sending.signal, () => getUploadForms(this.batch.prefix)).then(
        (forms) => {
          this.#usableUntil = Date.now() + 1000 * (forms.expires_in - EXPIRY_MARGIN);
          return forms;
        },
      );
    }
    return this.#forms;
  }
}

/**
 * @param {Batch} batch
 * @param {FormCache} forms
 * @param {BatchImage} image
 */
async function send(batch, forms, image) {
  /** @param {number} sentFraction */
  const onProgress = (sentFraction) => batch.set(image, "sending", { sentFraction });
  try {
    await repeat(batch, batch.sending.signal, () => {
      onProgress(0);
      return post(forms, image, onProgress);
    });
    batch.set(image, "uploaded");
  } catch (problem) {
    if (isAbort(problem)) return batch.set(image, "not_sent");
    if (!(problem instanceof Problem)) throw problem;
    const state = problem.reason === "too_large" ? "unsuitable" : "failed";
    batch.set(image, state, { detail: problem.detail, reason: problem.reason });
  }
}

/**
 * Posts an image to the bucket.
 * @param {FormCache} forms
 * @param {BatchImage} image
 * @param {OnProgress} onProgress
 * @throws {Problem} if the file can't be read, is too large, or was not accepted
 */
async function post(forms, image, onProgress) {
  const response = await postOnce(await forms.get(), image, onProgress);
  if (response.ok) return;
  if (response.status !== 403) throw await problemFrom(response);
  // S3 answers with the same status to an expired form and to an invalid one. New forms help in the first case.
  forms.clear();
  const second = await postOnce(await forms.get(), image, onProgress);
  if (!second.ok) throw await problemFrom(second);
}

/**
 * @param {UploadForms} forms
 * @param {BatchImage} image
 * @param {OnProgress} onProgress
 */
async function postOnce({ url, prefix, max_bytes: maxBytes, forms }, { name, file, type }, onProgress) {
  if (!(await isReadable(file))) throw new Problem(400, "unreadable", UNREADABLE);
  if (file.size > maxBytes) {
    const sizes = `The file has ${megabytes(file.size, Math.ceil)}. The inbox accepts at most ${megabytes(maxBytes, Math.floor)}`;
    throw new Problem(413, "too_large", `${sizes}. Make the image smaller.`);
  }
  const body = new FormData();
  const fields = { ...forms[type ?? ""], key: prefix + name };
  for (const [field, value] of Object.entries(fields)) body.append(field, value);
  // S3 replaces "${filename}" within a key by the file's name. With this file name, such a key stays as it is.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's placeholder, not a template string
  body.append("file", file, "${filename}");
  return upload(url, { body, onProgress });
}

/**
 * The problem that S3 describes in XML.
 * @param {Response} response
 */
async function problemFrom(response) {
  const xml = new DOMParser().parseFromString(await response.text(), "application/xml");
  const code = xml.querySelector("Code")?.textContent ?? "unknown";
  const message = xml.querySelector("Message")?.textContent ?? `status ${response.status}`;
  return new Problem(response.status, code, `The bucket rejected the image: ${message}.`, retryAfter(response));
}
