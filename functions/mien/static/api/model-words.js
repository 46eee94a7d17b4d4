/** What the page says about the model: whether it is for faces, and what it sees of a picture. */

import { byId } from "../common/dom.js";

/**
 * @param {{faces?: "find" | "whole", input?: {size: number, color: "gray" | "rgb"}}} health an older API does not say
 *   what the model sees
 */
export function describeModel({ faces, input }) {
  const isForFaces = faces !== "whole";
  byId("tagline").textContent = isForFaces ? "Labels the facial expressions in images." : "Labels images.";
  byId("about-faces").hidden = !isForFaces;
  byId("about-images").hidden = isForFaces;
  if (!input) return;
  const color = input.color === "gray" ? "in gray" : "in color";
  for (const words of byId("about").querySelectorAll("[data-input]"))
    words.textContent = `${color} and reduced to ${input.size} × ${input.size} pixels`;
}
