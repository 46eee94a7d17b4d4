/** The names of folders, as people type or paste them. */

// The first folder of an address in the bucket says what is stored there, and not in which folder of the inbox.
const ROOTS = /^(?:inbox|results|rejected)(?:\/|$)/;

/**
 * A folder relative to the inbox. `s3://bucket/inbox/a/`, `inbox/a/`, `/a/` and `a/` are all the same folder.
 * @param {string} text
 */
export function folderFrom(text) {
  const path = text
    .trim()
    .replace(/^s3:\/\/[^/]*\/?/i, "")
    .replace(/^\/+/, "");
  return path.replace(ROOTS, "");
}
