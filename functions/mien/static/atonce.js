/** Images → their labels at once, through POST classify: nothing is kept. */

import { call, patiently, pause, Problem } from "./api.js";
import { readable, UNREADABLE } from "./files.js";

/** Bytes of an image. The API's limit is that of a request, base64 not counted. */
export const LARGEST = 4_500_000;
const MAX_BYTES = 4_000_000;
const MAX_IMAGES = 100;
// Where the model takes one image a call, the API takes so many.
const FEWER_IMAGES = 10;
const REQUESTS = 2;
// How often an image is tried that the model had no answer for, and seconds between.
const TRIES = 3;
const PAUSE = 3;

/** @param {import("./run.js").Run} run whose waiting images are sent. Rejects with a Problem that concerns them all. */
export async function atOnce(run) {
  const work = { queue: run.of("waiting").map((item) => ({ item, tries: 0 })), most: MAX_IMAGES };
  await Promise.all(Array.from({ length: REQUESTS }, () => sendAll(run, work)));
}

async function sendAll(run, work) {
  while (work.queue.length && !run.sending.signal.aborted) {
    const batch = taken(work.queue, work.most);
    try {
      await answer(run, work.queue, batch);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (batch.length > 1 && [413, 504].includes(problem.status)) {
        work.most = Math.min(FEWER_IMAGES, Math.ceil(batch.length / 2));
        work.queue.unshift(...batch);
      } else {
        refuse(run, batch, problem);
      }
    }
  }
}

/** From the queue's beginning, as many as one request may hold. */
function taken(queue, most) {
  const batch = [queue.shift()];
  let size = batch[0].item.file.size;
  while (queue.length && batch.length < most && size + queue[0].item.file.size <= MAX_BYTES) {
    size += queue[0].item.file.size;
    batch.push(queue.shift());
  }
  return batch;
}

async function answer(run, queue, taken) {
  const batch = await withoutUnreadable(run, taken);
  if (!batch.length) return;
  for (const { item } of batch) run.set(item, "sending");
  const signal = run.sending.signal;
  const onWait = (problem, seconds) => run.say(problem ? `${problem.detail} Trying again in ${seconds} s.` : "");
  const request = await requestOf(batch.map(({ item }) => item));
  const answered = await patiently(() => call("POST", "classify", { ...request, signal }), { signal, onWait });
  const entries = answered.results ?? [answered];
  const failed = batch.filter((_, n) => entries[n].status === "failed");
  batch.forEach(({ item }, n) => failed.some((one) => one.item === item) || run.settle(item, entries[n]));
  await later(run, queue, failed, (one) => entries[batch.indexOf(one)].detail);
}

async function withoutUnreadable(run, batch) {
  const good = await Promise.all(batch.map(({ item }) => readable(item.file)));
  batch.forEach(({ item }, n) => good[n] || run.set(item, "failed", { detail: UNREADABLE }));
  return batch.filter((_, n) => good[n]);
}

async function later(run, queue, failed, detailOf) {
  const again = failed.filter((one) => ++one.tries < TRIES);
  for (const one of failed) {
    run.set(one.item, again.includes(one) ? "waiting" : "failed", { detail: detailOf(one) });
  }
  if (again.length) await pause(PAUSE, run.sending.signal);
  queue.push(...again);
}

/** One image is the body itself; several are JSON. */
async function requestOf(items) {
  if (items.length === 1) return { body: items[0].file, type: items[0].type };
  const images = await Promise.all(items.map((item) => base64(item.file)));
  return { body: JSON.stringify({ images }), type: "application/json" };
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Problem(400, "unreadable", UNREADABLE));
    reader.readAsDataURL(file);
  });
}

/** A problem of one image is its rejection; one of the key stops all. */
function refuse(run, batch, problem) {
  if (problem.status === 403) throw problem;
  const state = batch.length === 1 && problem.status < 500 ? "rejected" : "failed";
  for (const { item } of batch) run.set(item, state, { detail: problem.detail });
}
