/** The Results section: faces and photos that match a filter, as cards that open the viewer, and as files. */

import { apiKey } from "../api/api-key.js";
import { resultFormat } from "../api/result-format.js";
import { byId } from "../common/dom.js";
import { imageName } from "../faces/stored-photo.js";
import { targetOf } from "../review/face-target.js";
import { reviewByGridKey } from "../review/review-keys.js";
import { reviews } from "../review/review-store.js";
import { refreshReviewStatistics, startReviewStatistics } from "../review/statistics-view.js";
import { defaultView, formatView, parseView, writeAddress } from "./address.js";
import { arrange } from "./arrangement.js";
import { faceCell } from "./face-cell.js";
import { showInForm, startFilterForm, typedRanges } from "./filter-form.js";
import { markFolder, refreshFolders, startFolderList } from "./folder-list.js";
import { showLabelChart, startLabelChart } from "./label-chart.js";
import { isLookedAt, lookAgainAndAgain } from "./new-results.js";
import { findPhoto, openPhoto } from "./open-viewer.js";
import { resultCard } from "./result-card.js";
import { countGroups, noFilter, select } from "./result-filter.js";
import { labelsOf, photosOf } from "./result-items.js";
import { ResultStore } from "./result-store.js";
import { cancelDownloads, pressDownload, showDownloads, startDownloads } from "./results-download.js";
import { ResultsGrid } from "./results-grid.js";
import { showStatus } from "./results-status.js";

/** @import { StoredDocument } from "../api/api.js" */
/** @import { View } from "./address.js" */
/** @import { Item } from "./result-items.js" */

// Milliseconds between two drawings while results are loaded, and the multiple of a drawing's own time.
const DRAW_PAUSE_MS = 300;
const DRAW_SHARE = 5;

let view = defaultView();
const store = new ResultStore(() => drawSoon());
/** @type {ResultsGrid<Item | StoredDocument>} */
let grid;
/** What the cards show, in their order. @type {Item[]} */
let items = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let drawing;
/** When the next drawing may begin, in milliseconds. */
let nextDrawing = 0;

export function startResultsGallery() {
  grid = new ResultsGrid((unit) =>
    "group" in unit
      ? faceCell(unit, { hasBars: view.bars, onOpen: () => open(unit.document, unit.face?.number ?? 0) })
      : resultCard(unit, () => open(unit, 0)),
  );
  view = parseView(location.hash) ?? view;
  startFilterForm({
    onChange: change,
    onTyping: () => change({ filter: { ...view.filter, ...typedRanges() } }, { isStep: false }),
    onRefresh(folder) {
      if (folder !== view.folder) change({ folder });
      else load();
    },
  });
  startLabelChart();
  startFolderList((folder) => change({ folder }));
  startDownloads((kind) => pressDownload(kind, isLoading(), content));
  startReviewStatistics(reviewable);
  byId("results").addEventListener("keydown", reviewFocused);
  reviews.addEventListener("changed", () => showDownloads(isLoading(), content));
  byId("clear-filters").addEventListener("click", () => change({ filter: noFilter() }));
  byId("sort-in").addEventListener("click", () => draw({ isStill: false }));
  byId("to-results").addEventListener("click", () => grid.focus(() => true));
  addEventListener("popstate", readAddress);
  byId("filter-panel", HTMLDetailsElement).open = byId("folders", HTMLDetailsElement).open =
    matchMedia("(min-width: 56rem)").matches;
  showInForm(view);
  draw({ isStill: false });
  resultFormat.addEventListener("changed", () => {
    byId("gallery").hidden = resultFormat.hasLines;
    byId("lines-note").hidden = !resultFormat.hasLines;
  });
  lookAgainAndAgain(store);
}

/**
 * Loads the results.
 * @param {string} [folder] shows the results of this folder of the inbox; otherwise, the folder stays the same
 */
export function refreshResults(folder = view.folder) {
  if (folder !== view.folder) change({ folder });
  else load();
}

/** Looks for results that are new. */
export function lookForResults() {
  if (!apiKey.get() || resultFormat.hasLines) return;
  refreshFolders();
  if (store.isComplete) store.look();
  else load();
}

function load() {
  if (!apiKey.get() || resultFormat.hasLines) return;
  markFolder(view.folder);
  refreshFolders();
  store.load(view.folder);
  reviews.expire();
  reviews.load(view.folder);
  if (view.image) openFromAddress();
}

/** Opens the photo that the address names. */
async function openFromAddress() {
  const { image, face } = view;
  const photo = await findPhoto(image, store);
  if (!photo || view.image !== image) return;
  draw({ isStill: false });
  openPhoto(photo, face, photosOf(items), onViewer);
}

/**
 * Shows something else, and says so in the address.
 * @param {Partial<View>} wanted
 * @param {{isStep?: boolean}} [options] isStep: whether Back leads to what was shown before
 */
function change(wanted, { isStep = true } = {}) {
  const before = view;
  view = { ...view, ...wanted };
  writeAddress(view, { isStep });
  showView(before);
}

/** Shows what the address says, after Back, Forward, or another address. */
function readAddress() {
  const wanted = parseView(location.hash);
  if (!wanted) {
    // A section of the page was chosen. What is shown stays in the address, so that it can still be shared.
    if (!location.hash.includes("key=")) writeAddress(view, { isStep: false });
    return;
  }
  const before = view;
  view = wanted;
  if (!view.image) byId("viewer", HTMLDialogElement).close();
  if (formatView({ ...before, image: "" }) !== formatView({ ...view, image: "" })) showView(before);
  if (view.image && view.image !== before.image) openFromAddress();
}

/** @param {View} before */
function showView(before) {
  showInForm(view);
  if (view.folder !== before.folder) {
    cancelDownloads();
    items = [];
    load();
  }
  if (view.unit !== before.unit || view.bars !== before.bars) grid.clear();
  grid.reset();
  draw({ isStill: false });
}

/** Draws at once, but not too often: loading ten thousand results changes them a hundred times. */
function drawSoon() {
  const wait = nextDrawing - performance.now();
  if (wait <= 0) draw({ isStill: isLookedAt() });
  else drawing ??= setTimeout(() => draw({ isStill: isLookedAt() }), wait);
}

/** @param {{isStill: boolean}} options isStill: whether cards that are there stay where they are */
function draw({ isStill }) {
  clearTimeout(drawing);
  drawing = undefined;
  const start = performance.now();
  const { documents } = store;
  const sorted = select(documents, view.filter, view.order);
  const arranged = isStill ? arrange(items, sorted) : { items: sorted, unsorted: 0 };
  items = arranged.items;
  const photos = photosOf(items);
  byId("results").className = view.unit === "faces" ? `cells${view.bars ? " with-bars" : ""}` : "cards";
  grid.show(view.unit === "faces" ? items : photos, view.unit);
  showLabelChart(countGroups(documents, view.filter), view.filter.groups, toggleGroup);
  showStatus(store, { items, photos, filter: view.filter, unsorted: arranged.unsorted });
  showDownloads(isLoading(), content);
  refreshReviewStatistics();
  const end = performance.now();
  nextDrawing = end + Math.max(DRAW_PAUSE_MS, DRAW_SHARE * (end - start));
}

/** How far the results and reviews are loaded, which the downloads wait for. */
const isLoading = () => ({
  isLoading: store.isLoading || reviews.isLoading,
  isComplete: store.isComplete,
  loaded: store.loaded,
});

/**
 * Reviews the face that has the focus, if a key says so.
 * @param {KeyboardEvent} event
 */
function reviewFocused(event) {
  const unit = grid.unitOf(event.target);
  if (!unit || !("group" in unit)) return;
  const target = targetOf(unit.document, unit.face ?? undefined);
  const done = target && reviewByGridKey(event, target);
  if (!done) return;
  event.preventDefault();
  if (done === "reviewed") grid.focusAfter(unit);
  // The viewer asks for the name.
  if (done === "nameless") open(unit.document, unit.face?.number ?? 0);
}

/** The faces that the statistics of the reviews are about. */
const reviewable = () => ({
  targets: items.flatMap(({ document, face }) => (face && targetOf(document, face)) ?? []),
  labels: labelsOf(store.documents),
});

/** What the downloads have, and through what the viewer steps. */
const content = () => ({ items, view });

/** @param {string} group */
function toggleGroup(group) {
  const groups = new Set(view.filter.groups);
  if (!groups.delete(group)) groups.add(group);
  change({ filter: { ...view.filter, groups } });
}

/**
 * Opens the viewer. Back closes it.
 * @param {StoredDocument} photo
 * @param {number} face number, or 0
 */
function open(photo, face) {
  view = { ...view, image: imageName(photo), face };
  writeAddress(view, { isStep: true });
  openPhoto(photo, face, photosOf(items), onViewer);
}

const onViewer = {
  /**
   * @param {StoredDocument} photo
   * @param {number} face number
   */
  onMove(photo, face) {
    view = { ...view, image: imageName(photo), face };
    writeAddress(view, { isStep: false });
  },
  /**
   * Returns to the card that was looked at last.
   * @param {StoredDocument} photo
   * @param {number} face number
   */
  onClose(photo, face) {
    const isInAddress = Boolean(view.image) && location.hash === formatView(view);
    view = { ...view, image: "", face: 0 };
    // The step into the viewer is taken back, so that Back does not open it again.
    if (isInAddress && history.state?.isStep) history.back();
    else writeAddress(view, { isStep: false });
    const isPhoto = (/** @type {Item | StoredDocument} */ unit) => ("group" in unit ? unit.document : unit) === photo;
    const isFace = (/** @type {Item | StoredDocument} */ unit) => "group" in unit && unit.face?.number === face;
    // The chosen face need not match the filter. The photo does.
    if (!grid.focus((unit) => isPhoto(unit) && isFace(unit))) grid.focus(isPhoto);
  },
};
