import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileToJS, expr, tensor, valueAndGrad } from '../engine.js';
import type { Tensor } from '../engine.js';
import { frameTangent, fromFrame, toFrame } from '../math/frame.js';
import { compareSampler } from '../testing/chiSquare.testing.js';
import { albedo } from '../testing/furnace.testing.js';
import { largestDifference, randomDirection, randomNumbers } from '../testing/random.testing.js';
import { velvet } from '../testing/velvet.testing.js';
import { vjp } from '../../../tensor/src/expr/index.js';
import {
  blinnPhongRedner,
  bsdf,
  evaluateBsdf,
  ggx,
  lambert,
  metallicRoughness,
  normalMap,
  pdfBsdf,
  sampleBsdf,
  simplifiedCookTorrance,
} from './index.js';
import * as exported from './index.js';
import type { BsdfKind } from './index.js';

const random = randomNumbers(3);
type Vector = [number, number, number];

/** A direction of the upper hemisphere, away from its edge. */
function above(): Vector {
  const [x, y, z] = randomDirection(random);
  return z < 0 ? above() : z < 0.05 ? above() : [x, y, z];
}

/** Parameters of every lobe, as numbers in order: mid-range, random. */
const parameters: Record<string, () => number[]> = {
  lambert: () => [random(), random(), random()],
  ggx: () => [random(), random(), random(), random(), random(), random(), 0.3 + 0.7 * random()],
  blinnPhongRedner: () => [random(), random(), random(), random(), random(), random(), 0.1 + 0.9 * random()],
  simplifiedCookTorrance: () => [random(), random(), random(), random(), random(), random()],
  metallicRoughness: () => [random(), random(), random(), random(), 0.3 + 0.7 * random()],
  velvet: () => [random(), random(), random(), 0.2 + 0.8 * random()],
};
const factories = [lambert, ggx, metallicRoughness, blinnPhongRedner, simplifiedCookTorrance(0.4), velvet];
const kinds: BsdfKind[] = factories.map((f) => f.kind);

/** White surfaces, as white as the text of the lobe allows, and the most that they reflect of a white furnace. */
const furnaces: readonly (readonly [kind: BsdfKind, values: number[], most: number])[] = [
  [lambert.kind, [1, 1, 1], 1],
  ...[0.3, 0.6, 1].flatMap((r): (readonly [BsdfKind, number[], number])[] => [
    [ggx.kind, [0, 0, 0, 1, 1, 1, r], 1],
    [blinnPhongRedner.kind, [0, 0, 0, 1, 1, 1, r], 1.14], // as its text says
    ...[0.5, 1].map((metallic) => [metallicRoughness.kind, [1, 1, 1, metallic, r], 1] as [BsdfKind, number[], number]),
  ]),
  [simplifiedCookTorrance(0.4).kind, [0, 0, 0, 1, 1, 1], 1.14],
  [velvet.kind, [1, 1, 1, 0.5], 1],
];

describe('lobes', () => {
  it('reflect what they should: furnace and closed values', () => {
    expect(albedo(lambert.kind, [0.5, 0, 0], 0.3)).toBeCloseTo(0.5, 5);
    const metal = (roughness: number, c: number): number => albedo(ggx.kind, [0, 0, 0, 1, 1, 1, roughness], c);
    expect(metal(1, 1)).toBeCloseTo(1 - Math.LN2, 6);
    const table = [
      [0.1, 0.8835, 0.9692, 0.9883], // the table of the research notes
      [0.25, 0.892, 0.858, 0.916],
      [0.5, 0.861, 0.698, 0.689],
      [1, 0.761, 0.451, 0.307],
    ];
    for (const [alpha, ...row] of table) {
      const found = [0.1, 0.5, 1].map((c) => metal(Math.sqrt(alpha), c));
      expect(largestDifference(found, row), `alpha ${alpha}`).toBeLessThan(1.5e-3);
    }
    const shiny = (r: number): number => albedo(blinnPhongRedner.kind, [0, 0, 0, 1, 1, 1, r], 0.1);
    expect(largestDifference([0.3, 0.6, 1].map(shiny), [1.03, 1.13, 1.14])).toBeLessThan(6e-3);
  });

  it('keep energy: none reflects more of a white furnace than it says', () => {
    for (const [kind, values, most] of furnaces) {
      for (const c of [0.1, 0.4, 0.8, 1]) {
        expect(albedo(kind, values, c), `${kind.name} ${values.join(' ')} at ${c}`).toBeLessThan(most + 2e-3);
      }
    }
    // one that adds its base without dimming it does reflect more: the test can tell
    expect(albedo(ggx.kind, [1, 1, 1, 0.04, 0.04, 0.04, 0.3], 0.4)).toBeGreaterThan(1.03);
    // glTF's plastic too, as its text says
    const plastic = (r: number): number => albedo(metallicRoughness.kind, [1, 1, 1, 0, r], 0.1);
    expect(largestDifference([0.3, 0.6, 1].map(plastic), [1.284, 1.064, 0.993])).toBeLessThan(2e-3);
    // a smooth metal loses nothing, and a metal has the albedo of the microfacet lobe
    expect(albedo(metallicRoughness.kind, [1, 1, 1, 1, 0.2], 1)).toBeCloseTo(1, 2);
    expect(albedo(metallicRoughness.kind, [1, 1, 1, 1, 1], 1)).toBeCloseTo(1 - Math.LN2, 6);
  });

  it('that the package exports all stand in these tests', () => {
    const names = Object.values(exported).flatMap((value: unknown) =>
      typeof value === 'function' && 'kind' in value ? [(value.kind as BsdfKind).name] : [],
    );
    expect(names.length).toBeGreaterThanOrEqual(4);
    for (const name of names) {
      expect(kinds.map((k) => k.name)).toContain(name);
      expect(furnaces.map(([kind]) => kind.name)).toContain(name);
    }
  });

  it('are, where they say so, a base and a GGX lobe: seen along the light, where Fresnel is as at normal incidence', () => {
    const microfacets = compileToJS(ggx.kind.evaluate);
    const glossy = kinds.filter((kind) => kind.gloss);
    expect(glossy.map((kind) => kind.name)).toEqual(['ggx', 'metallicRoughness']);
    for (const kind of glossy) {
      const [f, base, gloss] = [kind.evaluate, kind.base!, kind.gloss!].map((fn) => compileToJS(fn));
      for (let n = 0; n < 50; n++) {
        const [d, values] = [above(), parameters[kind.name]()];
        const [albedo, [r, g, b, roughness]] = [base(...values), gloss(...values)];
        const expected = microfacets(...d, ...d, ...albedo, r, g, b, roughness);
        expect(largestDifference(f(...d, ...d, ...values), expected)).toBeLessThan(1e-9 * Math.max(1, ...expected));
      }
    }
  });

  it.each(kinds)('$name is reciprocal', (kind) => {
    const f = compileToJS(kind.evaluate);
    for (let n = 0; n < 200; n++) {
      const [wi, wo, values] = [above(), above(), parameters[kind.name]()];
      const [there, back] = [f(...wi, ...wo, ...values), f(...wo, ...wi, ...values)];
      expect(largestDifference(there, back)).toBeLessThan(1e-12 * Math.max(1, ...there));
    }
  });

  it.each(kinds)('$name: derived gradients in float64 of every parameter and direction', (kind) => {
    const f = compileToJS(kind.evaluate);
    const derived = compileToJS(
      vjp(
        kind.evaluate,
        kind.evaluate.inputs.map(() => true),
      ),
    );
    for (let n = 0; n < 100; n++) {
      const at = [...above(), ...above(), ...parameters[kind.name]()];
      const seed = [random(), random(), random()];
      const value = (x: number[]): number => f(...x).reduce((s, v, k) => s + v * seed[k], 0);
      const numeric = at.map((_, k) => {
        const h = 1e-6;
        const moved = (t: number): number[] => at.map((v, i) => (i === k ? v + t : v));
        return (value(moved(h)) - value(moved(-h))) / (2 * h);
      });
      const scale = Math.max(1, ...numeric.map(Math.abs));
      expect(largestDifference(derived(...at, ...seed), numeric) / scale).toBeLessThan(1e-6);
    }
  });

  /** Deviates of sampling against density for a few viewers and parameters. */
  function deviates(kind: BsdfKind, pdf = compileToJS(kind.pdf)): { deviate: number; mass: number }[] {
    const sample = compileToJS(kind.sample);
    return [0.98, 0.6, 0.2].map((c) => {
      const wo = [Math.sqrt(1 - c * c), 0, c];
      const values = parameters[kind.name]();
      return compareSampler(
        {
          sample: () => sample(random(), random(), random(), ...wo, ...values),
          pdf: (d) => pdf(...d, ...wo, ...values)[0],
        },
        { samples: 60_000, lowest: 0 },
      );
    });
  }

  it.each(kinds)('$name samples by its density', (kind) => {
    for (const { deviate, mass } of deviates(kind)) {
      expect(deviate).toBeLessThan(4);
      expect(mass).toBeLessThan(1.002);
    }
  });

  it('whose cosine was forgotten are found out', () => {
    const right = compileToJS(lambert.kind.pdf);
    const wrong = (...x: number[]): number[] => right(...x).map(() => 1 / (2 * Math.PI));
    for (const { deviate } of deviates(lambert.kind, wrong)) expect(deviate).toBeGreaterThan(20);
    const shiny = compileToJS(ggx.kind.pdf);
    const tilted = (...x: number[]): number[] => shiny(...x).map((p) => p * (0.9 + 0.2 * x[2])); // a few percent
    expect(Math.max(...deviates(ggx.kind, tilted).map((d) => d.deviate))).toBeGreaterThan(6);
  });

  it('run on tensors, with gradients to tensors that broadcast, and none below the horizon', async () => {
    const wi = Array.from({ length: 64 }, above);
    const wo = Array.from({ length: 64 }, above);
    wi[0] = [0.6, 0, -0.8];
    const values = { diffuse: tensor([[0.2, 0.3, 0.4]]), specular: 0.04, roughness: tensor(0.5) };
    const exact = compileToJS(ggx.kind.evaluate);
    const expected = wi.flatMap((d, i) => exact(...d, ...wo[i], 0.2, 0.3, 0.4, 0.04, 0.04, 0.04, 0.5));
    expect(expected.slice(0, 3)).toEqual([0, 0, 0]);
    const surface = ggx(values);
    expect(largestDifference(await evaluateBsdf(surface, tensor(wi), tensor(wo)).data(), expected)).toBeLessThan(1e-5);

    const total = (roughness: Tensor): Tensor =>
      evaluateBsdf(ggx({ ...values, roughness }), tensor(wi), tensor(wo)).sum();
    const [, gradient] = valueAndGrad(total)(values.roughness);
    const sum = (r: number): number =>
      wi.reduce((s, d, i) => s + exact(...d, ...wo[i], 0.2, 0.3, 0.4, 0.04, 0.04, 0.04, r).reduce((a, b) => a + b), 0);
    expect((await gradient.item()) / ((sum(0.501) - sum(0.499)) / 0.002)).toBeCloseTo(1, 3);

    const u = tensor(wi.map(() => [random(), random(), random()]));
    const sampled = sampleBsdf(surface, u, tensor(wo));
    const density = await pdfBsdf(surface, sampled, tensor(wo)).data();
    expect(density.every((p) => p >= 0 && Number.isFinite(p))).toBe(true);
  });

  it('refuse values and texts that do not fit', () => {
    expect(() => ggx({ diffuse: 1, specular: 1 } as never)).toThrow(/roughness is missing/);
    expect(() => ggx({ diffuse: tensor([1, 2]), specular: 1, roughness: 1 })).toThrow(/last dimension of 3/);
    expect(() =>
      bsdf({ params: { a: 'f32' }, evaluate: expr`fn evaluate(wi: vec3f) -> vec3f { return wi; }` }),
    ).toThrow(/write fn evaluate/);
    expect(() =>
      bsdf({
        params: { a: 'f32' },
        evaluate: expr`fn evaluate(wi: vec3f, wo: vec3f, p: Params) -> vec3f { return vec3f(p.b); }`,
      }),
    ).toThrow(/line 1/);
  });

  it('are written without a derivative', () => {
    const folder = new URL('.', import.meta.url);
    const sources = readdirSync(folder).filter((name) => !name.endsWith('.test.ts'));
    expect(sources.length).toBeGreaterThan(6);
    for (const name of sources) {
      const code = readFileSync(new URL(name, folder), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      expect(code, name).not.toMatch(/vjp|jvp|gradient|derivative|adjoint|backward|tangent_|\bd_\w+/i);
    }
  });
});

describe('frames', () => {
  it('are orthonormal everywhere, and there and back is the identity', () => {
    const [tangent, to, from] = [frameTangent, toFrame, fromFrame].map((fn) => compileToJS(fn));
    const poles: Vector[] = [
      [0, 0, 1],
      [0, 0, -1],
      [1, 0, 0],
      [0.6, 0, -0.8],
      [1e-9, 0, -1],
    ];
    for (const n of [...poles, ...Array.from({ length: 100 }, () => randomDirection(random))]) {
      const t = tangent(...n);
      const v = randomDirection(random);
      expect(Math.abs(t[0] * n[0] + t[1] * n[1] + t[2] * n[2])).toBeLessThan(1e-8);
      expect(Math.hypot(...t)).toBeCloseTo(1, 8);
      expect(largestDifference(from(...to(...v, ...n), ...n), v)).toBeLessThan(1e-8);
      expect(to(...n, ...n)[2]).toBeCloseTo(1, 8);
    }
  });

  it('carry normal maps: flat texels change nothing, others tilt along tangent and bitangent', () => {
    const map = compileToJS(normalMap);
    expect(largestDifference(map(0.5, 0.5, 1, 0, 0.6, 0.8, 1, 0.3, 0, 1), [0, 0.6, 0.8])).toBeLessThan(1e-12);
    expect(largestDifference(map(0.9, 0.5, 0.8, 0, 0, 1, 1, 0, 0, 1), [0.8, 0, 0.6])).toBeLessThan(1e-12);
    expect(largestDifference(map(0.5, 0.9, 0.8, 0, 0, 1, 1, 0, 0, -1), [0, -0.8, 0.6])).toBeLessThan(1e-12);
  });
});
