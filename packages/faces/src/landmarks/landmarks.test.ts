import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import jpeg from 'jpeg-js';
import { decodeImage, srgbToLinear } from '@chiaro/render';
import { concat, tensor, zeros, type Tensor } from '../engine.js';
import { readAsset } from '../assets/readAsset.js';
import { detectFaces, detectLandmarks, findFaces, landmarkRanges } from './index.js';
import { landmarksIn } from './detectLandmarks.js';
import type { FaceLandmarkNet } from './faceLandmarkNet.js';
import { cutSquares, normalised, pixelsOf } from './pixels.js';
import { mirrorOf } from './points68.js';
import type { TinyFaceDetector } from './tinyFaceDetector.js';
import { faceLandmarkNet, tinyFaceDetector } from './weights.js';

type Point = readonly [number, number];

/** What face-api.js computes: made by packages/faces/reference/faceapi.mjs. */
interface Layer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elements: readonly { readonly c: number; readonly y: number; readonly x: number; readonly value: number }[];
}
interface Row {
  readonly width: number;
  readonly height: number;
  readonly faces: readonly { readonly score: number; readonly box: readonly number[] }[];
  readonly wholeImageLandmarks68: readonly Point[];
}
const reference = JSON.parse(readFileSync(new URL('../../reference/faceapi.json', import.meta.url), 'utf8')) as {
  photos: Readonly<Record<string, Row>>;
  layers: { photo: string; detector: Layer[]; landmarks: Layer[] };
};

/** Linear RGB of a JPEG as the reference decodes it. */
function decoded(bytes: Uint8Array): Tensor {
  const { width, height, data } = jpeg.decode(bytes, { formatAsRGBA: false });
  return srgbToLinear(tensor(Float32Array.from(data), [height, width, 3]).mul(1 / 255));
}

const photos = new Map<string, Tensor>();
let detector: TinyFaceDetector;
let network: FaceLandmarkNet;
beforeAll(async () => {
  for (const name of Object.keys(reference.photos)) photos.set(name, decoded(await readAsset(`photos/${name}`)));
  [detector, network] = await Promise.all([tinyFaceDetector(), faceLandmarkNet()]);
});

/** Largest difference to the reference, as part of the image's longer side. */
async function differences(image: Tensor, { width, height, faces, wholeImageLandmarks68 }: Row) {
  const side = Math.max(width, height);
  const found = await detectFaces(image);
  expect(found.length).toBe(faces.length);
  const boxes = faces.flatMap(({ score, box }, i) => {
    const { x, y, width: w, height: h } = found[i]!;
    expect(Math.abs(found[i]!.score - score)).toBeLessThan(1e-3);
    return [x, y, w, h].map((v, k) => Math.abs(v - box[k]!));
  });
  // face-api.js puts the larger half of the black border behind, and takes the exact half off again
  const before = [width, height].map((n) => Math.floor((side - n) / 2));
  const left = [width, height].map((n, k) => (side - n) / 2 - before[k]!);
  const square = { x: -before[0]!, y: -before[1]!, size: side };
  const landmarks = await landmarksIn(network, pixelsOf('test', image), [square], 'bilinear').data();
  const points = wholeImageLandmarks68.flatMap((p, i) =>
    p.map((v, k) => Math.abs(landmarks[2 * i + k]! - left[k]! - v)),
  );
  return { boxes: Math.max(...boxes) / side, landmarks: Math.max(...points) / side };
}

describe('equal to face-api.js', () => {
  test.each(Object.keys(reference.photos))('%s: boxes, scores, landmarks', async (name) => {
    const { boxes, landmarks } = await differences(photos.get(name)!, reference.photos[name]!);
    expect(boxes).toBeLessThan(1e-4);
    expect(landmarks).toBeLessThan(1e-4);
  });

  // more photographs with what face-api.js says about them: a folder with faceapi-reference.json
  const folder = process.env['CHIARO_PHOTOS'];
  test.runIf(folder)('every photograph of CHIARO_PHOTOS', async () => {
    const rows = JSON.parse(readFileSync(join(folder!, 'faceapi-reference.json'), 'utf8')) as Record<
      string,
      Row & { tinyFaceDetector416: Row['faces'] }
    >;
    for (const [name, row] of Object.entries(rows)) {
      const { boxes, landmarks } = await differences(decoded(readFileSync(join(folder!, name))), {
        ...row,
        faces: row.tinyFaceDetector416,
      });
      console.log(
        `${name}: boxes differ by ${boxes.toExponential(1)} of the image, landmarks by ${landmarks.toExponential(1)}`,
      );
      expect(boxes, name).toBeLessThan(1e-3);
      expect(landmarks, name).toBeLessThan(1e-3);
    }
  });

  test('the first layers of both networks, element by element', async () => {
    const { photo, detector: detectorLayers, landmarks } = reference.layers;
    const pixels = pixelsOf('test', photos.get(photo)!);
    const side = pixels.shape[0]!;
    const input = (size: number, mean: [number, number, number]): Tensor =>
      normalised(cutSquares(pixels, [{ x: 0, y: 0, size: side }], size, 'bilinear'), mean);
    const image = input(416, [117.001, 114.697, 97.404]);
    const conv0 = detector.conv0.forward(image).leakyRelu(0.1);
    const conv1 = detector.conv1.forward(conv0.reshape([1, 16, 207, 2, 207, 2]).max([3, 5])).leakyRelu(0.1);
    const face = input(112, [122.782, 117.001, 104.298]);
    const first = network.dense0.conv0.forward(face).relu();
    const block = network.dense0.forward(face);
    const next = network.dense1.conv0.forward(block).relu();
    for (const [list, outputs] of [
      [detectorLayers, [conv0, conv1]],
      [landmarks, [first, block, next]],
    ] as const) {
      for (const [k, { name, shape, elements }] of list.entries()) {
        const [, , H, W] = outputs[k]!.shape;
        expect(outputs[k]!.shape, name).toEqual(shape);
        const data = await outputs[k]!.data();
        for (const { c, y, x, value } of elements) {
          expect(Math.abs(data[(c * H! + y) * W! + x]! - value), `${name} ${c} ${y} ${x}`).toBeLessThan(1e-4);
        }
      }
    }
  });
});

describe('detectLandmarks', () => {
  /** Root mean square distance of landmarks, in distances between the eyes' centres. */
  function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
    const centre = ([from, to]: readonly [number, number], k: number): number => {
      let sum = 0;
      for (let i = from; i < to; i++) sum += b[2 * i + k]!;
      return sum / (to - from);
    };
    const { leftEye, rightEye } = landmarkRanges;
    const eyes = Math.hypot(centre(leftEye, 0) - centre(rightEye, 0), centre(leftEye, 1) - centre(rightEye, 1));
    let square = 0;
    for (let i = 0; i < 136; i++) square += (a[i]! - b[i]!) ** 2;
    return Math.sqrt(square / 68) / eyes;
  }

  test('settles near the same landmarks from boxes that are off, and in a mirror', async () => {
    const image = await decodeImage(await readAsset('photos/nasa_astronaut_collins.jpg'));
    const width = image.shape[2]!;
    const [face] = await detectFaces(image);
    const landmarks = await detectLandmarks(image, face!);
    const off = { ...face!, x: face!.x + 0.08 * face!.width, y: face!.y - 0.08 * face!.height };
    expect(distance(await detectLandmarks(image, off), landmarks)).toBeLessThan(0.03);
    const turned = await detectLandmarks(image.flip(2), { ...face!, x: width - face!.x - face!.width });
    const back = Float32Array.from(landmarks, (_, k) => {
      const value = turned[2 * mirrorOf[k >> 1]! + (k & 1)]!;
      return k & 1 ? value : width - value;
    });
    expect(distance(back, landmarks)).toBeLessThan(0.03);
  });

  test('findFaces: from left to right, whichever is surer', async () => {
    const image = (await decodeImage(await readAsset('photos/nasa_astronaut_collins.jpg'))).squeeze(0);
    const width = image.shape[1]!;
    const both = concat([image.flip(1), image], 1);
    const [left, right, ...others] = await findFaces(both);
    expect(others).toEqual([]);
    expect(Math.abs(left!.x + left!.width + right!.x - 2 * width)).toBeLessThan(0.05 * width);
    expect(left!.x).toBeLessThan(width);
  });

  test('no face, no box; what is no image or no box is said', async () => {
    expect(await detectFaces(zeros([64, 64, 3]).add(0.2))).toEqual([]);
    await expect(detectFaces(zeros([4, 4]))).rejects.toThrow(/detectFaces.*\[H, W, 3\].*\[4, 4\]/);
    await expect(detectFaces(zeros([4, 4, 3]), { inputSize: 100 })).rejects.toThrow(/multiple of 32, got 100/);
    const box = { x: 0, y: 0, width: NaN, height: 3 };
    await expect(detectLandmarks(zeros([4, 4, 3]), box)).rejects.toThrow(/box with a width/);
    await expect(detectLandmarks(zeros([2, 4, 4, 3]), { ...box, width: 3 })).rejects.toThrow(
      /one image.*\[2, 4, 4, 3\]/,
    );
  });
});
