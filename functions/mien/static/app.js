/** Starts all parts of the page. */

import { startApiKeyForm } from "./api-key-form.js";
import { byId } from "./dom.js";
import { startImageInput } from "./image-input.js";
import { startImageViewer } from "./image-viewer.js";
import { checkHealth, startModelHealth } from "./model-health.js";
import { refreshResults, startResultsGallery } from "./results-gallery.js";
import { startWebcam } from "./webcam.js";

startImageViewer();
startModelHealth();
startWebcam();
startResultsGallery();
startImageInput({
  onStored: () => refreshResults(),
  onShowResults: (prefix) => {
    refreshResults(prefix);
    byId("results-title").scrollIntoView();
  },
});
startApiKeyForm(() => {
  checkHealth();
  refreshResults();
});
