/** Classifies the central square of the webcam's picture, up to three times per second. Nothing is stored. */

import { announce } from "./announcer.js";
import { classify } from "./api.js";
import { requireApiKey } from "./api-key-form.js";
import { context2d, drawCentralSquare } from "./canvas.js";
import { byId, element } from "./dom.js";
import { percent } from "./format.js";
import { isAbort, Problem } from "./http.js";
import { probabilityBars, updateProbabilityBars } from "./probability-bars.js";
import { retryDelay, sleep } from "./retry.js";

// Pixels per side and JPEG quality (from 0 to 1) of the frames that are sent.
const SIDE = 192;
const JPEG_QUALITY = 0.9;
// Minimum seconds from one frame to the next, and seconds after the first failure if the server does not name a time.
const FRAME_INTERVAL = 1 / 3;
const FIRST_RETRY_DELAY = 2;
// Weight of the newest frame in the smoothed probabilities: with a smaller one the bars are calmer but slower.
const NEWEST_WEIGHT = 0.5;
// The last frames, from whose times the rate is computed.
const RATE_FRAMES = 6;

/** Aborts the running classification; null if the webcam is off. @type {AbortController | null} */
let running = null;

const video = byId("webcam-video", HTMLVideoElement);

export function startWebcam() {
  const button = byId("webcam-switch");
  // Old browsers, and pages without https, have no mediaDevices.
  if (!navigator.mediaDevices?.getUserMedia) {
    button.hidden = true;
    showState("The webcam can’t be used: the browser does not support it, or the address does not begin with https.");
    return;
  }
  button.addEventListener("click", () => {
    if (running) stop("Stopped.");
    else if (requireApiKey()) start();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && running) stop("Stopped because the page was hidden.");
  });
}

async function start() {
  running = new AbortController();
  const { signal } = running;
  byId("webcam-switch").textContent = "Stop the webcam";
  showState("Waiting for the webcam…");
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 640 } } });
    const stopTracks = () => {
      for (const track of stream.getTracks()) track.stop();
    };
    signal.addEventListener("abort", stopTracks);
    // The user may have stopped the webcam before giving permission.
    if (signal.aborted) return stopTracks();
    video.srcObject = stream;
    byId("webcam-frame").hidden = false;
    await video.play();
    await classifyFrames(signal);
  } catch (error) {
    // After a stop, errors are expected and the user does not need them.
    if (!isAbort(error) && !signal.aborted) stop(errorText(error));
  }
}

/** @param {string} text why the webcam was stopped */
function stop(text) {
  running?.abort();
  running = null;
  video.srcObject = null;
  byId("webcam-frame").hidden = true;
  byId("webcam-bars").replaceChildren();
  byId("webcam-switch").textContent = "Start the webcam";
  showState(text);
}

/** @param {unknown} error */
function errorText(error) {
  if (error instanceof Problem) return error.detail;
  const { name, message } = error instanceof Error ? error : { name: "", message: String(error) };
  if (name === "NotAllowedError") return "The browser has no permission to use the webcam.";
  if (name === "NotFoundError") return "No webcam was found.";
  return `The webcam can’t be used: ${message}`;
}

/**
 * Classifies one frame after the other. A frame is sent after the answer to the previous one.
 * @param {AbortSignal} signal
 * @returns {Promise<never>} rejects when the signal aborts, or with a Problem that does not pass
 */
async function classifyFrames(signal) {
  const canvas = element("canvas", { width: SIDE, height: SIDE });
  /** @type {number[]} */
  let times = [];
  /** @type {Record<string, number> | null} */
  let smoothed = null;
  for (let failures = 0; ; ) {
    const began = performance.now();
    try {
      const probabilities = await classifyFrame(canvas, signal);
      failures = 0;
      smoothed = smooth(smoothed, probabilities);
      times = [...times, performance.now()].slice(-RATE_FRAMES);
      showProbabilities(smoothed, framesPerSecond(times));
      await sleep(Math.max(0, FRAME_INTERVAL - (performance.now() - began) / 1000), signal);
    } catch (problem) {
      failures++;
      if (!(problem instanceof Problem) || !problem.isRetryable(failures)) throw problem;
      const seconds = retryDelay(problem, failures, FIRST_RETRY_DELAY);
      times = [];
      showState(`${problem.detail} The webcam waits for ${seconds} s.`);
      await sleep(seconds, signal);
    }
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {AbortSignal} signal
 */
async function classifyFrame(canvas, signal) {
  drawCentralSquare(context2d(canvas), video, video.videoWidth, video.videoHeight);
  const body = await toJpeg(canvas);
  const answer = await classify({ body, type: "image/jpeg", signal });
  if ("results" in answer) throw new Error("The API answered with several results for one image.");
  return answer.probabilities;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<Blob>}
 */
function toJpeg(canvas) {
  return new Promise((resolve, reject) => {
    /** @param {Blob | null} blob */
    const finish = (blob) => (blob ? resolve(blob) : reject(new Error("The frame could not be encoded.")));
    canvas.toBlob(finish, "image/jpeg", JPEG_QUALITY);
  });
}

/**
 * The exponential moving average of the probabilities.
 * @param {Record<string, number> | null} average of all frames before, or null
 * @param {Record<string, number>} newest
 * @returns {Record<string, number>}
 */
function smooth(average, newest) {
  if (!average) return newest;
  const mixed = Object.entries(newest).map(([label, probability]) => {
    return [label, (1 - NEWEST_WEIGHT) * (average[label] ?? 0) + NEWEST_WEIGHT * probability];
  });
  return Object.fromEntries(mixed);
}

/**
 * @param {number[]} times of frames, in milliseconds
 * @returns {number | null} null if there are less than two frames
 */
function framesPerSecond(times) {
  const [first, last] = [times.at(0), times.at(-1)];
  if (first === undefined || last === undefined || times.length < 2) return null;
  return (1000 * (times.length - 1)) / (last - first);
}

/**
 * @param {Record<string, number>} probabilities
 * @param {number | null} rate frames per second
 */
function showProbabilities(probabilities, rate) {
  const place = byId("webcam-bars");
  const bars = place.querySelector("ul");
  if (bars) updateProbabilityBars(bars, probabilities);
  else place.append(probabilityBars(probabilities));
  const [label, probability] = Object.entries(probabilities).reduce((a, b) => (b[1] > a[1] ? b : a));
  const text = `${label}, ${percent(probability)}`;
  // This changes with each frame, which would be too much for a screen reader: it is not announced.
  byId("webcam-state").textContent = rate === null ? text : `${text}; ${rate.toFixed(1)} frames per second`;
}

/**
 * Shows and announces a sentence.
 * @param {string} text
 */
function showState(text) {
  byId("webcam-state").textContent = text;
  announce(text);
}
