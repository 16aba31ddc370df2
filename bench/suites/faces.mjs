// Faces: the detector and the landmark network on a photograph that ships with packages/faces, from pixels to numbers.
import { fileURLToPath } from 'node:url';
import { detectFaces, detectLandmarks } from '@chiaro/faces';
import { loadImage } from '@chiaro/render';
import { kernelCount, openEngine } from '../lib/engine.mjs';
import { measure } from '../lib/measure.mjs';
import { round, statistics } from '../lib/rows.mjs';
import { startWithoutShaders } from '../lib/shaderCache.mjs';

export const title = 'One face in one photograph of 320 x 320 pixels';

const steps = {
  detectFaces: (image) => detectFaces(image),
  detectLandmarks: (image, face) => detectLandmarks(image, face),
};
export const cases = Object.keys(steps);

/** What face-api.js finds there (packages/faces/reference/faceapi.json): centre of the face, in pixels. */
const centre = { x: 152, y: 128 };
const photo = new URL('../../packages/faces/assets/photos/nasa_astronaut_collins.jpg', import.meta.url);

let opened;
export async function run(name) {
  if (!opened) startWithoutShaders();
  const { adapter } = await (opened ??= openEngine());
  const image = await loadImage(fileURLToPath(photo));
  await image.data();
  const step = steps[name];
  const [face] = name === 'detectFaces' ? [] : await detectFaces(image);
  const samples = await measure(name, () => step(image, face));
  const found = await step(image, face);
  const [x, y] = name === 'detectFaces' ? middle(found) : mean(found);
  if (Math.hypot(x - centre.x, y - centre.y) > 16) throw new Error(`the face is at ${x}, ${y}`);
  return { adapter, ...statistics(samples), ms_first: round(samples.first), kernels: await kernelCount() };
}

const middle = ([face]) => [face.x + face.width / 2, face.y + face.height / 2];
const mean = (points) => [0, 1].map((k) => points.filter((_, i) => i % 2 === k).reduce((a, b) => a + b, 0) / 68);
