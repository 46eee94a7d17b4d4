/** The API's limits for images. Until GET /health has told them, they are those of the API of the same version. */

/** @import { Health } from "./api.js" */

export const limits = {
  /** Largest image that is classified, in bytes. */
  imageBytes: 16_777_216,
  /** Largest sum of the images of one request that classifies directly, in bytes: Lambda accepts 6 MB of base64. */
  requestBytes: 4_500_000,
  /** Most pixels of an image. */
  pixels: 50_000_000,
  /** Most pixels of an image that takes more memory: WebP, TIFF, CMYK, 16-bit color. */
  costlyPixels: 20_000_000,
};

/** @param {Health} health */
export function learnLimits({ max_image_bytes: imageBytes, max_request_bytes: requestBytes }) {
  if (imageBytes) limits.imageBytes = imageBytes;
  if (requestBytes) limits.requestBytes = requestBytes;
}
