import { vec3 } from 'gl-matrix';
import { describe, expect, it } from 'vitest';
import { compileToJS, tensor, tidy } from '../engine.js';
import type { BsdfKind } from '../bsdf/index.js';
import { ggx } from '../bsdf/index.js';
import { lookAt, perspective } from '../camera/index.js';
import { icosphereShape, mesh } from '../geometry/index.js';
import { gaussLegendre } from '../math/quadrature.js';
import { areaLight, pathTrace } from './index.js';
import type { Scene } from './index.js';

/**
 * Inside a sphere a chord leaves and arrives at the same angle, so the light that n surfaces reflect to an angle is an
 * integral over one angle, of any lobe: L_n = T (light + L_{n-1}), (T L)(o) = int f(i, o, phi) L(i) cos i sin i di dphi. A
 * globe in the middle is the light, of radiance 1, where its angle is met. Quadrature of that in float64 is the reference
 * for white walls, the furnace: what is missing to 1 is light still on its way, and what single scattering loses.
 */
const lampSine = 0.4;

/** A metal of F = 1: its values, in the order of the lobe's parameters. */
const metal = (roughness: number): number[] => [0, 0, 0, 1, 1, 1, roughness];

/** Radiance to the angles `seen` after 1 ... most surfaces. */
function radiances(kind: BsdfKind, values: readonly number[], seen: readonly number[], most: number): number[][] {
  const f = compileToJS(kind.evaluate);
  const [polar, turned] = [gaussLegendre(40), gaussLegendre(32)];
  const edge = Math.asin(lampSine);
  const ranges = [
    [0, edge],
    [edge, (edge + Math.PI / 2) / 2],
    [(edge + Math.PI / 2) / 2, Math.PI / 2],
  ];
  const nodes = ranges.flatMap(([low, high], range) =>
    Array.from(polar.nodes, (t, k) => ({
      angle: low + ((t + 1) / 2) * (high - low),
      weight: (polar.weights[k] * (high - low)) / 2,
      isLamp: range === 0,
    })),
  );
  // crowded about the mirror direction
  const azimuths = Array.from(turned.nodes, (a, k) => {
    const s = (a + 1) / 2;
    return { phi: Math.PI * (1 - s ** 3), weight: turned.weights[k] * 3 * Math.PI * s * s };
  });
  const rows = [...nodes.map((n) => n.angle), ...seen].map((o) =>
    nodes.map(({ angle, weight }) => {
      const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
      let sum = 0;
      for (const { phi, weight: w } of azimuths) {
        const wi = [sine * Math.cos(phi), sine * Math.sin(phi), cosine];
        sum += w * f(...wi, Math.sin(o), 0, Math.cos(o), ...values)[0];
      }
      return sum * cosine * sine * weight;
    }),
  );
  const found: number[][] = [];
  let arrives = nodes.map((n) => Number(n.isLamp));
  for (let n = 1; n <= most; n++) {
    const leaves = rows.map((row) => row.reduce((sum, v, k) => sum + v * arrives[k], 0));
    found.push(leaves.slice(nodes.length));
    arrives = nodes.map((node, k) => (node.isLamp ? 1 : leaves[k]));
  }
  return found;
}

const sphere = icosphereShape({ subdivisions: 4 });
const globe = mesh({ ...sphere, positions: sphere.positions.map((v) => lampSine * v) });
const cavity = (roughness: number): Scene => ({
  shapes: [
    {
      mesh: mesh(sphere),
      bsdf: ggx({ diffuse: tensor([0, 0, 0]), specular: tensor([1, 1, 1]), roughness: tensor(roughness) }),
    },
  ],
  emitters: [areaLight({ mesh: globe, radiance: 1 })],
});

const eye: [number, number, number] = [0, 0, -0.9];
const goal: [number, number, number] = [0.9, 0, -0.5];
const camera = perspective({ fovY: 0.7, width: 16, height: 16, ...lookAt(eye, goal) });
/** The angle that the walls are seen at, for places in the image. */
async function anglesSeen(): Promise<number[]> {
  const across = Float32Array.from({ length: 2 * 64 }, (_, i) => 2 * (i % 2 === 0 ? (i >> 1) % 8 : i >> 4) + 1);
  const directions = await tidy(() => camera.rays(tensor(across, [64, 2])).directions).data();
  return Array.from({ length: 64 }, (_, k) => {
    const d = vec3.normalize(vec3.create(), directions.slice(3 * k, 3 * k + 3) as Float32Array & vec3);
    return Math.asin(vec3.length(vec3.cross(d, d, eye)));
  });
}

const runs = 5;
/** Facets in place of a sphere: relative error of the reference. */
const facets = 3e-3;

describe.each([0.5, 1])('in a cavity of white metal of roughness %d', (roughness) => {
  it('light after one to eight surfaces is what the lobe keeps', async () => {
    const seen = await anglesSeen();
    expect(Math.min(...seen)).toBeGreaterThan(Math.asin(lampSine) + 0.02);
    const exact = radiances(ggx.kind, metal(roughness), seen, 8).map((v) => v.reduce((a, b) => a + b) / v.length);
    for (const surfaces of [1, 5, 8]) {
      const values: number[] = [];
      for (let seed = 0; seed < runs; seed++) {
        const options = { spp: 16, seed, depth: surfaces + 1 };
        values.push(await tidy(() => pathTrace(cavity(roughness), camera, options).image.mean()).item());
      }
      const mean = values.reduce((a, b) => a + b) / runs;
      const error = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / (runs - 1) / runs);
      const z = (factor: number): number =>
        Math.abs(mean / exact[surfaces - 1] - factor) / Math.hypot(error / exact[surfaces - 1], facets);
      const what = `${surfaces} surfaces: ${mean} +- ${error}, exactly ${exact[surfaces - 1]}`;
      expect(error / mean, what).toBeLessThan(0.025);
      expect(z(1), what).toBeLessThan(5.6); // Student's t, 4 degrees: 0.5 %
      expect(z(1.15), `power: ${what}`).toBeGreaterThan(5.6);
    }
  });
});
