/** One drop: its images, what has become of each, and the way that they go. */

import { Problem } from "./api.js";
import { atOnce, LARGEST } from "./atonce.js";
import { number } from "./dom.js";
import { typeOf } from "./files.js";
import { throughInbox } from "./inbox.js";

const CHANGED_MS = 100;

const going = new Set();

/** Whether any run has images that are not sent yet. */
export const sending = () => [...going].some((run) => run.of("waiting", "sending").length > 0);

/**
 * @typedef {Object} Item
 * @property {string} name the file's path within what was dropped
 * @property {File} file
 * @property {?string} type the image's content type
 * @property {"waiting"|"sending"|"sent"|"classified"|"rejected"|"failed"|"unsent"|"left"} state sent: lies in the inbox,
 *   and has no document yet; left: the same, and nobody looks for it any more
 * @property {?Object} document the API's
 * @property {string} detail of what has no label: why
 * @property {boolean} [refused] here, without being sent
 * @property {boolean} [tooLarge] to be answered at once
 */

/**
 * Dispatches "changed" with a Set of items as its detail, some times a second at most, and "over" when nothing goes on.
 * way: "inbox" or "once"; prefix: where the images are kept, below the inbox; sending, looking: end with these signals.
 */
export class Run extends EventTarget {
  constructor(found, way) {
    super();
    this.way = way;
    this.prefix = way === "inbox" ? newPrefix() : null;
    const fresh = { state: "waiting", document: null, detail: "" };
    this.items = found.map(({ name, file }) => ({ name, file, type: typeOf(file), ...fresh }));
    this.notice = "";
    this.over = false;
    this.touched = new Set();
    for (const item of this.items) this.refuse(item);
  }

  /** What needs no call to be refused. */
  refuse(item) {
    const refused = (detail, more) => this.set(item, "rejected", { refused: true, detail, ...more });
    if (!item.type) {
      refused("This is no JPEG, PNG, WebP, GIF, BMP or TIFF. It was not sent.");
    } else if (!item.file.size) {
      refused("The file is empty. It was not sent.");
    } else if (this.way === "once" && item.file.size > LARGEST) {
      const sizes = `${number(item.file.size)} bytes are more than the ${number(LARGEST)} that can be answered at once`;
      refused(`${sizes}. Only the inbox takes it.`, { tooLarge: true });
    }
  }

  of(...states) {
    return this.items.filter((item) => states.includes(item.state));
  }

  set(item, state, more = {}) {
    Object.assign(item, { state, ...more });
    this.touch(item);
  }

  /** What the document of an image says becomes of it. */
  settle(item, document) {
    this.set(item, document.status, { document, detail: document.detail ?? "" });
  }

  say(notice) {
    if (notice === this.notice) return;
    this.notice = notice;
    this.touch();
  }

  touch(item) {
    if (item) this.touched.add(item);
    this.timer ??= setTimeout(() => this.tell(), CHANGED_MS);
  }

  tell() {
    const detail = this.touched;
    this.timer = null;
    this.touched = new Set();
    this.dispatchEvent(new CustomEvent("changed", { detail }));
  }

  /** Sends what waits, until each image has its document or its failure. */
  async start() {
    this.over = false;
    going.add(this);
    this.sending = new AbortController();
    this.looking = new AbortController();
    this.say("");
    try {
      await (this.way === "inbox" ? throughInbox(this) : atOnce(this));
    } catch (error) {
      if (!(error instanceof Problem) && error.name !== "AbortError") throw error;
      if (error instanceof Problem) this.say(error.detail);
    } finally {
      this.end();
    }
  }

  end() {
    for (const item of this.of("waiting", "sending")) this.set(item, "unsent");
    for (const item of this.of("sent")) this.set(item, "left");
    this.over = true;
    going.delete(this);
    this.tell();
    this.dispatchEvent(new Event("over"));
  }

  /** Begins no other image. What is on its way arrives. */
  cancel() {
    this.sending.abort();
    for (const item of this.of("waiting")) this.set(item, "unsent");
  }

  /** Looks for no other document. */
  leave() {
    this.cancel();
    this.looking.abort();
  }

  /** Goes on with what failed, was not sent, or not looked for. */
  again() {
    for (const item of this.of("failed", "unsent")) this.set(item, "waiting", { detail: "" });
    for (const item of this.of("left")) this.set(item, "sent");
    return this.start();
  }
}

/** A folder that sorts by its time, and that no other tab has taken in the same second. */
function newPrefix() {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const chance = crypto.getRandomValues(new Uint16Array(1))[0].toString(16).padStart(4, "0");
  return `page/${time}Z-${chance}/`;
}
