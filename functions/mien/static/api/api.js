/** The API's operations, as openapi.yaml describes them. */

import { apiKey } from "./api-key.js";
import { connection, Problem, request, retryAfter, upload } from "./http.js";
import { RESULTS_ARE_LINES, resultFormat } from "./result-format.js";

/** @import { OnProgress } from "./http.js" */

/**
 * @typedef {object} StoredImage an image in the inbox
 * @property {string} bucket
 * @property {string} key begins with the inbox's prefix
 * @property {string | null} version_id
 * @property {string} etag
 * @property {string} sequencer
 * @property {number} [width] pixels
 * @property {number} [height] pixels
 * @property {string} [url] where the image can be fetched, for 900 seconds
 */

/**
 * @typedef {object} Model
 * @property {string} endpoint
 * @property {string} variant
 * @property {string} version
 * @property {string} preprocessing
 * @property {string} [detector] version of the face detector; "" if none was used
 */

/** @typedef {[left: number, top: number, right: number, bottom: number]} Box pixels of the upright image */

/**
 * @typedef {object} DetectedFace a face as a document describes it
 * @property {Box} box
 * @property {number} [score] the detector's, from 0 to 1; absent if the image was labelled whole
 * @property {Box} [crop] the square that the model saw, which can reach outside the image; absent without a label
 * @property {90 | 180 | 270} [turn] degrees counterclockwise by which the crop was turned
 * @property {string} [label] absent if the face is too small to be labelled
 * @property {number} [confidence] probability of the label, from 0 to 1
 * @property {Record<string, number>} [probabilities] one for each label, from 0 to 1
 */

/**
 * @typedef {object} Classified a result document with a label
 * @property {"classified"} status
 * @property {string} label of the largest face that has one
 * @property {number} confidence probability of the label, from 0 to 1
 * @property {Record<string, number>} probabilities one for each label, from 0 to 1
 * @property {DetectedFace[]} [faces] largest first; absent in documents of schema 1
 * @property {number} [faces_found] can be larger than the number of `faces`; absent in documents of schema 1
 * @property {Partial<StoredImage>} image only width and height if the image was classified directly
 * @property {Model} model
 */

/**
 * @typedef {object} Faceless a result document of an image without a face that can be labelled
 * @property {"no_face" | "too_small"} status no_face: none was found; too_small: none is large enough
 * @property {DetectedFace[]} faces
 * @property {number} faces_found
 * @property {Partial<StoredImage>} image
 * @property {Model} model
 */

/**
 * @typedef {object} Rejected a result document of an image that can never be classified
 * @property {"rejected"} status
 * @property {string} reason error code
 * @property {string} detail a sentence for the user
 * @property {Partial<StoredImage>} image
 */

/** @typedef {{status: "failed", reason: string, detail: string}} Failed an image that can be sent again */

/** @typedef {Classified | Faceless | Rejected | Failed} ResultDocument */

/**
 * @typedef {object} Stored what only stored documents have
 * @property {StoredImage} image
 * @property {string} [written] when the document was stored, such as "2026-11-26T20:00:00Z"; not part of the document
 */

/** @typedef {Classified & Stored} StoredClassified */
/** @typedef {Faceless & Stored} StoredFaceless */
/** @typedef {Rejected & Stored} StoredRejected */
/** @typedef {StoredClassified | StoredFaceless} StoredResult */
/** @typedef {StoredResult | StoredRejected} StoredDocument */

/** @typedef {{results: StoredDocument[], next?: string}} ResultPage next: `after` of the next page, if there is one */

/**
 * @typedef {object} UploadForms presigned forms that upload into the bucket
 * @property {string} url
 * @property {string} prefix beginning of each key, including the inbox's prefix
 * @property {number} max_bytes largest image that the bucket accepts
 * @property {number} expires_in seconds
 * @property {Record<string, Record<string, string>>} forms form fields by content type
 */

/**
 * @typedef {object} ResultQuery
 * @property {string} prefix folder of the inbox
 * @property {string} after `next` of the page before, or "" for the first page
 * @property {"rejected"} [status] otherwise all but rejected images
 * @property {string} [since] only documents that were written at this time or later
 */

/**
 * @typedef {object} Folder a folder of the inbox that has documents
 * @property {string} prefix "" for the images that are in no folder
 * @property {number} documents at most 1,000; with has_more there are others
 * @property {number} rejected
 * @property {boolean} has_more
 * @property {string | null} written when its newest document was stored, as far as documents were counted
 */

/** @typedef {{folders: Folder[], next?: string}} FolderPage next: `after` of the next page, if there is one */

/** Reason of a Problem: the API does not accept the API key. */
export const KEY_REFUSED = "key_refused";

// The address of this file is page/<version>/api/api.js below the API's root.
const API_ROOT = new URL("../../..", import.meta.url);

/**
 * The answer of GET /health. An older API tells only its status.
 * @typedef {object} Health
 * @property {"up"} status
 * @property {string} [version] of Mien
 * @property {string[]} [labels] in the model's order
 * @property {"find" | "whole"} [faces] whether faces are looked for in pictures
 * @property {"documents" | "lines"} [results] how results of images in the inbox are stored
 * @property {{size: number, color: "gray" | "rgb"}} [input] what the model sees: pixels per side, and the color
 * @property {number} [max_image_bytes] largest image that is classified
 * @property {number} [max_request_bytes] largest sum of the images that are classified directly with one request
 */

/**
 * Whether the model is available, and the limits of the API.
 * @returns {Promise<Health>}
 */
export const getHealth = () => call("GET", "health");

/**
 * Classifies one image, or several as JSON. Nothing is stored.
 * @param {CallOptions & {type: string, faces?: "find" | "whole"}} options
 *   type: content type of the body; faces: whether faces are looked for, if not as the stack's parameter Faces says
 * @returns {Promise<Classified | Faceless | {results: ResultDocument[]}>} one document, or several in the images' order
 */
export const classify = ({ faces, ...options }) =>
  call("POST", faces ? `classify?${new URLSearchParams({ faces })}` : "classify", options);

/**
 * Forms that upload images into a folder of the inbox.
 * @param {string} prefix the folder, relative to the inbox
 * @returns {Promise<UploadForms>}
 */
export const getUploadForms = (prefix) =>
  call("POST", "uploads", { body: JSON.stringify({ prefix }), type: "application/json" });

/**
 * Up to 100 result documents, ordered by key.
 * @param {ResultQuery} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<ResultPage>}
 */
export const listResults = (query, signal) => call("GET", `results?${new URLSearchParams({ ...query })}`, { signal });

/**
 * Folders of the inbox, in the order of their names.
 * @param {{after: string}} query after: `next` of the page before, or "" for the first page
 * @param {AbortSignal} [signal]
 * @returns {Promise<FolderPage>}
 */
export const listFolders = (query, signal) => call("GET", `folders?${new URLSearchParams(query)}`, { signal });

/**
 * The result document of one image. Throws a Problem with status 404 if there is none yet.
 * @param {string} name the image's key, relative to the inbox
 * @param {AbortSignal} [signal]
 * @returns {Promise<StoredDocument>}
 */
export const getResult = (name, signal) => call("GET", `results/${namePath(name)}`, { signal });

/**
 * An image's name as a part of an address.
 * @param {string} name
 */
export const namePath = (name) => name.split("/").map(encodeURIComponent).join("/");

/**
 * @typedef {object} CallOptions
 * @property {XMLHttpRequestBodyInit} [body]
 * @property {string} [type] content type of the body
 * @property {AbortSignal | undefined} [signal]
 * @property {OnProgress} [onProgress] called while the body is sent
 */

/**
 * Calls the API with the API key.
 * @param {string} method
 * @param {string} path relative to the API's root
 * @param {CallOptions} [options]
 * @returns {Promise<any>} the JSON that the API answered
 * @throws {Problem} if the API answered with an error, or did not answer
 * @throws {DOMException} AbortError, if the signal aborted
 */
export async function call(method, path, { body, type, signal, onProgress } = {}) {
  const key = apiKey.get();
  const headers = { "x-api-key": key, accept: "application/json", ...(type && { "content-type": type }) };
  const url = new URL(path, API_ROOT);
  const response =
    body && onProgress
      ? await upload(url, { headers, body, signal, onProgress })
      : await request(url, { method, headers, body: body ?? null, signal: signal ?? null, cache: "no-store" });
  apiKey.answered(key, response.status !== 403);
  if (response.status === 204) return null;
  if (response.ok) return response.json();
  const problem = await problemFrom(response);
  if (problem.status === 503) connection.dispatchEvent(new Event("unavailable"));
  if (problem.reason === RESULTS_ARE_LINES) resultFormat.learnLines();
  throw problem;
}

/** @param {Response} response */
async function problemFrom(response) {
  if (response.status === 403) return new Problem(403, KEY_REFUSED, "The API does not accept the key.");
  const { detail, reason } = await response.json().catch(() => ({}));
  const sentence = detail ?? `The API answered with status ${response.status}.`;
  return new Problem(response.status, reason ?? "unknown", sentence, retryAfter(response));
}
