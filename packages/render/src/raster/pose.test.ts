import { expect, it } from 'vitest';
import { Parameter, compile, noGrad, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { axisAngle, perspective, rotationOf } from '../camera/index.js';
import type { Rotation } from '../camera/index.js';
import { boxShape, mesh } from '../geometry/index.js';
import { pyramid } from '../image/index.js';
import { randomDirection, randomNumbers } from '../testing/random.testing.js';
import { texture } from '../texture/index.js';
import { antialias, interpolate, rasterize } from './index.js';

const random = randomNumbers(2024);
const [starts, texels] = [20, 4];

/** A cube with random colours around one of its own on each side, in a row of a texture. */
const cube = mesh({
  ...boxShape(),
  uvs: Float32Array.from({ length: 48 }, (_, k) => {
    const [side, corner] = [k >> 3, (k >> 1) & 3];
    const inset = (along: boolean): number => 0.5 + (along ? texels - 1 : 0); // between centres of texels
    if (k % 2 === 1) return inset(corner >= 2) / texels;
    return (side * texels + inset(corner === 1 || corner === 2)) / (6 * texels);
  }),
  uvTriangles: Uint32Array.from({ length: 36 }, (_, k) => 4 * Math.floor(k / 6) + [0, 1, 2, 0, 2, 3][k % 6]),
});
const sides = [[0.9, 0.2, 0.2], [0.2, 0.8, 0.2], [0.2, 0.3, 0.9], [0.9, 0.8, 0.2], [0.8, 0.2, 0.8], [0.2, 0.8, 0.8]]; // prettier-ignore
const colors = tensor(
  Array.from({ length: texels }, () =>
    sides.flatMap((side) => Array.from({ length: texels }, () => side.map((v) => v + 0.4 * (random() - 0.5)))),
  ),
);

function draw(turn: Rotation, size: number): Tensor {
  const camera = perspective({ fovY: 0.6, width: size, height: size, position: [0, 0, 7] });
  const clip = camera.project(turn.apply(cube.positions));
  const hit = rasterize(clip, cube.triangles, camera.size);
  const { value, derivatives } = interpolate(cube.uvs!, hit, cube.uvTriangles!);
  const color = texture(colors, value, { derivatives }).where(hit.mask, 0);
  return antialias(color, hit, clip, cube.topology);
}

/** Rotations by `degrees()` about random axes. */
const turns = (count: number, degrees: (k: number) => number): Rotation =>
  axisAngle(
    tensor(
      Array.from({ length: count }, (_, k) => {
        const angle = (degrees(k) * Math.PI) / 180;
        return randomDirection(random).map((v) => angle * v);
      }),
    ),
  );

/** Turns all rotations at once (Adam, `steps` of them) towards their pictures; gives them with the losses at the end. */
async function fit(
  from: Rotation,
  target: Tensor,
  steps: number,
  rate: number,
): Promise<[Rotation, ArrayLike<number>]> {
  const count = target.shape[0];
  const [turn, mean, square] = [0, 1, 2].map(() => new Parameter(tensor(new Float32Array(3 * count), [count, 3])));
  const losses = (): Tensor =>
    pyramid(draw(axisAngle(turn).after(from), target.shape[1]).sub(target), 4)
      .map((level) => level.square().mean([1, 2, 3]))
      .reduce((a, b) => a.add(b));
  const step = compile((speed: number) => {
    losses().sum().backward();
    noGrad(() => {
      const g = turn.grad!;
      mean.assign(mean.mul(0.9).add(g.mul(0.1)));
      square.assign(square.mul(0.9).add(g.square().mul(0.1)));
      turn.assign(turn.sub(mean.div(square.sqrt().add(1e-8)).mul(speed)));
    });
    turn.grad = null;
  });
  for (let t = 0; t < steps; t++) step(rate * (1 - t / steps));
  const result = noGrad(() => ({ losses: losses(), matrix: axisAngle(turn).after(from).matrix }));
  const last = await result.losses.data();
  step.dispose();
  return [rotationOf(tensor(await result.matrix.data(), [count, 3, 3])), last];
}

it('recovers the pose of a textured cube from starts 40 to 60 degrees off', async () => {
  const truth = turns(starts, () => 180 * random());
  const start = turns(starts, () => 40 + 20 * random()).after(truth);
  // a cube looks like itself a quarter turn away: every start tries some poses around it on small pictures first
  const tries = 16;
  const repeated = (m: Tensor): Tensor =>
    m
      .unsqueeze(1)
      .expand([starts, tries, 3, 3])
      .reshape([starts * tries, 3, 3]);
  const around = turns(starts * tries, (k) => (k % tries === 0 ? 0 : 60 * random())).after(
    rotationOf(repeated(start.matrix)),
  );
  const small = noGrad(() => draw(rotationOf(repeated(truth.matrix)), 16));
  const [rough, losses] = await fit(around, small, 40, 0.12);
  const best = Array.from({ length: starts }, (_, k) => {
    const own = Array.from({ length: tries }, (__, n) => k * tries + n);
    return own.reduce((a, b) => (losses[b] < losses[a] ? b : a));
  });
  const chosen = rotationOf(rough.matrix.indexSelect(0, tensor(Int32Array.from(best))));
  const target = noGrad(() => draw(truth, 32));
  const [found] = await fit(chosen, target, 60, 0.03);

  const difference = await found.after(truth.inverse()).matrix.data();
  const degrees = Array.from({ length: starts }, (_, k) => {
    const trace = [0, 4, 8].reduce((sum, i) => sum + difference[9 * k + i], 0);
    return (Math.acos(Math.min(1, Math.max(-1, (trace - 1) / 2))) * 180) / Math.PI;
  });
  expect(degrees.filter((d) => d < 1).length, degrees.map((d) => d.toFixed(2)).join(' ')).toBeGreaterThanOrEqual(18);
});
