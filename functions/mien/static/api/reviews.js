/** The API's operations on reviews, as openapi.yaml describes them. */

import { call, namePath } from "./api.js";

/**
 * @typedef {object} Review what a person said about a face
 * @property {{key: string, version_id: string | null, etag: string}} image
 * @property {number} face its number in the result document, from 1
 * @property {{label: string, confidence: number} | null} predicted what the model had said; null if the face has no label
 * @property {"right" | "label" | "not_a_face" | "unsure"} verdict
 * @property {string} [label] the true one; only with the verdict "label"
 * @property {string} [note]
 * @property {string} reviewer
 * @property {string} written when S3 stored it, as ISO 8601 in UTC
 */

/** @typedef {Pick<Review, "face" | "reviewer" | "verdict" | "label" | "note">} NewReview */

/**
 * Stores what a person says about a face, instead of what the same person said before.
 * @param {string} name the image's key, relative to the inbox
 * @param {NewReview} review
 * @returns {Promise<Review>}
 */
export const putReview = (name, review) =>
  call("PUT", `reviews/${namePath(name)}`, { body: JSON.stringify(review), type: "application/json" });

/**
 * Removes a review, if there is one.
 * @param {string} name the image's key, relative to the inbox
 * @param {{face: string, reviewer: string}} whose
 */
export const deleteReview = (name, whose) => call("DELETE", `reviews/${namePath(name)}?${new URLSearchParams(whose)}`);

/**
 * Up to 100 reviews, ordered by key.
 * @param {{prefix: string, after: string}} query prefix: folder of the inbox; after: `next` of the page before, or ""
 * @returns {Promise<{reviews: Review[], next?: string}>}
 */
export const listReviews = (query) => call("GET", `reviews?${new URLSearchParams(query)}`);
