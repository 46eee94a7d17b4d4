/** Starts the page: each part stands in a file of its own. */

import { byId } from "./dom.js";
import { startDrop } from "./drop.js";
import { refresh, startGallery } from "./gallery.js";
import { ask, startHealth } from "./health.js";
import { startKey } from "./key.js";
import { startViewer } from "./viewer.js";
import { startWebcam } from "./webcam.js";

startViewer();
startHealth();
startWebcam();
startGallery();
startDrop({
  onKept: () => refresh(),
  onShow: (prefix) => {
    refresh(prefix);
    byId("results-title").scrollIntoView();
  },
});
startKey(() => {
  ask();
  refresh();
});
