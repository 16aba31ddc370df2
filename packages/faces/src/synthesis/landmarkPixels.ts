import { rotationOfAxisAngle } from '../fit/pose/rotation.js';
import type { MorphableModel } from '../model/index.js';
import type { FaceScene } from './faceScene.js';
import { turned } from './frames.js';
import { distortedPoint } from './lensOnHost.js';

type Shape = Pick<FaceScene, 'identity' | 'blendshapes'>;

/** Vertices of a face in the head's frame, mm, in float64 on the host: [ids.length * 3]. */
export function headPoints(
  { data }: MorphableModel,
  { identity, blendshapes }: Shape,
  ids: ArrayLike<number>,
): Float64Array {
  const points = Float64Array.from(
    { length: 3 * ids.length },
    (_, k) => data.positions[3 * ids[Math.floor(k / 3)] + (k % 3)],
  );
  for (const [weights, modes] of [
    [identity, data.identity],
    [blendshapes, data.blendshapes],
  ] as const)
    weights.forEach((weight, m) => {
      if (weight === 0) return;
      const first = m * data.positions.length;
      for (let k = 0; k < ids.length; k++)
        for (let c = 0; c < 3; c++) points[3 * k + c] += weight * modes[first + 3 * ids[k] + c];
    });
  return points;
}

/** The 68 landmarks in the head's frame, mm: [68 * 3]. */
export function headLandmarks(model: MorphableModel, shape: Shape): Float64Array {
  const { vertices, weights } = model.data.landmarkPoints;
  const corners = headPoints(model, shape, vertices);
  const each = vertices.length / 68;
  return Float64Array.from({ length: 204 }, (_, k) => {
    let sum = 0;
    for (let j = 0; j < each; j++) {
      const corner = each * Math.floor(k / 3) + j;
      sum += weights[corner] * corners[3 * corner + (k % 3)];
    }
    return sum;
  });
}

/** The 68 landmarks of a scene in pixels: [68 * 2]. */
export function landmarkPixels(model: MorphableModel, scene: FaceScene): Float32Array {
  const rotation = rotationOfAxisAngle(scene.rotation);
  const head = headLandmarks(model, scene);
  const pixels = new Float32Array(136);
  for (let k = 0; k < 68; k++) {
    const [x, y, z] = turned(rotation, head.subarray(3 * k, 3 * k + 3)).map((v, c) => v + scene.translation[c]);
    const [u, v] = [-x / z, y / z];
    const seen = scene.lens ? distortedPoint(scene.lens.distortion, u, v) : [u, v];
    for (let c = 0; c < 2; c++) pixels[2 * k + c] = scene.size / 2 + scene.focal * seen[c];
  }
  return pixels;
}
