/** The states of an image in a batch. */

/** @import { ResultDocument } from "../api/api.js" */

/**
 * waiting: not sent yet.
 * sending: a request is sending it.
 * uploaded: stored in the inbox, without a result yet.
 * unwatched: like uploaded, but the page has stopped looking for its result.
 * not_sent: cancelled before it was sent.
 * unsuitable: not sent, because the API would not accept it.
 * rejected: sent, and refused by the API or by the bucket.
 * Others: the status of the result document.
 * @typedef {"waiting" | "sending" | "uploaded" | "unwatched" | "not_sent" | "unsuitable" | ResultDocument["status"]} ImageState
 */

/** States of images whose result is final. @type {ImageState[]} */
export const DONE = ["classified", "no_face", "too_small", "rejected", "unsuitable", "failed"];
