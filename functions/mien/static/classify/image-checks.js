/** Checks each image against every limit before anything is sent. */

import { limits } from "../api/limits.js";
import { forEachConcurrently } from "../common/concurrency.js";
import { extension, megabytes, number } from "../common/format.js";
import { foreignFormat, readHeader } from "./image-header.js";

/** @import { Batch, BatchImage } from "./batch.js" */
/** @import { Header } from "./image-header.js" */

const PARALLEL_READS = 6;
const MILLION = 1_000_000;
const EXPORT = "Export it as JPEG and add it again.";
// Extensions of cameras' own formats.
const RAW = new Set(["arw", "cr2", "cr3", "dng", "nef", "nrw", "orf", "pef", "raf", "raw", "rw2", "srw"]);
/** @type {Record<string, string>} */
const FOREIGN = {
  heic: `This is a HEIC picture, as iPhones take them. ${EXPORT}`,
  heif: `This is a HEIF picture. ${EXPORT}`,
  hif: `This is a HEIF picture. ${EXPORT}`,
  avif: `This is an AVIF picture. ${EXPORT}`,
  jxl: `This is a JPEG XL picture. ${EXPORT}`,
  svg: `This is an SVG drawing. ${EXPORT}`,
  pdf: "This is a PDF. Export its pages as JPEG and add them.",
  psd: `This is a Photoshop file. ${EXPORT}`,
};

/**
 * What to do with a file that Mien does not read.
 * @param {string} name
 */
function foreignWords(name) {
  const kind = extension(name).toLowerCase();
  if (RAW.has(kind)) return `This is a camera’s RAW picture. ${EXPORT}`;
  return FOREIGN[kind] ?? "This is not a JPEG, PNG, WebP, GIF, BMP or TIFF image.";
}

/**
 * Sets all waiting images that can't be sent to "unsuitable", with the reason and the way out.
 * @param {Batch} batch
 */
export async function checkImages(batch) {
  const { signal } = batch.sending;
  await forEachConcurrently(batch.inState("waiting"), PARALLEL_READS, (image) => check(batch, image), signal);
}

/**
 * @param {Batch} batch
 * @param {BatchImage} image
 */
async function check(batch, image) {
  const { name, file, type } = image;
  /** @type {(detail: string, wayOut?: BatchImage["wayOut"]) => void} */
  const refuse = (detail, wayOut) => batch.set(image, "unsuitable", { detail, ...(wayOut && { wayOut }) });
  if (!type) return refuse(foreignWords(name));
  if (!file.size) return refuse("The file is empty.");
  // A file that can't be read is reported when it is sent: it may be readable again until then.
  const foreign = await foreignFormat(file).catch(() => null);
  if (foreign) return refuse(foreignWords(`.${foreign}`));
  const excess = excessWords(file, await readHeader(file).catch(() => null));
  if (batch.route === "inbox") {
    if (excess) refuse(`${excess} The inbox does not accept that.`, "direct");
  } else if (excess || file.size > limits.requestBytes) {
    image.needsCopy = true;
  }
}

/**
 * Why the API does not accept an image wherever it comes from, or "".
 * @param {File} file
 * @param {Header | null} header
 */
export function excessWords(file, header) {
  if (file.size > limits.imageBytes) {
    return `The file has ${megabytes(file.size, Math.ceil)}, and at most ${megabytes(limits.imageBytes, Math.floor)} are possible.`;
  }
  if (!header) return "";
  const pixels = header.width * header.height;
  const most = header.isCostly ? limits.costlyPixels : limits.pixels;
  if (pixels <= most) return "";
  return `The image has ${number(Math.ceil(pixels / MILLION))} million pixels, and at most ${number(most / MILLION)} million of this kind are possible.`;
}
