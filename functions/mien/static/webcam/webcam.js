/** Labels the faces in the webcam's picture, up to three times per second. Nothing is stored. */

import { classify } from "../api/api.js";
import { apiKey } from "../api/api-key.js";
import { askForKey } from "../api/api-key-form.js";
import { isAbort, Problem } from "../api/http.js";
import { retryDelay, sleep, waitWords } from "../api/retry.js";
import { announce } from "../common/announcer.js";
import { drawWhole, toJpeg } from "../common/canvas.js";
import { byId, element } from "../common/dom.js";
import { facelessWords, facesOf, faceWords, imageSize } from "../faces/faces.js";
import { PictureFrame } from "../faces/picture-frame.js";
import { probabilityBars, updateProbabilityBars } from "../faces/probability-bars.js";
import { smoothFirst } from "./smoothing.js";

/** @import { Classified, Faceless } from "../api/api.js" */
/** @import { Face } from "../faces/faces.js" */

// Pixels of the longer side, and JPEG quality (from 0 to 1), of the frames that are sent. At arm's length, a face is
// still about 100 pixels high.
const MAX_SIDE = 480;
const JPEG_QUALITY = 0.9;
// Minimum seconds from one frame to the next, and seconds after the first failure if the server does not name a time.
const FRAME_INTERVAL = 1 / 3;
const FIRST_RETRY_DELAY = 2;
// The last frames, from whose times the rate is computed.
const RATE_FRAMES = 6;

/** Aborts the running classification; null if the webcam is off. @type {AbortController | null} */
let running = null;

// The page shows people mirrored, as they are used to see themselves.
const video = element("video", { muted: true, playsInline: true, ariaLabel: "Your webcam's picture" });
const frame = new PictureFrame(video, { isMirrored: true });

export function startWebcam() {
  byId("webcam-frame").append(frame.node);
  // A phone's picture changes its shape when the phone is turned.
  video.addEventListener("resize", () => {
    const { videoWidth: width, videoHeight: height } = video;
    if (width && height) frame.fit({ width, height });
  });
  const button = byId("webcam-switch");
  // Old browsers, and pages without https, have no mediaDevices.
  if (!navigator.mediaDevices?.getUserMedia) {
    button.hidden = true;
    showState("The webcam can’t be used: the browser does not support it, or the address does not begin with https.");
    return;
  }
  button.addEventListener("click", () => {
    if (running) return stop("Stopped.");
    askForKey();
    start();
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
    if (!apiKey.isUsable) showState("The picture is not sent until there is a key.");
    await apiKey.usable(signal);
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
  frame.show([], {});
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
  const canvas = element("canvas");
  /** @type {number[]} */
  let times = [];
  /** @type {Face[]} */
  let faces = [];
  for (let failures = 0; ; ) {
    const began = performance.now();
    try {
      const document = await classifyFrame(canvas, signal);
      failures = 0;
      faces = smoothFirst(facesOf(document), faces);
      times = [...times, performance.now()].slice(-RATE_FRAMES);
      showFaces(document, faces, framesPerSecond(times));
      await sleep(Math.max(0, FRAME_INTERVAL - (performance.now() - began) / 1000), signal);
    } catch (problem) {
      failures++;
      if (!(problem instanceof Problem) || !problem.isRetryable(failures)) throw problem;
      const seconds = retryDelay(problem, failures, FIRST_RETRY_DELAY);
      times = [];
      showState(waitWords(problem, seconds));
      await sleep(seconds, signal);
    }
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {AbortSignal} signal
 */
async function classifyFrame(canvas, signal) {
  drawWhole(canvas, video, { width: video.videoWidth, height: video.videoHeight }, MAX_SIDE);
  const body = await toJpeg(canvas, JPEG_QUALITY);
  const answer = await classify({ body, type: "image/jpeg", signal });
  if ("results" in answer) throw new Error("The API answered with several results for one image.");
  return answer;
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
 * @param {Classified | Faceless} document
 * @param {Face[]} faces those of the document, smoothed
 * @param {number | null} rate frames per second
 */
function showFaces(document, faces, rate) {
  frame.show(faces, imageSize(document));
  showBars(faces.find(({ expression }) => expression)?.expression?.probabilities);
  const text = document.status === "classified" ? faces.map(faceWords).join(", ") : facelessWords(document);
  // This changes with each frame, which would be too much for a screen reader: it is not announced.
  byId("webcam-state").textContent = rate === null ? text : `${text}; ${rate.toFixed(1)} frames per second`;
}

/** @param {Record<string, number>} [probabilities] of the largest face; without them, the bars disappear */
function showBars(probabilities) {
  const place = byId("webcam-bars");
  const bars = place.querySelector("ul");
  if (!probabilities) place.replaceChildren();
  else if (bars) updateProbabilityBars(bars, probabilities);
  else place.append(probabilityBars(probabilities));
}

/**
 * Shows and announces a sentence.
 * @param {string} text
 */
function showState(text) {
  byId("webcam-state").textContent = text;
  announce(text);
}
