/** What lies under results/: pages of documents, filtered and ordered for those who review them. */

import { call, documentPath, key, patiently } from "./api.js";
import { bar, card, placeholder, setBar } from "./card.js";
import { byId, counted, element, number, showMore } from "./dom.js";
import { counts, csv, inRange, jsonLines, labelled, nameOf, ordered } from "./documents.js";
import { view } from "./viewer.js";

// Documents that are loaded at a time, and cards that are made at a time.
const LOAD = 1000;
const CARDS = 60;

// By status: the documents so far, and after which the next page begins ("" before the first, null behind the last).
const nothing = () => ({ classified: { documents: [], next: "" }, rejected: { documents: [], next: "" } });

const labels = new Set();
const cards = new WeakMap();
let loaded = nothing();
let wanted = LOAD;
let most = CARDS;
let loading = null;

export function startGallery() {
  byId("filters").addEventListener("submit", (event) => {
    event.preventDefault();
    refresh();
  });
  for (const id of ["order", "from", "to"]) byId(id).addEventListener("input", () => showFrom(CARDS));
  byId("prefix").addEventListener("change", () => refresh());
  byId("rejected").addEventListener("change", () => load(loaded));
  byId("load-more").addEventListener("click", () => load(loaded, (wanted += LOAD)));
  byId("show-more").addEventListener("click", () => showFrom(most + CARDS));
  byId("csv").addEventListener("click", () => download("results.csv", "text/csv", csv(chosen().classified)));
  byId("jsonl").addEventListener("click", () => {
    const { classified, rejected } = chosen();
    download("results.jsonl", "application/jsonl", jsonLines([...classified, ...rejected]));
  });
  show();
}

/** Loads all anew. prefix: of the images' names; without one as the field has it, and as many as there were. */
export function refresh(prefix) {
  if (prefix !== undefined) {
    byId("prefix").value = prefix;
    wanted = LOAD;
  }
  if (key.get()) load(nothing());
}

/** Fills a set of documents; what is shown stays until there is something else. */
async function load(into) {
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  trouble("");
  if (!loaded.classified.documents.length) byId("loaded").textContent = "Loading…";
  byId("results").ariaBusy = "true";
  try {
    await fill(into, "classified", signal);
    if (byId("rejected").checked) await fill(into, "rejected", signal);
    loaded = into;
  } catch (problem) {
    if (problem.name === "AbortError") return;
    trouble(problem.detail ?? String(problem));
  }
  byId("results").ariaBusy = "false";
  show();
}

async function fill(into, status, signal) {
  const part = into[status];
  const prefix = byId("prefix").value.trim();
  const onWait = (problem, seconds) => trouble(problem ? `${problem.detail} Trying again in ${seconds} s.` : "");
  while (part.next !== null && part.documents.length < wanted) {
    const query = new URLSearchParams({ prefix, after: part.next, status });
    const page = await patiently(() => call("GET", `results?${query}`, { signal }), { signal, onWait });
    part.documents.push(...page.results);
    part.next = page.next ?? null;
    byId("loaded").textContent = `Loading: ${counted(part.documents.length, "document")} so far.`;
  }
}

/** The filter as it stands; a field that is empty or out of range is as it was at first. */
function filter() {
  const read = (field) => (field.validity.valid ? field.valueAsNumber : Number(field.defaultValue));
  return { labels, from: read(byId("from")), to: read(byId("to")) };
}

/** What is shown, and downloaded. */
function chosen() {
  const within = inRange(loaded.classified.documents, filter());
  const classified = ordered(labelled(within, filter()), byId("order").value);
  return { within, classified, rejected: byId("rejected").checked ? loaded.rejected.documents : [] };
}

function showFrom(count) {
  most = count;
  show();
}

function show() {
  const { within, classified, rejected } = chosen();
  showChart(counts(within, loaded.classified.documents));
  const all = [...rejected, ...classified];
  const some = all.slice(0, most);
  const entries = all.map(entryOf);
  byId("results").replaceChildren(...some.map((document, place) => cardOf(document, () => view(entries, place))));
  byId("show-more").hidden = some.length === all.length;
  byId("show-more").textContent = showMore(CARDS, some.length, all.length);
  showLoaded(all.length);
}

function showLoaded(count) {
  const parts = [loaded.classified, ...(byId("rejected").checked ? [loaded.rejected] : [])];
  const more = parts.some(({ next }) => next);
  const total = parts.reduce((sum, { documents }) => sum + documents.length, 0);
  byId("load-more").hidden = !more;
  for (const id of ["csv", "jsonl"]) byId(id).disabled = !count;
  byId("loaded").textContent = loadedWords(count, total, more);
}

function loadedWords(count, total, more) {
  if (!key.get()) return "Results are shown once there is an API key.";
  if (!total && !byId("trouble").hidden) return "No results could be loaded.";
  if (!total) return "There are no results here yet.";
  const others = more ? "there are more to load" : "there are no others";
  return `${number(count)} of ${counted(total, "result")} here; ${others}.`;
}

/** Bars that filter. Those that are there already stay, and with them the focus. */
function showChart(found) {
  const chart = byId("chart");
  const most = Math.max(1, ...found.values());
  if ([...chart.children].map((row) => row.dataset.label).join("\n") !== [...found.keys()].join("\n")) {
    chart.replaceChildren(...[...found.keys()].map(chartRow));
  }
  for (const row of chart.children) {
    const count = found.get(row.dataset.label);
    row.ariaPressed = String(labels.has(row.dataset.label));
    setBar(row, count / most, number(count));
  }
}

function chartRow(label) {
  const row = element("button", { type: "button" }, ...bar(label));
  row.dataset.label = label;
  row.addEventListener("click", () => {
    if (!labels.delete(label)) labels.add(label);
    showFrom(CARDS);
  });
  return row;
}

/** A document's card, made once: a picture that was loaded stays. */
function cardOf(document, onOpen) {
  if (!cards.has(document)) {
    const made = { open: onOpen };
    made.card = card({ name: nameOf(document), picture: pictureOf(document), onOpen: () => made.open() });
    made.card.show(outcomeOf(document));
    cards.set(document, made);
  }
  cards.get(document).open = onOpen;
  return cards.get(document).card.node;
}

function outcomeOf(document) {
  return { document: document.status === "classified" ? document : null, state: "Rejected", why: document.detail };
}

function entryOf(document) {
  const source = () => ({ url: document.image.url ?? "", done: () => {} });
  return { name: nameOf(document), outcome: outcomeOf(document), document, source };
}

/** An address is good for some minutes: where it fails, another one is asked for, once. */
function pictureOf(document) {
  const shown = element("img", { loading: "lazy", alt: "", width: 96, height: 96, src: document.image.url ?? "" });
  const fail = () => shown.replaceWith(placeholder(nameOf(document)));
  const renew = async () => {
    shown.addEventListener("error", fail, { once: true });
    try {
      const { image } = await call("GET", documentPath(nameOf(document)));
      document.image.url = shown.src = image.url;
    } catch {
      fail();
    }
  };
  shown.addEventListener("error", renew, { once: true });
  return shown;
}

function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: url, download: name }).click();
  // The click only begins the download.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function trouble(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = !text;
}
