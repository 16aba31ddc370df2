// Rays of three kinds for a mesh, as numbers that every participant traces: 256 x 256 x 8 from the eye of traceCase.mjs; from
// where these hit, one to a random point of a square light, which anything may block; and one into a random direction of
// the hemisphere by the cosine law, as light that is reflected by a matt surface comes.
import { Buffer } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import { tensor } from '@chiaro/autograd';
import { rayCast } from '@chiaro/render';
import { samples } from './traceCase.mjs';

export const rayKinds = ['primary', 'shadow', 'diffuse'];

const eye = [0, 0, 60];
/** The light: a square in a plane y = 45, by its corner and its side. */
const light = { corner: [-10, 45, 20], side: 20 };

function pcg(v) {
  const state = (Math.imul(v, 747796405) + 2891336453) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}

const scaled = (v, s) => v.map((x) => x * s);
const plus = (a, b) => a.map((x, k) => x + b[k]);
const minus = (a, b) => a.map((x, k) => x - b[k]);
const length = (v) => Math.hypot(...v);
const cross = (a, b) => [0, 1, 2].map((k) => a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3]);

/** Eight floats a ray: origin, tMin, direction, tMax. */
const rayOf = (origin, direction, tMax) => [...origin, 1e-4, ...direction, tMax];

function primaryRays() {
  const rays = new Float32Array(8 * samples);
  for (let sample = 0; sample < samples; sample++) {
    const [pixel, random] = [sample >>> 3, pcg(sample)];
    const x = ((pixel & 255) + (random & 65535) / 65536) / 256 - 0.5;
    const y = 0.5 - ((pixel >>> 8) + (random >>> 16) / 65536) / 256;
    const direction = [x, y, -1.6];
    rays.set(rayOf(eye, scaled(direction, 1 / length(direction)), 1e30), 8 * sample);
  }
  return rays;
}

function shadowRay(point, random) {
  const [u, v] = [(random & 65535) / 65536, (random >>> 16) / 65536];
  const way = minus(plus(light.corner, [u * light.side, 0, v * light.side]), point);
  return rayOf(point, scaled(way, 1 / length(way)), length(way));
}

function diffuseRay(point, normal, random) {
  // a point of a sphere on the normal: the cosine law
  const z = (random & 65535) / 32768 - 1;
  const phi = ((random >>> 16) / 65536) * 2 * Math.PI;
  const r = Math.sqrt(Math.max(0, 1 - z * z));
  const direction = plus(normal, [r * Math.cos(phi), r * Math.sin(phi), z * 0.9999]);
  return rayOf(point, scaled(direction, 1 / length(direction)), 1e30);
}

/**
 * Rays of a kind, `{ any, rays }`: whether any hit will do, and eight floats a ray.
 * @param bvh the mesh's tree
 */
export async function raysOf(kind, { positions, triangles }, bvh) {
  const primary = primaryRays();
  if (kind === 'primary') return { any: false, rays: primary };
  const columns = (first) =>
    Float32Array.from({ length: 3 * samples }, (_, i) => primary[8 * Math.floor(i / 3) + first + (i % 3)]);
  const hits = rayCast(bvh, tensor(columns(0), [samples, 3]), tensor(columns(4), [samples, 3]));
  const [t, found] = [await hits.t.data(), await hits.triangles.data()];
  const rays = [];
  for (let sample = 0; sample < samples; sample++) {
    if (found[sample] < 0) continue;
    const direction = [...primary.subarray(8 * sample + 4, 8 * sample + 7)];
    const [a, b, c] = [0, 1, 2].map((k) => {
      const at = 3 * triangles[3 * found[sample] + k];
      return [...positions.subarray(at, at + 3)];
    });
    const area = cross(minus(b, a), minus(c, a));
    const facing = direction.reduce((sum, d, k) => sum + d * area[k], 0) > 0 ? -1 : 1;
    const normal = scaled(area, facing / length(area));
    const point = plus(plus(eye, scaled(direction, t[sample])), scaled(normal, 1e-3));
    const random = pcg(pcg(sample) + 1);
    rays.push(kind === 'shadow' ? shadowRay(point, random) : diffuseRay(point, normal, random));
  }
  return { any: kind === 'shadow', rays: Float32Array.from(rays.flat()) };
}

/** Writes rays for other programs: whether any hit will do, their number, eight floats each. */
export function writeRays(file, { any, rays }) {
  const head = Uint32Array.of(Number(any), rays.length / 8);
  writeFileSync(file, Buffer.concat([head, rays].map((a) => Buffer.from(a.buffer))));
}
