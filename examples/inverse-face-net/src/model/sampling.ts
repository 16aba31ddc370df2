import { rand, randn, type Generator, type Tensor } from '@chiaro/autograd';
import type { MultilinearModel } from './multilinearModel.js';
import { groups, part, type Group, type Layout } from './parameters.js';

const degrees = Math.PI / 180;

/** How the second number of N(0, x) is read: as a standard deviation (Caffe's fillers do), or a variance. */
export type Spread = 'deviation' | 'variance';

const deviationOf = (x: number, spread: Spread): number => (spread === 'deviation' ? x : Math.sqrt(x));

/**
 * The paper draws expressions from U(-12, 12) in a basis of its own, with a bias of 4.8 on the mode that opens the mouth.
 * Here modes have unit variance: U(-2, 2), looked at in the contact sheet, and the same bias in shares of the range.
 */
const expressionRange = 2;
const mouthBias = (4.8 / 12) * expressionRange;

/** The expression mode that opens the mouth most, and the sign that does: by what parts the middles of the inner lips. */
function mouthMode({ base, expression }: MultilinearModel): { readonly mode: number; readonly sign: 1 | -1 } {
  const [upper, lower] = [base.data.landmarks[62], base.data.landmarks[66]];
  const size = 3 * base.vertexCount;
  const gap = Array.from(
    expression.sigma,
    (_, k) => expression.vectors[k * size + 3 * upper + 1] - expression.vectors[k * size + 3 * lower + 1],
  );
  const mode = gap.reduce((best, g, k) => (Math.abs(g) > Math.abs(gap[best]) ? k : best), 0);
  return { mode, sign: gap[mode] > 0 ? 1 : -1 };
}

/** Numbers of theta from random ones, group by group: uniform ones in [0, 1), and normal ones. */
type Rule = (k: number, uniform: number, normal: number) => number;

async function draw(
  count: number,
  layout: Layout,
  generator: Generator,
  rules: Readonly<Record<Group, Rule>>,
): Promise<Float32Array> {
  const shape = [count, layout.size];
  const read = async (numbers: Tensor): Promise<Float32Array> => (await numbers.data()) as Float32Array;
  const uniform = await read(rand(shape, { generator }));
  const normal = await read(randn(shape, { generator }));
  const result = new Float32Array(count * layout.size);
  for (let i = 0; i < count; i++) {
    const at = i * layout.size;
    for (const group of groups) {
      const start = at + layout.starts[group];
      part(result.subarray(at, at + layout.size), layout, group).forEach(
        (_, k, list) => (list[k] = rules[group](k, uniform[start + k], normal[start + k])),
      );
    }
  }
  return result;
}

const between = (u: number, limit: number): number => (2 * u - 1) * limit;

/**
 * Draws theta [count * m] from P(theta) of section 5, eq. 5: pitch and yaw U(-40, 40) degrees, roll U(-15, 15), shape and
 * reflectance N(0, 1), expression U(-2, 2) with a mouth that is rather open, light U(-0.2, 0.2) about a constant U(0.6, 1.2),
 * without colour.
 */
export async function drawParameters(
  model: MultilinearModel,
  count: number,
  generator: Generator,
): Promise<Float32Array> {
  const { layout } = model;
  const mouth = mouthMode(model);
  const theta = await draw(count, layout, generator, {
    rotation: (k, u) => between(u, (k === 2 ? 15 : 40) * degrees),
    shape: (_, __, n) => n,
    expression: (k, u) => between(u, expressionRange) + (k === mouth.mode ? mouth.sign * mouthBias : 0),
    reflectance: (_, __, n) => n,
    illumination: (k, u) => (k < 3 ? 0.6 + 0.6 * u : between(u, 0.2)),
  });
  for (let i = 0; i < count; i++) {
    const light = part(theta.subarray(i * layout.size, (i + 1) * layout.size), layout, 'illumination');
    for (let k = 0; k < light.length; k++) light[k] = light[k - (k % 3)]; // red for all
  }
  return theta;
}

/** What a perturbed parameter may be: the corpus stays in the range of the model, so that breeding cannot run away. */
const limits: Readonly<Record<Group, number>> = {
  rotation: 60 * degrees,
  shape: 3,
  expression: 1.5 * expressionRange,
  reflectance: 3,
  illumination: 2,
};

/**
 * Step 2 of Algorithm 1: perturbed copies of theta [N * m], `copies` of each: [N * copies * m]. Rotation U(-5, 5) degrees, shape
 * N(0, 0.05), reflectance N(0, 0.2), expression N(0, 0.1), light N(0, 0.02).
 */
export async function perturbParameters(
  { layout }: MultilinearModel,
  theta: Float32Array,
  generator: Generator,
  { copies = 2, spread = 'deviation' }: { readonly copies?: number; readonly spread?: Spread } = {},
): Promise<Float32Array> {
  const noise: Readonly<Record<Exclude<Group, 'rotation'>, number>> = {
    shape: deviationOf(0.05, spread),
    expression: deviationOf(0.1, spread),
    reflectance: deviationOf(0.2, spread),
    illumination: deviationOf(0.02, spread),
  };
  const normal =
    (group: keyof typeof noise): Rule =>
    (_, __, n) =>
      noise[group] * n;
  const moved = await draw((theta.length / layout.size) * copies, layout, generator, {
    rotation: (_, u) => between(u, 5 * degrees),
    shape: normal('shape'),
    expression: normal('expression'),
    reflectance: normal('reflectance'),
    illumination: normal('illumination'),
  });
  for (const group of groups) {
    const [start, length, limit] = [layout.starts[group], layout.counts[group], limits[group]];
    for (let row = 0; row < moved.length / layout.size; row++) {
      const from = Math.floor(row / copies) * layout.size + start;
      const to = row * layout.size + start;
      for (let k = 0; k < length; k++)
        moved[to + k] = Math.min(limit, Math.max(-limit, theta[from + k] + moved[to + k]));
    }
  }
  return moved;
}
