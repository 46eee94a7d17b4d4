/** The webcam's central square through POST classify, a few frames a second; nothing of it is kept. */

import { call, pause, Problem } from "./api.js";
import { bars, setBars } from "./card.js";
import { announce, byId, element, percent } from "./dom.js";
import { haveKey } from "./key.js";

const SIDE = 192;
const QUALITY = 0.9;
// Seconds from one frame to the next at least, and after a failure that names none.
const BETWEEN = 1 / 3;
const PAUSE = 2;
const LAST_PAUSE = 30;
// How much of a new frame goes into what is shown: less is calmer, more is quicker.
const NEW = 0.5;
// Frames from which the rate is told.
const FRAMES = 6;

let running = null;

export function startWebcam() {
  if (!navigator.mediaDevices?.getUserMedia) {
    byId("webcam-switch").hidden = true;
    say("This browser, or an address without https, gives pages no webcam.");
    return;
  }
  byId("webcam-switch").addEventListener("click", () => (running ? stop("Stopped.") : haveKey() && start()));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && running) stop("Stopped, because the page was hidden.");
  });
}

async function start() {
  running = new AbortController();
  const { signal } = running;
  byId("webcam-switch").textContent = "Stop the webcam";
  say("Asking for the webcam…");
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 640 } } });
    signal.addEventListener("abort", () => stream.getTracks().forEach((track) => track.stop()));
    // A permission that came too late.
    if (signal.aborted) return stream.getTracks().forEach((track) => track.stop());
    await show(stream);
    await classify(signal);
  } catch (error) {
    // What fails after a stop, or beside another start, is of no interest.
    if (error.name !== "AbortError" && !signal.aborted) stop(sentenceOf(error));
  }
}

function stop(words) {
  running.abort();
  running = null;
  document.querySelector("#webcam video").srcObject = null;
  document.querySelector("#webcam .frame").hidden = true;
  byId("webcam-bars").replaceChildren();
  byId("webcam-switch").textContent = "Start the webcam";
  say(words);
}

function sentenceOf(error) {
  if (error instanceof Problem) return error.detail;
  const sentences = { NotAllowedError: "The browser may not use the webcam.", NotFoundError: "There is no webcam." };
  return sentences[error.name] ?? `The webcam can’t be used: ${error.message}`;
}

async function show(stream) {
  const video = document.querySelector("#webcam video");
  video.srcObject = stream;
  document.querySelector("#webcam .frame").hidden = false;
  await video.play();
}

/** One frame after the other, each sent when the one before has its answer. */
async function classify(signal) {
  const canvas = element("canvas", { width: SIDE, height: SIDE });
  const times = [];
  let smooth = null;
  for (let failures = 0; ; ) {
    const began = performance.now();
    try {
      const body = await frame(canvas);
      const { probabilities } = await call("POST", "classify", { body, type: "image/jpeg", signal });
      failures = 0;
      smooth = smoothed(smooth, probabilities);
      times.push(performance.now());
      draw(smooth, rate(times));
      await pause(Math.max(0, BETWEEN - (performance.now() - began) / 1000), signal);
    } catch (problem) {
      if (!(problem instanceof Problem) || !problem.passes(++failures)) throw problem;
      const seconds = problem.wait ?? Math.min(PAUSE * 2 ** (failures - 1), LAST_PAUSE);
      times.length = 0;
      say(`${problem.detail} The webcam waits for ${seconds} s.`);
      await pause(seconds, signal);
    }
  }
}

function frame(canvas) {
  const video = document.querySelector("#webcam video");
  const side = Math.min(video.videoWidth, video.videoHeight);
  const [left, top] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
  canvas.getContext("2d").drawImage(video, left, top, side, side, 0, 0, SIDE, SIDE);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}

function smoothed(old, probabilities) {
  const mixed = ([label, share]) => [label, old ? (1 - NEW) * (old[label] ?? 0) + NEW * share : share];
  return Object.fromEntries(Object.entries(probabilities).map(mixed));
}

/** Frames a second, of the last few; null before there are two. */
function rate(times) {
  if (times.length > FRAMES) times.shift();
  return times.length > 1 ? (1000 * (times.length - 1)) / (times.at(-1) - times[0]) : null;
}

function draw(probabilities, perSecond) {
  const place = byId("webcam-bars");
  if (place.firstChild) setBars(place.firstChild, probabilities);
  else place.append(bars(probabilities));
  const [label, share] = Object.entries(probabilities).reduce((a, b) => (b[1] > a[1] ? b : a));
  byId("webcam-state").textContent = perSecond
    ? `${label}, ${percent(share)}; ${perSecond.toFixed(1)} frames a second`
    : `${label}, ${percent(share)}`;
}

/** What is said is heard, too; what is seen of each frame would be too much. */
function say(text) {
  byId("webcam-state").textContent = text;
  announce(text);
}
