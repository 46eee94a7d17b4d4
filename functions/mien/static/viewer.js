/** One image large, with all that its document says; the arrow keys go on to the next. */

import { outcome, placeholder, reasons } from "./card.js";
import { byId, element, number, percent } from "./dom.js";

/**
 * @typedef {Object} Entry
 * @property {string} name
 * @property {import("./card.js").Outcome} outcome
 * @property {?Object} document whatever the API says of it
 * @property {() => {url: string, done: () => void}} source the picture's address, and what to call when it is not shown any
 *   more
 */

let entries = [];
let at = 0;
let done = () => {};

export function startViewer() {
  const viewer = byId("viewer");
  byId("viewer-previous").addEventListener("click", () => go(at - 1));
  byId("viewer-next").addEventListener("click", () => go(at + 1));
  byId("viewer-close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("close", () => done());
  viewer.addEventListener("click", (event) => event.target === viewer && viewer.close());
  viewer.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) go(at + step);
  });
}

/** @param {Entry[]} some @param {number} first its place among them */
export function view(some, first) {
  entries = some;
  byId("viewer").showModal();
  go(first);
}

function go(place) {
  if (place < 0 || place >= entries.length) return;
  at = place;
  done();
  const entry = entries[at];
  const source = entry.source();
  done = source.done;
  byId("viewer-name").textContent = entry.name;
  byId("viewer-place").textContent = `${number(at + 1)} of ${number(entries.length)}`;
  // Disabled buttons would lose the focus to nowhere.
  byId("viewer-previous").ariaDisabled = String(at === 0);
  byId("viewer-next").ariaDisabled = String(at === entries.length - 1);
  byId("viewer-picture").replaceChildren(picture(source.url, entry.name));
  byId("viewer-outcome").replaceChildren(...outcome(entry.outcome));
  byId("viewer-bars").replaceChildren(...reasons(entry.outcome, 1));
  byId("viewer-fields").replaceChildren(...fields(entry.document));
}

function picture(url, name) {
  const shown = element("img", { src: url, alt: `The image ${name}` });
  shown.addEventListener("error", () => shown.replaceWith(placeholder(name)));
  return shown;
}

/** What a document says of the image and the model, as rows of a list; of whichever fields it has. */
function fields(document) {
  const { image = {}, model = {}, reason, confidence } = document ?? {};
  const rows = {
    confidence: confidence === undefined ? undefined : percent(confidence, 2),
    reason,
    size: image.width ? `${image.width} × ${image.height} pixels` : undefined,
    bucket: image.bucket,
    key: image.key,
    version: image.version_id,
    ETag: image.etag,
    sequencer: image.sequencer,
    endpoint: model.endpoint,
    variant: model.variant,
    "model’s version": model.version,
    preprocessing: model.preprocessing,
  };
  const told = Object.entries(rows).filter(([, value]) => value);
  return told.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
}
