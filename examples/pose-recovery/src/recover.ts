// Rotations from pictures: many starts at once, coarse to fine, by gradients through rasterize and antialias.
import { Parameter, compile, noGrad, rand, randn, tensor, type Generator, type Tensor } from '@chiaro/autograd';
import {
  antialias,
  axisAngle,
  interpolate,
  perspective,
  pyramid,
  rasterize,
  rotationOf,
  texture,
} from '@chiaro/render';
import type { Mesh, Rotation } from '@chiaro/render';
import { normalsOf, type Thing } from './objects.js';

/** Where the lamp is: over the camera's left shoulder. */
const lamp = tensor([-0.4, 0.6, 0.7], [3, 1]);

/** A thing turned by rotations [B], as pictures [B, size, size, 3]. */
export function draw({ colors, lit }: Thing, mesh: Mesh, turn: Rotation, size: number): Tensor {
  const camera = perspective({ fovY: 0.6, width: size, height: size, position: [0, 0, 7] });
  const clip = camera.project(turn.apply(mesh.positions));
  const hit = rasterize(clip, mesh.triangles, camera.size);
  const { value, derivatives } = interpolate(mesh.uvs!, hit, mesh.uvTriangles!);
  let color = texture(colors, value, { derivatives });
  if (lit) {
    const light = turn.apply(normalsOf(mesh)).matmul(lamp).relu().add(0.2);
    color = color.mul(interpolate(light, hit, mesh.triangles).value);
  }
  return antialias(color.where(hit.mask, 0), hit, clip, mesh.topology);
}

/** Rotations by `degrees` [count] about random axes. */
function turns(noise: Generator, degrees: Tensor): Rotation {
  const axes = randn([degrees.shape[0]!, 3], { generator: noise });
  const unit = axes.div(axes.square().sum(1, true).sqrt());
  return axisAngle(unit.mul(degrees.mul(Math.PI / 180).unsqueeze(1)));
}

/** A rotation whose numbers are known: nothing is drawn again. */
const settled = async ({ matrix }: Rotation): Promise<Rotation> =>
  rotationOf(tensor(await matrix.data(), matrix.shape));

interface Fit {
  readonly thing: Thing;
  readonly mesh: Mesh;
  readonly steps: number;
  readonly rate: number;
}

/** Turns all rotations at once (Adam) towards their pictures; gives them with the losses at the end. */
async function fit(from: Rotation, target: Tensor, { thing, mesh, steps, rate }: Fit): Promise<[Rotation, Tensor]> {
  const count = target.shape[0]!;
  const [turn, mean, square] = [0, 1, 2].map(() => new Parameter(tensor(new Float32Array(3 * count), [count, 3])));
  const now = (): Rotation => axisAngle(turn!).after(from);
  const losses = (): Tensor =>
    pyramid(draw(thing, mesh, now(), target.shape[1]!).sub(target), 4)
      .map((level) => level.square().mean([1, 2, 3]))
      .reduce((a, b) => a.add(b));
  const step = compile((speed: number) => {
    losses().sum().backward();
    noGrad(() => {
      const g = turn!.grad!;
      mean!.assign(mean!.mul(0.9).add(g.mul(0.1)));
      square!.assign(square!.mul(0.9).add(g.square().mul(0.1)));
      turn!.assign(turn!.sub(mean!.div(square!.sqrt().add(1e-8)).mul(speed)));
    });
    turn!.grad = null;
  });
  for (let t = 0; t < steps; t++) step(rate * (1 - t / steps));
  const result = noGrad(() => ({ losses: losses(), matrix: now().matrix }));
  const [last, matrix] = [await result.losses.data(), await result.matrix.data()];
  step.dispose();
  return [rotationOf(tensor(matrix, [count, 3, 3])), tensor(last)];
}

/** Degrees between two lists of rotations: matrices differ by 2 sqrt(2) times the sine of half the angle. */
async function degreesBetween(a: Rotation, b: Rotation): Promise<number[]> {
  const apart = await a.matrix.sub(b.matrix).square().sum([1, 2]).sqrt().data();
  return Array.from(apart, (d) => (2 * Math.asin(Math.min(1, d / Math.sqrt(8))) * 180) / Math.PI);
}

/** What was found: degrees from the truth for each start, before and after, and the pictures [B, S, S, 3]. */
export interface Recovery {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly pictures: Readonly<Record<'target' | 'start' | 'found', Tensor>>;
}

/**
 * Draws random rotations, starts 40 to 60 degrees off, and finds them again from the pictures. An object may look like
 * itself from elsewhere, so every start first tries 16 poses around it on pictures of 16 x 16 pixels.
 */
export async function recover(thing: Thing, noise: Generator, { starts = 20, size = 32 } = {}): Promise<Recovery> {
  const tries = 16;
  const between = (low: number, high: number, count: number): Tensor =>
    rand([count], { generator: noise })
      .mul(high - low)
      .add(low);
  const truth = await settled(turns(noise, between(0, 180, starts)));
  const start = await settled(turns(noise, between(40, 60, starts)).after(truth));
  const repeated = (m: Tensor): Rotation =>
    rotationOf(
      m
        .unsqueeze(1)
        .expand([starts, tries, 3, 3])
        .reshape([starts * tries, 3, 3]),
    );
  const isOther = tensor(Float32Array.from({ length: starts * tries }, (_, k) => Math.min(1, k % tries)));
  const offsets = await settled(turns(noise, between(0, 60, starts * tries).mul(isOther)));
  const small = noGrad(() => draw(thing, thing.coarse, repeated(truth.matrix), 16));
  const coarse = { thing, mesh: thing.coarse, steps: 40, rate: 0.12 };
  const [rough, losses] = await fit(offsets.after(repeated(start.matrix)), small, coarse);
  const best = losses.reshape([starts, tries]).argMin(1);
  const rows = best.add(tensor(Int32Array.from({ length: starts }, (_, k) => k * tries)));
  const target = noGrad(() => draw(thing, thing.mesh, truth, size));
  const chosen = rotationOf(rough.matrix.indexSelect(0, rows));
  const [found] = await fit(chosen, target, { thing, mesh: thing.mesh, steps: 60, rate: 0.03 });
  const seen = (turn: Rotation): Tensor => noGrad(() => draw(thing, thing.mesh, turn, size));
  return {
    before: await degreesBetween(start, truth),
    after: await degreesBetween(found, truth),
    pictures: { target, start: seen(start), found: seen(found) },
  };
}
