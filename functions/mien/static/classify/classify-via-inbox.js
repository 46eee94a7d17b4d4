/** Classifies images through the inbox: uploads them into the bucket, and polls the API for their results. */

import { pollResults } from "./inbox-polling.js";
import { uploadWaiting } from "./inbox-upload.js";

/** @import { Batch } from "./batch.js" */

/**
 * Uploads a batch's waiting images, and sets the results of all its uploaded ones.
 * @param {Batch} batch
 * @throws {Problem} if the API or the bucket refuses all images
 * @throws {DOMException} AbortError, if the user stopped the batch
 */
export async function classifyViaInbox(batch) {
  const uploading = uploadWaiting(batch).catch((problem) => {
    batch.cancel();
    throw problem;
  });
  // Images that are in the inbox get their results even if the upload of others has failed.
  const [upload] = await Promise.allSettled([uploading, pollResults(batch)]);
  if (upload.status === "rejected") throw upload.reason;
}
