/** Result documents as a reviewer looks at them: which, in what order, how many of each label, and as files. */

/** @typedef {{labels: Set<string>, from: number, to: number}} Filter labels: none means all; from, to: per cent */

/** An image's name, below the inbox. */
export const nameOf = (document) => document.image.key.slice(document.image.key.indexOf("/") + 1);

// Without the noise of binary fractions: 0.29 is 29 per cent, and not 28.999999999999996.
const inPerCent = (share) => Number((100 * share).toFixed(6));

/** Classified documents within a range of confidence, both ends included. */
export function inRange(documents, { from, to }) {
  return documents.filter(({ confidence }) => inPerCent(confidence) >= from && inPerCent(confidence) <= to);
}

export function labelled(documents, { labels }) {
  return labels.size ? documents.filter(({ label }) => labels.has(label)) : documents;
}

/** How many documents there are of each label that any of `all` knows, by the labels' names. */
export function counts(documents, all) {
  const known = new Set(all.flatMap((document) => Object.keys(document.probabilities)));
  const found = new Map([...known].sort().map((label) => [label, 0]));
  for (const { label } of documents) found.set(label, (found.get(label) ?? 0) + 1);
  return found;
}

const ORDERS = {
  least: (a, b) => a.confidence - b.confidence,
  most: (a, b) => b.confidence - a.confidence,
  name: () => 0,
};

/** @param {"least"|"most"|"name"} order names decide where it does not: documents come in the order of names */
export const ordered = (documents, order) => [...documents].sort(ORDERS[order]);

/** A table of the classified documents: image, label, confidence, and a column for each class. RFC 4180. */
export function csv(documents) {
  const classes = [...counts([], documents).keys()];
  const rows = documents.map((document) => [
    nameOf(document), document.label, document.confidence, ...classes.map((one) => document.probabilities[one] ?? ""),
  ]);
  const table = [["image", "label", "confidence", ...classes], ...rows];
  return table.map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
}

const quoted = (value) => (/[",\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);

/** The documents as they are stored: a picture's address is not, and would soon be of no use. */
export function jsonLines(documents) {
  const stored = documents.map(({ image: { url, ...image }, ...rest }) => ({ ...rest, image }));
  return stored.map((document) => `${JSON.stringify(document)}\n`).join("");
}
