import { FaceRecognitionNet, filtersFromHWIO, loadTFJSWeights, weightsFromInOut } from '@chiaro/nn';
import type { NamedArray, StateDict } from '@chiaro/nn';
import { host } from '@chiaro/tensor/host';
import { linearToSRGB, noGrad, resizeBilinear, ShapeError } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { Box } from '../landmarks/box.js';

/** Names and layouts of face-api.js as those of our module. */
function renamed(arrays: Readonly<Record<string, NamedArray>>): StateDict {
  const entry = ([path, array]: [string, NamedArray]): [string, NamedArray] => {
    if (path === 'fc') return ['fc.weight', weightsFromInOut(array)];
    const name = path.replaceAll('/', '.');
    if (name.endsWith('filters')) return [name.replace(/filters$/, 'weight'), filtersFromHWIO(array)];
    return [name.replace(/weights$/, 'weight').replace(/biases$/, 'bias'), array];
  };
  return Object.fromEntries(Object.entries(arrays).map(entry));
}

/**
 * The published recognition network of dlib and face-api.js with its weights.
 * @param path `face_recognition_model-weights_manifest.json` of the npm package `@vladmandic/face-api` (MIT), whose folder
 *   holds the weights beside it.
 * @throws FormatError for other files.
 */
export async function loadFaceRecognition(path: string): Promise<FaceRecognitionNet> {
  return new FaceRecognitionNet().load(renamed(await loadTFJSWeights(path, (file) => host.readFile(file)))).eval();
}

/** What the network takes. */
const side = 150;

/**
 * The 128 numbers by which the network tells people apart.
 * @param image [H, W, 3] linear RGB. @param crop the face with some margin, near to a square, in whole pixels; the whole picture by default.
 * @throws ShapeError for other shapes, or a crop outside of the picture.
 */
export async function faceDescriptor(net: FaceRecognitionNet, image: Tensor, crop?: Box): Promise<Float32Array> {
  if (image.rank !== 3 || image.shape[2] !== 3)
    throw new ShapeError(`a picture is [H, W, 3], got [${image.shape.join(', ')}]`);
  const [height, width] = image.shape;
  const { x, y, width: w, height: h } = crop ?? { x: 0, y: 0, width, height };
  if (![x, y, w, h].every(Number.isInteger) || x < 0 || y < 0 || w < 1 || h < 1 || x + w > width || y + h > height)
    throw new ShapeError(`a crop of ${w} x ${h} at (${x}, ${y}) is not inside of ${width} x ${height} pixels`);
  const face = linearToSRGB(image.narrow(0, y, h).narrow(1, x, w).clamp(0, 1)).mul(255);
  const pixels = resizeBilinear(face.permute([2, 0, 1]).unsqueeze(0), [side, side], { centres: 'origin' });
  return Float32Array.from(await noGrad(() => net.forward(FaceRecognitionNet.normalise(pixels))).data());
}

/**
 * Cosine similarity of two descriptors (CSIM): 1 is the same face. Scores of different networks do not compare: papers
 * mostly take ArcFace.
 * @throws ShapeError for lists of different lengths.
 */
export function identitySimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length || a.length === 0)
    throw new ShapeError(`descriptors of ${a.length} and ${b.length} numbers`);
  let [dot, aa, bb] = [0, 0, 0];
  for (let k = 0; k < a.length; k++) [dot, aa, bb] = [dot + a[k] * b[k], aa + a[k] ** 2, bb + b[k] ** 2];
  return dot / Math.sqrt(aa * bb);
}
