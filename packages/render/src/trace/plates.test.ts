import { describe, expect, it } from 'vitest';
import { tensor, tidy } from '../engine.js';
import { vec3 } from 'gl-matrix';
import { ggx } from '../bsdf/index.js';
import { lookAt, perspective } from '../camera/index.js';
import { icosphereShape, mesh } from '../geometry/index.js';
import { areaLight, pathTrace } from './index.js';
import type { Scene } from './index.js';

/**
 * Veach's plates (1997, figure 9.2): four glossy plates, from nearly a mirror to rough, below a small, a middle and a large
 * lamp of equal power. The lamps are red, green and blue, so that one image tells them apart. Each plate is turned so that
 * its middle mirrors the lamps to the eye.
 */
const eye: [number, number, number] = [0, 3, 12];
const roughnesses = [0.15, 0.3, 0.5, 0.8];
const radii = [0.2, 0.5, 1];
const places = roughnesses.map((_, k): [number, number, number] => [0, -1.2 + 0.25 * (3 - k), 4.5 - 2 * (3 - k)]);
const lampHeight: [number, number, number] = [0, 5, 1];

const unit = (a: readonly number[], b: readonly number[]): vec3 =>
  vec3.normalize(vec3.create(), vec3.sub(vec3.create(), a as vec3, b as vec3));
/** Corners of a plate, counter-clockwise from above. */
const corners = places.map((at) => {
  const normal = vec3.add(vec3.create(), unit(eye, at), unit(lampHeight, at));
  const along = vec3.normalize(vec3.create(), vec3.cross(vec3.create(), [1, 0, 0], normal));
  return [
    [-4, 0.8],
    [4, 0.8],
    [4, -0.8],
    [-4, -0.8],
  ].flatMap(([x, s]) => [at[0] + x, at[1] + s * along[1], at[2] + s * along[2]]);
});
const black = tensor([0, 0, 0]);
const scene: Scene = {
  shapes: roughnesses.map((roughness, k) => ({
    mesh: mesh({ positions: corners[k], triangles: [0, 1, 2, 0, 2, 3] }),
    bsdf: ggx({ diffuse: black, specular: tensor([0.9, 0.9, 0.9]), roughness }),
    shading: 'flat' as const,
  })),
  emitters: radii.map((radius, k) => {
    const ball = icosphereShape({ radius, subdivisions: 2 });
    const at = [3 * (k - 1), lampHeight[1], lampHeight[2]];
    return areaLight({
      mesh: mesh({ ...ball, positions: ball.positions.map((v, i) => v + at[i % 3]) }),
      radiance: radii.map((_, c) => (c === k ? 1 / radius ** 2 : 0)),
    });
  }),
};
const [size, runs, spp] = [32, 32, 4];
const camera = perspective({ fovY: 0.62, width: size, height: size, ...lookAt(eye, [0, -0.6, 2]) });

interface Region {
  /** By lamp: mean of the plate over the runs, its squared standard error, and the variance of a pixel. */
  readonly mean: number[];
  readonly square: number[];
  readonly spread: number[];
}

/** What the plates reflect of each lamp. */
async function measure(sampling: 'mis' | 'light' | 'bsdf'): Promise<Region[]> {
  const images: ArrayLike<number>[] = [];
  for (let seed = 0; seed < runs; seed++) {
    images.push(await tidy(() => pathTrace(scene, camera, { spp, seed: seed + 1000, sampling }).image).data());
  }
  const moments = (values: readonly number[]): [mean: number, variance: number] => {
    const mean = values.reduce((a, b) => a + b) / values.length;
    return [mean, values.reduce((s, v) => s + (v - mean) ** 2, 0) / (values.length - 1)];
  };
  return Promise.all(
    corners.map(async (quad) => {
      const rows = await camera.toPixels(tensor(quad, [4, 3])).data();
      const ends = [rows[1], rows[10]].sort((a, b) => a - b);
      const [top, bottom] = [Math.ceil(ends[0]) + 1, Math.floor(ends[1]) - 1];
      const pixels: number[] = [];
      for (let y = top; y < bottom; y++) for (let x = 4; x < size - 4; x++) pixels.push(y * size + x);
      const ofLamps = radii.map((_, c) => {
        const [mean, variance] = moments(
          images.map((image) => pixels.reduce((s, p) => s + image[3 * p + c], 0) / pixels.length),
        );
        const spread = pixels.reduce((s, p) => s + moments(images.map((image) => image[3 * p + c]))[1], 0);
        return { mean, square: variance / runs, spread: spread / pixels.length };
      });
      return {
        mean: ofLamps.map((l) => l.mean),
        square: ofLamps.map((l) => l.square),
        spread: ofLamps.map((l) => l.spread),
      };
    }),
  );
}

describe('four plates under three lamps', () => {
  it('multiple importance sampling is as good as the better technique, everywhere, and all agree', async () => {
    const [mis, light, lobe] = [await measure('mis'), await measure('light'), await measure('bsdf')];
    const table: string[] = [];
    const ratios: number[] = [];
    const apart: number[] = [];
    mis.forEach((plate, k) =>
      radii.forEach((_, c) => {
        const better = Math.min(light[k].spread[c], lobe[k].spread[c]);
        ratios.push(plate.spread[c] / better);
        for (const other of [light[k], lobe[k]]) {
          apart.push(Math.abs(plate.mean[c] - other.mean[c]) / Math.sqrt(plate.square[c] + other.square[c]));
        }
        const of = (r: Region): string => `${r.mean[c].toPrecision(3)} +- ${Math.sqrt(r.square[c]).toPrecision(2)}`;
        const worse = Math.max(light[k].spread[c], lobe[k].spread[c]) / better;
        table.push(
          `plate ${k}, lamp ${c}: ${ratios.at(-1)!.toFixed(3)} of the better, worse is ${worse.toFixed(1)}; ` +
            [plate, light[k], lobe[k]].map(of).join(', '),
        );
      }),
    );
    const report = table.join('\n');
    if (process.env['PLATES']) console.log(report);
    expect(Math.max(...ratios), report).toBeLessThan(1.15);
    expect(Math.max(...apart), report).toBeLessThan(5.5);
    // either technique alone is the worse one somewhere, by much: the plates tell them apart
    for (const [one, other] of [
      [light, lobe],
      [lobe, light],
    ]) {
      const worst = one.flatMap((plate, k) => plate.spread.map((v, c) => v / other[k].spread[c]));
      expect(Math.max(...worst), report).toBeGreaterThan(3);
    }
  });
});
