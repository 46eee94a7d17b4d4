/** Reads the size of a picture from the first bytes of its file, without decoding the picture. */

/** @import { Size } from "../common/geometry.js" */

/**
 * @typedef {Size & {isCostly: boolean}} Header pixels before the EXIF orientation is applied; isCostly: the API accepts
 *   fewer pixels of this kind, because decoding them takes more memory
 */

// Bytes that hold the header of every format but JPEG.
const HEADER_BYTES = 64;
// Segments of a JPEG that are skipped until its size is found: a color profile and a depth map can take hundreds.
const MAX_SEGMENTS = 1000;
// JPEG segments with the size: SOF0 to SOF15 without DHT, JPG and DAC. Source: ITU-T T.81, table B.1.
const NO_FRAME = new Set([0xc4, 0xc8, 0xcc]);
const START_OF_SCAN = 0xda;
// PNG color types with color. Source: W3C, "PNG Specification", section 11.2.2.
const PNG_COLOR = new Set([2, 4, 6]);

/**
 * @param {File} file
 * @returns {Promise<Header | null>} null if the size is not found there, as in each TIFF
 */
export async function readHeader(file) {
  const view = await read(file, 0, HEADER_BYTES);
  if (view.byteLength < HEADER_BYTES / 2) return null;
  const start = textAt(view, 0, 4);
  if (start === "\x89PNG") return png(view);
  if (start.startsWith("GIF"))
    return { width: view.getUint16(6, true), height: view.getUint16(8, true), isCostly: false };
  if (start.startsWith("BM")) return bmp(view);
  if (start === "RIFF" && textAt(view, 8, 4) === "WEBP") return webp(view);
  return view.getUint16(0) === 0xffd8 ? jpeg(file) : null;
}

/**
 * The format of a file whose content is one that Mien does not read, or null. Phones name such files as they like.
 * @param {File} file
 * @returns {Promise<"heic" | "avif" | null>}
 */
export async function foreignFormat(file) {
  const view = await read(file, 0, 12);
  if (view.byteLength < 12 || textAt(view, 4, 4) !== "ftyp") return null;
  return textAt(view, 8, 4).startsWith("avi") ? "avif" : "heic";
}

/** @param {DataView} view */
function png(view) {
  const isCostly = view.getUint8(24) === 16 && PNG_COLOR.has(view.getUint8(25));
  return { width: view.getUint32(16), height: view.getUint32(20), isCostly };
}

/** @param {DataView} view */
function bmp(view) {
  // The height is negative if the first row is the top one.
  return { width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)), isCostly: false };
}

/**
 * Source: RFC 9649, "WebP Image Format".
 * @param {DataView} view
 */
function webp(view) {
  const chunk = textAt(view, 12, 4);
  if (chunk === "VP8 ") return webpSize(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
  if (chunk === "VP8L") {
    const bits = view.getUint32(21, true);
    return webpSize((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1);
  }
  return webpSize(1 + (view.getUint32(24, true) & 0xffffff), 1 + (view.getUint32(26, true) >>> 8));
}

/**
 * @param {number} width
 * @param {number} height
 */
const webpSize = (width, height) => ({ width, height, isCostly: true });

/**
 * @param {File} file
 * @returns {Promise<Header | null>}
 */
async function jpeg(file) {
  let position = 2;
  for (let segments = 0; segments < MAX_SEGMENTS; segments++) {
    const view = await read(file, position, 10);
    if (view.byteLength < 10 || view.getUint8(0) !== 0xff) return null;
    const marker = view.getUint8(1);
    if (marker === START_OF_SCAN) return null;
    if (marker >= 0xc0 && marker <= 0xcf && !NO_FRAME.has(marker)) {
      const isCmyk = view.getUint8(9) === 4;
      return { width: view.getUint16(7), height: view.getUint16(5), isCostly: isCmyk };
    }
    // Any number of bytes 0xff may stand before a marker.
    position += marker === 0xff ? 1 : 2 + view.getUint16(2);
  }
  return null;
}

/**
 * @param {File} file
 * @param {number} start
 * @param {number} length
 */
const read = async (file, start, length) => new DataView(await file.slice(start, start + length).arrayBuffer());

/**
 * @param {DataView} view
 * @param {number} start
 * @param {number} length
 */
const textAt = (view, start, length) =>
  String.fromCharCode(...new Uint8Array(view.buffer, start, Math.min(length, view.byteLength - start)));
