/** Starts all parts of the page. */

import { startApiKeyForm } from "./api/api-key-form.js";
import { checkHealth, startModelHealth } from "./api/model-health.js";
import { startImageInput } from "./classify/image-input.js";
import { byId } from "./common/dom.js";
import { lookForResults, refreshResults, startResultsGallery } from "./results/results-gallery.js";
import { startImageViewer } from "./viewer/image-viewer.js";
import { startWebcam } from "./webcam/webcam.js";

startImageViewer();
startModelHealth();
startWebcam();
startResultsGallery();
startImageInput({
  onStored: () => lookForResults(),
  onShowResults: (prefix) => {
    refreshResults(prefix);
    byId("results-title").scrollIntoView();
  },
});
startApiKeyForm(() => {
  checkHealth();
  refreshResults();
});
