import { describe, expect, it } from 'vitest';
import { arange, concat, grad, jvp, noGrad, stack, tensor, tidy, zerosLike } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { lambert } from '../../bsdf/index.js';
import { axisAngle, orthographic, perspective, pinhole } from '../../camera/index.js';
import type { Camera } from '../../camera/index.js';
import { boxShape, icosphereShape, mesh, planeShape } from '../../geometry/index.js';
import type { Mesh } from '../../geometry/index.js';
import { randomNumbers } from '../../testing/random.testing.js';
import { areaLight, directionalLight, pathTrace } from '../index.js';
import type { PathTraceOptions, Scene } from '../index.js';

/**
 * Gradients of visibility, by z-tests against closed forms and differences of converged renders. Meshes that shine and
 * paths of one segment make images that are all outline: nothing but the boundary term has a gradient there.
 */
type Inputs = Readonly<Record<string, Tensor>>;
const seeds = [1, 2, 3, 4, 5, 6];
const width = 16;
const random = randomNumbers(5);
const weights = tensor(
  Float32Array.from({ length: width * width * 3 }, () => 0.5 + random()),
  [width, width, 3],
);

const shining = (of: Mesh, radiance: readonly [number, number, number] = [1, 1, 1]): Scene => ({
  shapes: [],
  emitters: [areaLight({ mesh: of, radiance: [...radiance], twoSided: true })],
});
const seen = (scene: Scene, camera: Camera, options: PathTraceOptions = {}): Tensor =>
  pathTrace(scene, camera, { spp: 4, depth: 1, seed: 1, boundary: 'primary', edgeSamples: 2048, ...options }).image;
const list = async (t: Tensor): Promise<number[]> => [...(await t.data())];

/** Mean over the seeds of numbers, and its standard error. */
async function converged(of: (seed: number) => Tensor): Promise<{ mean: number[]; error: number[] }> {
  const runs = await Promise.all(seeds.map((seed) => list(tidy(() => of(seed)))));
  const mean = runs[0].map((_, k) => runs.reduce((sum, r) => sum + r[k], 0) / runs.length);
  const spread = mean.map((m, k) => runs.reduce((sum, r) => sum + (r[k] - m) ** 2, 0) / (runs.length - 1));
  return { mean, error: spread.map((s) => Math.sqrt(s / runs.length)) };
}

/** Student's t of 5 degrees at 1e-4, and what rounding and the step beside the edge may add. */
const far = 9.7;
function expectSame(found: { mean: number[]; error: number[] }, exact: readonly number[]): void {
  const scale = Math.hypot(...exact) / Math.sqrt(exact.length);
  const z = (factor: number): number =>
    Math.max(...exact.map((e, k) => Math.abs(factor * found.mean[k] - e) / (found.error[k] + 2e-3 * scale)));
  expect(Math.max(...found.error) / scale, 'standard error').toBeLessThan(0.03);
  expect(z(1)).toBeLessThan(far);
  expect(z(1.2), 'power').toBeGreaterThan(far);
}

/**
 * Something whose gradient is that of the sum of an image of a triangle: its sides, taken in 128 parts each since straight lines
 * may be bent there, times how far they move outwards, times what the pixels' weights add up to there.
 */
function sumOnFilm(corners: Tensor, camera: Camera, filter: keyof typeof rowSums): Tensor {
  const parts = 128;
  const t = tensor(
    Float32Array.from({ length: parts }, (_, k) => k / parts),
    [parts, 1],
  );
  const [a, b, c] = [0, 1, 2].map((k) => corners.narrow(0, k, 1));
  const outline = camera.toPixels(concat([a.lerp(b, t), b.lerp(c, t), c.lerp(a, t)])).narrow(1, 0, 2);
  const next = outline.roll(-1, 0);
  const along = next.sub(outline).detach();
  const middle = outline.add(next).mul(0.5);
  const share = rowSums[filter](middle.select(1, 0)).mul(rowSums[filter](middle.select(1, 1)));
  // triangles run against the clock, in pixels with the clock: outwards is to the left
  const outwards = middle
    .select(1, 0)
    .mul(along.select(1, 1))
    .sub(middle.select(1, 1).mul(along.select(1, 0)));
  return outwards.mul(share.detach()).sum().neg();
}
const fromCentres = (x: Tensor): Tensor => x.unsqueeze(1).sub(arange(width).add(0.5));
/** The sum of a filter's weights at the centres of a row of pixels, [N] of places [N]: the Gaussian has half a pixel's deviation. */
const rowSums = {
  box: () => tensor(1),
  tent: (x: Tensor) => fromCentres(x).abs().neg().add(1).clamp(0).sum(1),
  gaussian: (x: Tensor) =>
    fromCentres(x)
      .square()
      .mul(-2)
      .exp()
      .sum(1)
      .mul(Math.sqrt(2 / Math.PI)),
};

const triangle = mesh({ positions: [-1.1, -0.9, -0.2, 1.2, -0.5, 0.3, -0.2, 1.3, 0.1], triangles: [0, 1, 2] });
const distortion = tensor([-0.12, 0.03, 0.02, -0.015, 0.01]);
const pose = (
  p: Inputs,
): { rotation: ReturnType<typeof axisAngle>; position: Tensor; width: number; height: number } => ({
  rotation: axisAngle(p['turn']),
  position: p['position'],
  width,
  height: width,
});
const triangleInputs: Inputs = {
  positions: triangle.positions,
  turn: tensor([0.05, -0.1, 0.2]),
  position: tensor([0.1, -0.2, 4]),
  intrinsics: tensor([17, 18, 7.6, 8.3]),
};
const cameras: readonly (readonly [string, (p: Inputs) => Camera, PathTraceOptions])[] = [
  ['a pinhole', (p) => pinhole({ ...pose(p), intrinsics: p['intrinsics'] }), {}],
  ['a distorted lens', (p) => pinhole({ ...pose(p), intrinsics: p['intrinsics'], distortion }), {}],
  ['parallel rays', (p) => orthographic({ ...pose(p), extent: p['intrinsics'].select(0, 0).mul(0.25) }), {}],
  [
    'a pinhole and a Gaussian film',
    (p) => pinhole({ ...pose(p), intrinsics: p['intrinsics'] }),
    { filter: 'gaussian' },
  ],
  ['a pinhole and a tent film', (p) => pinhole({ ...pose(p), intrinsics: p['intrinsics'] }), { filter: 'tent' }],
];

describe.each(cameras)('the area of a triangle, by %s', (_, cameraOf, options) => {
  it('has its gradients: corners, pose and lens', async () => {
    const closed = (p: Inputs): Tensor => sumOnFilm(p['positions'], cameraOf(p), options.filter ?? 'box');
    const area =
      (seed: number) =>
      (p: Inputs): Tensor =>
        seen(shining({ ...triangle, positions: p['positions'] }), cameraOf(p), { ...options, seed })
          .select(2, 0)
          .sum();
    const exact = grad(closed)(triangleInputs) as Inputs;
    const found = (seed: number): Inputs => grad(area(seed))(triangleInputs) as Inputs;
    for (const key of Object.keys(triangleInputs)) {
      const values = await list(exact[key]);
      if (Math.hypot(...values) < 1e-3) continue;
      expectSame(await converged((seed) => found(seed)[key].flatten()), values);
    }
  });

  it('forward and reverse mode are transposes', async () => {
    const loss = (p: Inputs): Tensor =>
      seen(shining({ ...triangle, positions: p['positions'] }), cameraOf(p), options)
        .mul(weights)
        .sum();
    const gradients = grad(loss)(triangleInputs) as Inputs;
    for (const key of ['positions', 'turn']) {
      const way = tensor(
        Float32Array.from({ length: triangleInputs[key].size }, () => random() - 0.5),
        [...triangleInputs[key].shape],
      );
      const still = Object.fromEntries(Object.entries(triangleInputs).map(([k, t]) => [k, zerosLike(t)]));
      const [, change] = jvp(loss, triangleInputs, { ...still, [key]: way });
      const expected = await gradients[key].mul(way).sum().item();
      const scale = await gradients[key].mul(way).square().sum().sqrt().item();
      expect(Math.abs((await (change as Tensor).item()) - expected) / scale).toBeLessThan(1e-4);
    }
  });
});

/** 16 x 16 pixels of a unit square each; y is upwards, so pixel row r shows y from 15 - r to 16 - r. */
const flatFilm = orthographic({ width, height: width, extent: width, position: [8, 8, 5] });
const quad = (x0: number, x1: number, z: number): Mesh =>
  mesh({ positions: [x0, 3, z, x1, 3, z, x1, 11, z, x0, 11, z], triangles: [0, 1, 2, 0, 2, 3] });
/** Gradient of a loss by what moves a mesh to the right, a tensor []. */
const slope = (loss: (shift: Tensor, seed: number) => Tensor): ReturnType<typeof converged> =>
  converged((seed) => grad((s: Tensor) => loss(s, seed))(tensor(0)).reshape([1]));
const moved = (of: Mesh, by: Tensor): Mesh => ({ ...of, positions: of.positions.add(by.mul(tensor([1, 0, 0]))) });
/** Weights 0 ... 15 of the columns of the first channel. */
const columns = tensor(
  Float32Array.from({ length: 3 * width }, (_, i) => (i % 3 === 0 ? i / 3 : 0)),
  [width, 3],
);

describe('a flat film', () => {
  it('a disc: its area by its radius is the circumference', async () => {
    const count = 64;
    const ring = Array.from({ length: count }, (_, k) => (2 * Math.PI * k) / count);
    const disc = mesh({
      positions: [0, 0, 0, ...ring.flatMap((t) => [Math.cos(t), Math.sin(t), 0])],
      triangles: ring.flatMap((_, k) => [0, 1 + k, 1 + ((k + 1) % count)]),
    });
    const radius = 5.3;
    const found = await converged((seed) =>
      grad((r: Tensor) => {
        const positions = disc.positions.mul(r).add(tensor([8, 8, 0]));
        return seen(shining({ ...disc, positions }), flatFilm, { seed })
          .select(2, 0)
          .sum();
      })(tensor(radius)).reshape([1]),
    );
    expectSame(found, [count * Math.sin((2 * Math.PI) / count) * radius]); // of the polygon: 2 pi r but for 0.2 %
  });

  it('a closed ball: its outline is where triangles turn away, and its area grows with the square of its radius', async () => {
    const ball = mesh(icosphereShape({ radius: 1, subdivisions: 2 }));
    const area = (r: Tensor, options: PathTraceOptions): Tensor => {
      const positions = ball.positions.mul(r).add(tensor([8.2, 7.9, -8]));
      return seen(shining({ ...ball, positions }), flatFilm, options)
        .select(2, 0)
        .sum();
    };
    const radius = tensor(5.3);
    const exact = await noGrad(() => area(radius, { spp: 256 }).mul(2).div(radius)).item();
    // some of its triangles are seen exactly edge on
    expectSame(await converged((seed) => grad((r: Tensor) => area(r, { seed }))(radius).reshape([1])), [exact]);
  });

  it('a mesh that moves inside of the frame leaves the sum as it is', async () => {
    const found = await converged((seed) =>
      (
        grad((positions: Tensor) => {
          const scene = shining({ ...quad(3.3, 9.6, 0), positions });
          return seen(scene, flatFilm, { seed }).select(2, 0).sum();
        })(quad(3.3, 9.6, 0).positions) as Tensor
      ).sum(0),
    );
    found.mean.forEach((m, k) => expect(Math.abs(m)).toBeLessThan(far * found.error[k] + 1e-3)); // the sides are 6 and 8 long
  });

  it('what leaves the film gives what is left in it', async () => {
    const large = mesh({
      positions: [-80, -90, 0, 4.7, -90, 0, 4.7, 95, 0, -80, 95, 0],
      triangles: [0, 1, 2, 0, 2, 3],
    });
    expectSame(
      await slope((s, seed) =>
        seen(shining(moved(large, s)), flatFilm, { seed })
          .select(2, 0)
          .sum(),
      ),
      [width],
    );
  });

  it('an edge that something hides gives nothing', async () => {
    const back = quad(2.4, 9.6, 0);
    const loss =
      (front: Mesh) =>
      (s: Tensor, seed: number): Tensor => {
        const emitters = [
          ...shining(moved(back, s), [2, 2, 2]).emitters!,
          ...shining(front, [0.5, 0.5, 0.5]).emitters!,
        ];
        return seen({ shapes: [], emitters }, flatFilm, { seed }).mul(columns).sum();
      };
    const cover = mesh({ positions: [1, 1, 1, 15, 1, 1, 15, 15, 1, 1, 15, 1], triangles: [0, 1, 2, 0, 2, 3] });
    expect(await list(grad((s: Tensor) => loss(cover)(s, 1))(tensor(0)))).toEqual([0]);
    // only the left edge, x = 2.4 in column 2, is seen; it is 8 long and moves 2 away
    expectSame(await slope(loss(quad(5.5, 13, 1))), [-2 * 8 * 2]);
  });

  it('meshes with a common border have one edge there, and two when they part', async () => {
    const [left, right] = [quad(2.4, 6.7, 0), quad(6.7, 11.2, 0)];
    const loss =
      (gap: number) =>
      (s: Tensor, seed: number): Tensor => {
        const emitters = [
          ...shining(moved(left, s), [3, 3, 3]).emitters!,
          ...shining(moved(right, s.add(gap)), [1, 1, 1]).emitters!,
        ];
        return seen({ shapes: [], emitters }, flatFilm, { seed }).mul(columns).sum();
      };
    // edges 8 long in columns 2, 6 and 11; then 2, 6, 9 and 14
    expectSame(await slope(loss(0)), [8 * (-3 * 2 + (3 - 1) * 6 + 11)]);
    expectSame(await slope(loss(3)), [8 * (-3 * 2 + 3 * 6 - 9 + 14)]);
  });
});

it('a mesh that reaches behind the camera has finite gradients', async () => {
  const floor = mesh({ positions: [-3, -1, 6, 3, -1, 6, 3, -1, -20, -3, -1, -20], triangles: [0, 1, 2, 0, 2, 3] });
  const loss = (p: Inputs): Tensor => {
    const camera = perspective({
      fovY: 1,
      width,
      height: width,
      rotation: axisAngle(p['turn']),
      position: p['position'],
    });
    return seen(shining({ ...floor, positions: p['positions'] }), camera)
      .mul(weights)
      .sum();
  };
  const inputs = { positions: floor.positions, turn: tensor([0, 0, 0]), position: tensor([0, 0, 0]) };
  const sizes = (p: Inputs): Promise<number[]> =>
    Promise.all(Object.values(grad(loss)(p) as Inputs).map(async (g) => Math.hypot(...(await list(g)))));
  for (const size of await sizes(inputs)) expect(size > 1 && size < 1e6).toBe(true);
  // and all of it behind: no edge is in view
  expect(await sizes({ ...inputs, position: tensor([0, 0, -30]) })).toEqual([0, 0, 0]);
});

/**
 * A cube with a texture before a background with another, in parallel light: the image changes by what is reflected, and by
 * what comes into view at outlines, at the edges of the cube and where the background ends. The cube's shadow is not in view.
 */
it('a camera that moves past a textured cube: all six numbers of its pose', async () => {
  const size = 8;
  const texture = (): Tensor =>
    tensor(
      Float32Array.from({ length: 4 * 4 * 3 }, () => 0.3 + random()),
      [4, 4, 3],
    );
  const wall = mesh(planeShape({ size: 30, cells: 1 }));
  const place = tensor([-11, -15, -40]);
  const scene: Scene = {
    shapes: [
      { mesh: mesh(boxShape({ size: [1, 1, 1] })), bsdf: lambert({ albedo: texture() }), shading: 'flat' },
      { mesh: { ...wall, positions: wall.positions.add(place) }, bsdf: lambert({ albedo: texture() }) },
    ],
    emitters: [directionalLight({ direction: [-1.2, -0.1, -1], irradiance: [2, 2, 2] })],
  };
  // even weights: what pixels do to smoothness must not hide in the step
  const ramp = tensor(
    Float32Array.from({ length: 3 * size * size }, (_, i) => 0.5 + (i % (3 * size)) / 30 + i / 500),
    [size, size, 3],
  );
  const loss = (p: Inputs, options: PathTraceOptions): Tensor => {
    const rotation = axisAngle(p['turn']);
    const camera = perspective({ fovY: 0.55, width: size, height: size, rotation, position: p['position'] });
    return pathTrace(scene, camera, options).image.mul(ramp).sum();
  };
  const inputs: Inputs = { turn: tensor([-0.35, 0.42, 0.1]), position: tensor([1.7, 1.4, 3.6]) };
  const numbers = [0, 1, 2].map((k) => tensor([0, 1, 2].map((c) => Number(c === k))));
  const differences = await converged((seed) =>
    noGrad(() =>
      stack(
        [...numbers.map((n) => [n.mul(0.01), n.mul(0)]), ...numbers.map((n) => [n.mul(0), n.mul(0.04)])].map(
          ([turn, shift], k) => {
            const at = (sign: number): Tensor => {
              const there = {
                turn: inputs['turn'].add(turn.mul(sign)),
                position: inputs['position'].add(shift.mul(sign)),
              };
              return loss(there, { spp: 256, seed: seed + 20 });
            };
            return at(1)
              .sub(at(-1))
              .div(k < 3 ? 0.02 : 0.08);
          },
        ),
      ),
    ),
  );
  const found = (boundary: 'none' | 'primary'): ReturnType<typeof converged> =>
    converged((seed) => {
      const gradient = grad((p: Inputs) => loss(p, { spp: 16, seed, boundary, edgeSamples: 8192 }))(inputs) as Inputs;
      return concat([gradient['turn'], gradient['position']]);
    });
  const [primary, interior] = [await found('primary'), await found('none')];
  for (const [first, last] of [
    [0, 3],
    [3, 6],
  ]) {
    const part = (values: readonly number[]): number[] => values.slice(first, last);
    const error = part(primary.error).map((e, k) => Math.hypot(e, differences.error[first + k]));
    const exact = part(differences.mean);
    expectSame({ mean: part(primary.mean), error }, exact);
    expect(() => expectSame({ mean: part(interior.mean), error }, exact), 'the interior alone').toThrow();
  }
});
