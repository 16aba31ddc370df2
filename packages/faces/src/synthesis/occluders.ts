import type { MorphableModel } from '../model/index.js';
import type { Draws } from './draws.js';
import type { FaceScene } from './faceScene.js';
import { across, along, crossed, minus, unit } from './frames.js';
import type { Triple } from './frames.js';
import { headLandmarks } from './landmarkPixels.js';
import type { Capsule } from './sceneParts.js';

type Shape = Pick<FaceScene, 'identity' | 'blendshapes'>;

/** Landmarks of a face as points. */
function pointsOf(model: MorphableModel, shape: Shape): (...ids: number[]) => [number, number, number] {
  const points = headLandmarks(model, shape);
  return (...ids) =>
    [0, 1, 2].map((c) => ids.reduce((sum, k) => sum + points[3 * k + c], 0) / ids.length) as [number, number, number];
}

/** Bars like those of glasses before the eyes of a face: two rims, a bridge, two temples. */
export function drawGlasses(model: MorphableModel, shape: Shape, draws: Draws): Capsule[] {
  const at = pointsOf(model, shape);
  const eyes = [at(36, 37, 38, 39, 40, 41), at(42, 43, 44, 45, 46, 47)];
  const ears = [at(0), at(16)];
  const apart = Math.hypot(...minus(eyes[1], eyes[0]));
  const [width, height] = [apart * draws.between(0.33, 0.42), apart * draws.between(0.24, 0.36)];
  const radius = draws.between(1, 2.4);
  const diffuse = draws.pick<Triple>([
    [0.01, 0.01, 0.012],
    [0.12, 0.05, 0.02],
    [0.35, 0.33, 0.3],
    [0.25, 0.02, 0.02],
  ]);
  const front = Math.max(eyes[0][2], eyes[1][2], at(27)[2]) + 7;
  const bar = (from: Triple, to: Triple): Capsule => ({ from, to, radius, diffuse });
  const rims = eyes.flatMap(([x, y]) => {
    const corner = (k: number): Triple => {
      const turn = (Math.PI * (2 * k + 1)) / 6;
      // bent back a little towards the temples
      const side = 1.12 * width * Math.cos(turn);
      return [x + side, y - 2 + height * Math.sin(turn), front - 0.0025 * (x + side) ** 2];
    };
    return Array.from({ length: 6 }, (_, k) => bar(corner(k), corner(k + 1)));
  });
  const [left, right] = eyes.map(([x]) => Math.sign(x));
  const hinge = (eye: number): Triple => {
    const x = eyes[eye][0] + [left, right][eye] * width;
    return [x, eyes[eye][1] + 0.3 * height, front - 0.0025 * x ** 2];
  };
  const inner = (eye: number): Triple => {
    const x = eyes[eye][0] - [left, right][eye] * width;
    return [x, eyes[eye][1] + 0.25 * height, front];
  };
  const temples = [0, 1].map((k) => bar(hinge(k), [1.04 * ears[k][0], eyes[k][1] + 4, ears[k][2] - 10]));
  return [...rims, bar(inner(0), inner(1)), ...temples];
}

/** Capsules like a hand before a cheek, the mouth, the chin or an eye. */
export function drawHand(model: MorphableModel, shape: Shape, draws: Draws): Capsule[] {
  const at = pointsOf(model, shape);
  const goal = draws.pick([at(48, 31), at(54, 35), at(57, 51), at(8, 57), at(41), at(46)]);
  // out of the face, and where the fingers point: up and to the other side
  const out = unit([goal[0], 0, Math.max(20, goal[2] - 20)]);
  const slant = draws.between(-0.9, 0.9);
  const [a, b] = across(out);
  const up = unit(along(along([0, 0, 0], Math.cos(slant), b[1] > a[1] ? b : a), Math.sin(slant), b[1] > a[1] ? a : b));
  const beside = crossed(up, out);
  const size = draws.between(0.85, 1.1);
  const tone = draws.between(0.15, 1);
  const diffuse: Triple = [0.08 + 0.5 * tone, 0.045 + 0.32 * tone, 0.03 + 0.24 * tone];
  const thumbSide = draws.pick([-1, 1]);
  const place = (sideways: number, upwards: number, outwards: number): Triple =>
    along(
      along(along(goal, size * sideways, beside), size * (upwards - 30), up),
      outwards + 12 + draws.between(0, 2),
      out,
    );
  const bar = (from: Triple, to: Triple, radius: number): Capsule => ({ from, to, radius: size * radius, diffuse });
  const spread = draws.between(0, 5);
  const fingers = [-1.5, -0.5, 0.5, 1.5].flatMap((k) => {
    const reach = 1 - 0.08 * (k + 0.5) ** 2;
    const knuckle = place(k * 19, 10, 8);
    const middle = place(k * (19 + spread), 10 + 44 * reach, 6);
    return [bar(knuckle, middle, 8.6), bar(middle, place(k * (19 + 1.6 * spread), 10 + 80 * reach, -2), 7.6)];
  });
  const palm = [-1, 0, 1].map((k) => bar(place(k * 21, 2, 8), place(k * 14, -50, 14), 13));
  const root = place(thumbSide * 30, -42, 10);
  const bend = place(thumbSide * 54, -6, 6);
  const thumb = [bar(root, bend, 10), bar(bend, place(thumbSide * 60, 26, 0), 8.6)];
  return [...fingers, ...palm, ...thumb, bar(place(0, -55, 16), place(thumbSide * -10, -190, 40), 25)];
}
