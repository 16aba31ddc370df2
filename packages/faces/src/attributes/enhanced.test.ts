import { describe, expect, it } from 'vitest';
import { Generator, Parameter, pinhole, rand, ShapeError, tensor, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import { albedoAtlas } from './albedoAtlas.js';
import { faceOfAttributes, traceFace } from './attributeFace.js';
import { enhancedEnergy, enhancedTerms } from './enhancedEnergy.js';
import type { EnhancedTerm, EnhancedWeights } from './enhancedEnergy.js';
import { enhancedFace } from './enhancedFace.js';
import type { EnhancedFace } from './enhancedFace.js';
import { attributeLayout } from './layout.js';
import type { AttributeView } from './photoTerms.js';
import { squareModel } from './squareModel.testing.js';

const M = 4;
const model = squareModel();
const layout = attributeLayout(
  model,
  { identity: 80, albedo: 80, bands: 2 },
  { translation: [0, -35, -400], ambient: 0.6 },
);
const of = { model, layout, atlas: albedoAtlas(model, M) };
const size = 16;
const camera = pinhole({
  ...{ width: size, height: size, near: 50, far: 5000 },
  intrinsics: tensor([4 * size, 4 * size, size / 2, size / 2]),
});
const face = faceOfAttributes(of, zeros([layout.size]));
const rays = (seed: number) => ({ spp: 16, depth: 2, lightHeight: 8, generator: new Generator(seed) });
const view = async (seen: EnhancedFace): Promise<AttributeView> => ({
  photo: tensor(await traceFace(model, seen, camera, rays(1)).image.data(), [size, size, 3]),
  camera,
  targets: {
    ...{ landmarks: zeros([68, 2]), tangents: zeros([68, 2]).add(1) },
    ...{ slide: zeros([68]).add(1), sigma: 1 },
  },
});
const none = Object.fromEntries(enhancedTerms.map((name) => [name, 0])) as Record<EnhancedTerm, number>;
const wavy = (channels: number, height: number): Tensor =>
  tensor(
    Float32Array.from({ length: M * M * channels }, (_, k) => height * Math.sin(1 + 2.3 * k)),
    [M, M, channels],
  );

describe('an enhanced face', () => {
  it('is the base face for increments of zero, also of the normal', async () => {
    const same = enhancedFace(face, {
      diffuse: zeros([M, M, 3]),
      specular: zeros([M, M, 1]),
      normal: zeros([M, M, 3]),
    });
    const [base, found] = await Promise.all(
      [face, same].map((each) => traceFace(model, each, camera, rays(2)).image.data()),
    );
    expect(Math.max(...base)).toBeGreaterThan(0.05);
    found.forEach((x, k) => expect(Math.abs(x - base[k])).toBeLessThan(1e-5));
    const bent = enhancedFace(face, { normal: wavy(3, 0.5) });
    const other = await traceFace(model, bent, camera, rays(2)).image.data();
    expect(other.some((x, k) => Math.abs(x - base[k]) > 0.01)).toBe(true);
    expect(() => enhancedFace(face, { specular: zeros([M, M, 3]) })).toThrow(ShapeError);
  });

  it('has the terms of eq. 3 as one computes them by hand', async () => {
    const [diffuse, specular, normal] = [wavy(3, 0.9), wavy(1, 0.2), wavy(3, 0.4)];
    const whole = enhancedFace(face, { diffuse, specular, normal });
    const weights: EnhancedWeights = {
      ...none,
      ...Object.fromEntries(enhancedTerms.slice(2).map((name) => [name, 1])),
    };
    const energy = enhancedEnergy(model, of.atlas, whole, await view(whole), rays(3), weights);
    const found = Object.fromEntries([...(await energy.data())].map((x, k) => [enhancedTerms[k], x]));

    const [D, S, d, s, n, inFace] = await Promise.all(
      [face.textures.diffuse, face.textures.specular.narrow(2, 0, 1), diffuse, specular, normal, of.atlas.face].map(
        (t) => t.data(),
      ),
    );
    const mirror = await of.atlas.mirror.data();
    const texels = Array.from({ length: M * M }, (_, k) => k);
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    const faceMean = (value: (k: number) => number): number =>
      sum(texels.map((k) => inFace[k] * value(k))) / sum([...inFace]);
    const A = Float64Array.from(D, (x, i) => x + d[i]);
    const B = Float64Array.from(S, (x, i) => x + s[i]);
    const N = Float64Array.from(n, (_, i) => {
      const at = i - (i % 3);
      const [x, y, z] = [n[at], n[at + 1], 1 + n[at + 2]];
      return [x, y, z][i % 3] / Math.hypot(x, y, z);
    });
    const symmetry = (T: Float64Array, C: number): number =>
      faceMean((k) => sum(Array.from({ length: C }, (_, c) => Math.abs(T[C * k + c] - T[C * mirror[k] + c]))));
    const kappa = (r: number, g: number, b: number): [number, number] => {
      const X = 41.24 * r + 35.76 * g + 18.05 * b;
      const Y = 21.26 * r + 71.52 * g + 7.22 * b;
      const Z = 1.93 * r + 11.92 * g + 95.05 * b;
      return [X / (1 + X + Y + Z), Y / (1 + X + Y + Z)];
    };
    const apart = (a: [number, number], b: [number, number]): number => Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]);
    const smoothness = (T: Float64Array, C: number): number => {
      let total = 0;
      for (const k of texels)
        for (let c = 0; c < C; c++) {
          if (k % M < M - 1) total += (T[C * (k + 1) + c] - T[C * k + c]) ** 2;
          if (k < M * (M - 1)) total += (T[C * (k + M) + c] - T[C * k + c]) ** 2;
        }
      return total / (M * M);
    };
    const outside = (T: Float64Array): number =>
      sum([...T].map((x) => (Math.max(0, -x) + Math.max(0, x - 1)) ** 2)) / T.length;
    const expected: Record<EnhancedTerm, number> = {
      ...none,
      diffuseSymmetry: symmetry(A, 3),
      specularSymmetry: symmetry(B, 1),
      diffuseConsistency: faceMean((k) =>
        apart(kappa(A[3 * k], A[3 * k + 1], A[3 * k + 2]), kappa(D[3 * k], D[3 * k + 1], D[3 * k + 2])),
      ),
      specularConsistency: faceMean((k) => apart(kappa(B[k], B[k], B[k]), kappa(S[k], S[k], S[k]))),
      ...{ diffuseSmoothness: smoothness(A, 3), specularSmoothness: smoothness(B, 1) },
      ...{ normalSmoothness: smoothness(N, 3), textureBox: outside(A) + outside(B) },
    };
    expect(sum([...inFace])).toBeGreaterThan(4);
    for (const name of enhancedTerms.slice(2)) {
      expect(expected[name]).toBeGreaterThan(1e-4);
      expect(found[name] / expected[name]).toBeCloseTo(1, 4);
    }
    await expect(async () =>
      enhancedEnergy(model, of.atlas, enhancedFace(face, {}), await view(whole), rays(3), weights).data(),
    ).rejects.toThrow(ShapeError);
  });

  it('is pulled towards the photograph: all increments have gradients, and the photo terms fall', async () => {
    const cells = {
      diffuse: new Parameter(rand([M, M, 3], { generator: new Generator(5) }).mul(0.02)),
      specular: new Parameter(zeros([M, M, 1])),
      normal: new Parameter(rand([M, M, 3], { generator: new Generator(6) }).mul(0.02)),
    };
    const goal = enhancedFace(face, { diffuse: zeros([M, M, 3]).add(-0.1) });
    const photo = await view(goal);
    const weights: EnhancedWeights = { ...none, rays: 1, vertices: tensor(2) };
    const energy = (): Tensor => enhancedEnergy(model, of.atlas, enhancedFace(face, cells), photo, rays(1), weights);
    const before = await energy().data();
    energy().sum().backward();
    for (const [name, step] of [
      ['diffuse', 5],
      ['specular', 0],
      ['normal', 0],
    ] as const) {
      const gradient = await cells[name].grad!.data();
      expect(gradient.every((g) => Number.isFinite(g)) && gradient.some((g) => g !== 0)).toBe(true);
      cells[name].assign(cells[name].sub(cells[name].grad!.mul(step)));
    }
    const after = await energy().data();
    for (const k of [0, 1]) expect(after[k]).toBeLessThan(0.95 * before[k]);
  });
});
