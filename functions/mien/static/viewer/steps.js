/** Steps through photos and their faces. */

/** @typedef {{photo: number, face: number}} Place photo: its position, from 0; face: its position in the photo, from 0 */

/**
 * @param {number[]} faces how many faces each photo has
 * @param {Place} place
 * @param {1 | -1} step
 * @returns {Place} the next or the previous photo, or the same place at the end of the photos
 */
export function stepPhoto(faces, place, step) {
  const photo = place.photo + step;
  return photo in faces ? { photo, face: 0 } : place;
}

/**
 * @param {number[]} faces how many faces each photo has
 * @param {Place} place
 * @param {1 | -1} step
 * @returns {Place} the next or the previous face. It can be in another photo. A photo without faces is one step.
 */
export function stepFace(faces, place, step) {
  const face = place.face + step;
  if (face >= 0 && face < (faces[place.photo] ?? 0)) return { ...place, face };
  const next = stepPhoto(faces, place, step);
  if (next === place || step === 1) return next;
  return { ...next, face: Math.max(0, (faces[next.photo] ?? 0) - 1) };
}
