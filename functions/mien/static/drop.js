/** Where images come in: dropped, chosen or pasted. Each drop is a run of its own, with its own progress and cards. */

import { byId } from "./dom.js";
import { fromInput, fromTransfer, inOrder, typeOf } from "./files.js";
import { haveKey } from "./key.js";
import { Run, sending } from "./run.js";
import { RunView } from "./runview.js";

/** @param {{onKept: () => void, onShow: (prefix: string) => void}} then onKept: the inbox has new results; onShow: a
 *   person wants to see those of this folder */
export function startDrop(then) {
  const zone = byId("drop");
  const take = (found, folder) => found.length && haveKey() && begin(inOrder(found), folder, then);

  for (const [button, field, folder] of [["choose-files", "files", false], ["choose-folder", "folder", true]]) {
    byId(button).addEventListener("click", () => byId(field).click());
    byId(field).addEventListener("change", ({ target }) => {
      const found = fromInput(target);
      // So that the same may be chosen again.
      target.value = "";
      take(found, folder);
    });
  }
  // On the whole page: an image that misses the zone must not replace the page.
  const holdsFiles = (event) => event.dataTransfer.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    zone.dataset.over = "";
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || delete zone.dataset.over);
  document.addEventListener("drop", async (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    delete zone.dataset.over;
    const { found, folder } = await fromTransfer(event.dataTransfer);
    take(found, folder);
  });
  // What was not sent yet would be gone with the page.
  addEventListener("beforeunload", (event) => sending() && event.preventDefault());
  document.addEventListener("paste", (event) => take(pasted(event.clipboardData), false));
}

/** The clipboard calls every image by the same name. */
function pasted(clipboard) {
  const time = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
  const files = [...clipboard.files].filter(typeOf);
  return files.map((file) => ({ name: file.name === "image.png" ? `pasted ${time}.png` : file.name, file }));
}

function begin(found, folder, then) {
  if (!found.length) return;
  const once = byId("keep-nothing").checked || (found.length === 1 && !folder);
  show(found, once ? "once" : "inbox", then);
}

function show(found, way, then) {
  const run = new Run(found, way);
  const view = new RunView(run, { ...then, onInbox: (some) => show(some, "inbox", then) });
  byId("runs").prepend(view.node);
  run.addEventListener("over", () => run.prefix && then.onKept());
  run.start();
}
