/** Images → the inbox, straight into the bucket, and their documents as they come. */

import { call, documentPath, events, inParallel, patiently, pause, Problem, reached, waitOf } from "./api.js";
import { counted, number } from "./dom.js";
import { cursorOf, readable, UNREADABLE } from "./files.js";

const UPLOADS = 6;
// Seconds before forms expire in which they are not used any more.
const MARGIN = 60;
// So many outstanding documents, or fewer, are asked for by name, so many at a time.
const FEW = 10;
const LOOKS = 4;
// Seconds between two looks: the first, what each look that finds nothing makes of it, and the last.
const FIRST_PAUSE = 1;
const SLOWER = 1.5;
const LAST_PAUSE = 10;
// Seconds between two looks from which it is asked whether the model is up.
const DOUBT = 3;

/** @param {import("./run.js").Run} run whose waiting images are sent, and sent ones looked for. Rejects with a Problem. */
export async function throughInbox(run) {
  const sent = send(run).catch((problem) => {
    run.cancel();
    throw problem;
  });
  // What was sent is looked for even where sending has failed.
  const [sending] = await Promise.allSettled([sent, look(run)]);
  if (sending.status === "rejected") throw sending.reason;
}

function send(run) {
  const forms = keptFresh(run);
  return inParallel(run.of("waiting"), UPLOADS, (item) => upload(run, forms, item), run.sending.signal);
}

/** The forms to upload with, which are asked for again before they expire. */
function keptFresh(run) {
  let forms = null;
  let until = 0;
  return {
    forget: () => (until = 0),
    get: () => {
      if (Date.now() >= until) {
        const body = JSON.stringify({ prefix: run.prefix });
        until = Infinity;
        forms = persist(run, () => call("POST", "uploads", { body, type: "application/json" })).then((answer) => {
          until = Date.now() + 1000 * (answer.expires_in - MARGIN);
          return answer;
        });
      }
      return forms;
    },
  };
}

function persist(run, attempt) {
  const onWait = (problem, seconds) => run.say(problem ? waitingWords(run, problem, seconds) : "");
  return patiently(attempt, { signal: run.sending.signal, onWait });
}

function waitingWords(run, problem, seconds) {
  const safe = run.of("sent", "classified", "rejected").some((item) => !item.refused);
  return `${problem.detail} Trying again in ${seconds} s. ${safe ? "What is in the inbox is safe." : ""}`;
}

async function upload(run, forms, item) {
  run.set(item, "sending");
  try {
    await persist(run, () => post(forms, item));
    run.set(item, "sent");
  } catch (problem) {
    if (problem.name === "AbortError") return run.set(item, "unsent");
    if (!(problem instanceof Problem) || problem.reason === "forbidden") throw problem;
    run.set(item, problem.reason === "too_large" ? "rejected" : "failed", { detail: problem.detail });
  }
}

async function post(forms, item, tries = 1) {
  if (!(await readable(item.file))) throw new Problem(400, "unreadable", UNREADABLE);
  const { url, prefix, max_bytes: most, forms: fields } = await forms.get();
  if (item.file.size > most) {
    const sizes = `${number(item.file.size)} bytes are more than the ${number(most)} that the inbox takes`;
    throw new Problem(413, "too_large", `${sizes}. Make the image smaller.`);
  }
  const body = new FormData();
  const values = { ...fields[item.type], key: prefix + item.name };
  for (const [name, value] of Object.entries(values)) body.append(name, value);
  // S3 writes the file's name wherever a key holds ${filename}; under this name, such a key stays as it is.
  body.append("file", item.file, "${filename}");
  const response = await reached(url, { method: "POST", body });
  if (response.ok) return response;
  if (response.status === 403 && tries === 1) {
    // A form that has expired is refused like one that never was any.
    forms.forget();
    return post(forms, item, 2);
  }
  throw await problemOf(response);
}

async function problemOf(response) {
  const xml = new DOMParser().parseFromString(await response.text(), "application/xml");
  const [code, message] = ["Code", "Message"].map((name) => xml.querySelector(name)?.textContent);
  const detail = `The bucket refused the image: ${message ?? `status ${response.status}`}.`;
  return new Problem(response.status, code ?? "unknown", detail, waitOf(response));
}

/** Looks for documents until there is one for each image that was sent. */
async function look(run) {
  const signal = run.looking.signal;
  const onWait = (problem, seconds) => run.say(problem ? waitingWords(run, problem, seconds) : "");
  const ask = (path) => patiently(() => call("GET", path, { signal }), { signal, onWait });
  let seconds = FIRST_PAUSE;
  while (run.of("waiting", "sending", "sent").length) {
    await pause(seconds, signal);
    const outstanding = run.of("sent");
    if (outstanding.length > FEW || run.of("waiting", "sending").length) {
      await lookThroughPages(run, ask, "classified");
      await lookThroughPages(run, ask, "rejected");
    } else {
      await inParallel(outstanding, LOOKS, (item) => lookForOne(run, ask, item), signal);
    }
    const found = outstanding.filter((item) => item.state !== "sent").length;
    seconds = found ? FIRST_PAUSE : Math.min(SLOWER * seconds, LAST_PAUSE);
    // Images that wait for a model that is down look like images that wait for their turn.
    if (seconds > DOUBT) events.dispatchEvent(new Event("trouble"));
  }
}

async function lookForOne(run, ask, item) {
  try {
    run.settle(item, await ask(documentPath(run.prefix + item.name)));
  } catch (problem) {
    if (problem.status !== 404) throw problem;
  }
}

/** Page by page in the order of names, but past all stretches in which each image has its document already. */
async function lookThroughPages(run, ask, status) {
  const places = new Map(run.items.map((item, place) => [cursorOf(run.prefix + item.name), place]));
  let place = nextOutstanding(run, 0);
  while (place >= 0) {
    const after = place ? cursorOf(run.prefix + run.items[place - 1].name) : "";
    const page = await ask(`results?${new URLSearchParams({ prefix: run.prefix, status, after })}`);
    for (const document of page.results) {
      const { key } = document.image;
      const item = run.items[places.get(cursorOf(key.slice(key.indexOf(run.prefix))))];
      if (item?.state === "sent") run.settle(item, document);
    }
    if (!page.next) return;
    place = nextOutstanding(run, places.get(page.next) + 1);
  }
}

const nextOutstanding = (run, from) => run.items.findIndex((item, place) => place >= from && item.state === "sent");
