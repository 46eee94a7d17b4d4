/** A run on the page: its progress in bars and words, and a card for each of its images. */

import { card } from "./card.js";
import { announce, counted, element, number, showMore } from "./dom.js";
import { health } from "./health.js";
import { thumbnail } from "./thumbnail.js";
import { view } from "./viewer.js";

// Cards that are made at a time: thousands at once would stop the page.
const CARDS = 60;

const WORDS = {
  waiting: "Waiting",
  sending: "Sending",
  sent: "In the inbox; its label will come",
  left: "In the inbox; its label will be among the results",
  unsent: "Not sent",
  rejected: "Rejected",
  failed: "Failed",
};

const MODEL_DOWN =
  "The model does not answer at present. The images are safe in the inbox, and get their labels once it does.";

export class RunView {
  /**
   * @param {import("./run.js").Run} run
   * @param {{onShow: (prefix: string) => void, onInbox: (found: Object[]) => void}} then onInbox: send these there instead
   */
  constructor(run, then) {
    Object.assign(this, { run, then, cards: new Map(), most: CARDS });
    this.build();
    this.listener = () => this.showProgress();
    health.addEventListener("changed", this.listener);
    run.addEventListener("changed", ({ detail }) => this.show(detail));
    run.addEventListener("over", () => this.sayEnd());
    this.showCards();
    this.showProgress();
  }

  build() {
    const { run } = this;
    const button = (text, click) => element("button", { type: "button", hidden: true, click }, text);
    this.sent = run.prefix ? progress("Sent") : null;
    this.done = progress(run.prefix ? "Done" : "Answered");
    this.words = element("p");
    this.notice = element("p", { className: "notice", hidden: true });
    this.cancel = button("Cancel", () => run.cancel());
    this.leave = button("Stop waiting", () => run.leave());
    this.again = button("Try these again", () => run.again());
    this.toInbox = button("", () => this.sendTooLarge());
    this.results = button("Show among the results", () => this.then.onShow(run.prefix));
    this.remove = button("Remove from this page", () => this.drop());
    this.without = element("input", { type: "checkbox", change: () => this.showCards() });
    this.filter = element("label", { className: "check", hidden: true }, this.without, " Only those without a label");
    this.list = element("ul", { className: "cards" });
    this.more = button("", () => this.showCards((this.most += CARDS)));
    const buttons = [this.cancel, this.leave, this.again, this.toInbox, this.results, this.remove];
    const bars = [this.sent, this.done].filter(Boolean).map(({ node }) => node);
    this.node = element("article", { className: "run" },
      element("h3", {}, title(run)), ...bars, this.words, this.notice, element("p", { className: "buttons" }, ...buttons),
      this.filter, this.list, this.more);
  }

  show(items) {
    for (const item of items) this.cards.get(item)?.show(shown(item));
    this.showProgress();
    if (this.without.checked) this.showCards();
  }

  showCards() {
    const { items } = this.run;
    const chosen = this.without.checked ? items.filter((item) => item.state !== "classified") : items;
    const some = chosen.slice(0, this.most);
    const nodes = some.map((item) => this.cardOf(item).node);
    // What stays is left in place: a card that moves loses the focus.
    if (nodes.length !== this.list.children.length || nodes.some((node, n) => node !== this.list.children[n])) {
      this.list.replaceChildren(...nodes);
    }
    this.more.hidden = some.length === chosen.length;
    this.more.textContent = showMore(CARDS, some.length, chosen.length);
  }

  cardOf(item) {
    if (!this.cards.has(item)) {
      const made = card({ name: item.name, picture: thumbnail(item.file, item.name), onOpen: () => this.open(item) });
      made.show(shown(item));
      this.cards.set(item, made);
    }
    return this.cards.get(item);
  }

  open(item) {
    const { items } = this.run;
    view(items.map(entryOf), items.indexOf(item));
  }

  showProgress() {
    const { run } = this;
    const count = (...states) => run.of(...states).length;
    const all = run.items.length;
    const toSend = run.items.filter((item) => !item.refused).length;
    this.sent?.set(toSend - count("waiting", "sending", "unsent"), toSend);
    this.done.set(count("classified", "rejected", "failed"), all);
    this.words.textContent = progressWords(count, all);
    this.showNotice(count("sent"));
    this.cancel.hidden = run.over || !count("waiting", "sending");
    this.leave.hidden = run.over || !this.cancel.hidden;
    this.again.hidden = !run.over || !count("failed", "unsent", "left");
    this.results.hidden = !run.over || !run.prefix;
    this.remove.hidden = !run.over;
    this.filter.hidden = count("classified") === all || all === 1;
    const large = run.items.filter((item) => item.tooLarge).length;
    this.toInbox.hidden = !large;
    const [them, are] = large === 1 ? ["it", "it is"] : [number(large), "they are"];
    this.toInbox.textContent = `Send ${them} to the inbox, where ${are} kept`;
    if (!run.over) announce(this.words.textContent);
  }

  showNotice(waiting) {
    const down = waiting && health.state === "down" && !this.run.over;
    const text = this.run.notice || (down ? MODEL_DOWN : "");
    this.notice.hidden = !text;
    if (this.notice.textContent === text) return;
    // A countdown changes each second, and is heard once.
    if (text && text.replace(/\d+ s/, "") !== this.notice.textContent.replace(/\d+ s/, "")) announce(text);
    this.notice.textContent = text;
  }

  sendTooLarge() {
    const large = this.run.items.filter((item) => item.tooLarge);
    for (const item of large) this.run.set(item, item.state, { tooLarge: false, detail: "Sent to the inbox instead." });
    this.then.onInbox(large.map(({ name, file }) => ({ name, file })));
  }

  sayEnd() {
    this.showProgress();
    announce(this.words.textContent);
  }

  drop() {
    health.removeEventListener("changed", this.listener);
    this.node.remove();
  }
}

function title(run) {
  const count = counted(run.items.length, "image");
  return run.prefix ? `${count} through the inbox, kept in ${run.prefix}` : `${count} answered at once, not kept`;
}

function progressWords(count, all) {
  const done = number(count("classified", "rejected", "failed"));
  const states = { labelled: "classified", rejected: "rejected", failed: "failed" };
  const parts = Object.entries(states).map(([word, state]) => `${number(count(state))} ${word}`);
  if (count("unsent")) parts.push(`${number(count("unsent"))} not sent`);
  return `${done} of ${counted(all, "image")} done: ${parts.join(", ")}.`;
}

/** @returns {import("./card.js").Outcome} */
function shown({ state, document, detail }) {
  return { document: state === "classified" ? document : null, state: WORDS[state], why: detail };
}

/** @returns {import("./viewer.js").Entry} */
function entryOf(item) {
  return { name: item.name, outcome: shown(item), document: item.document, source: () => sourceOf(item.file) };
}

function sourceOf(file) {
  const url = URL.createObjectURL(file);
  return { url, done: () => URL.revokeObjectURL(url) };
}

function progress(name) {
  const bar = element("progress", { ariaLabel: name });
  const said = element("span", { className: "share" });
  const node = element("div", { className: "progress" }, element("span", { ariaHidden: "true" }, name), bar, said);
  return {
    node,
    set(value, max) {
      // A bar of no length would be one that shows that nobody knows how long.
      Object.assign(bar, { max: max || 1, value });
      said.textContent = `${number(value)} of ${number(max)}`;
    },
  };
}
