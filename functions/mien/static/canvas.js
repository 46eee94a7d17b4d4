/** Draws pictures on canvases. */

/**
 * The canvas's 2D drawing context.
 * @param {HTMLCanvasElement} canvas
 */
export function context2d(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("The browser could not make a 2D canvas.");
  return context;
}

/**
 * Draws the central square of a picture over the whole canvas.
 * @param {CanvasRenderingContext2D} context
 * @param {CanvasImageSource} source
 * @param {number} width pixels of the source
 * @param {number} height pixels of the source
 */
export function drawCentralSquare(context, source, width, height) {
  const { canvas } = context;
  const side = Math.min(width, height);
  context.drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, canvas.width, canvas.height);
}
