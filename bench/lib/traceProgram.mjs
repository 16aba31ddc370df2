// The rays of traceCase.mjs in Chiaro: one kernel that makes, traces and records them.
import { defineProgram, wgsl } from '@chiaro/autograd';
import { closestHit, occluded } from '@chiaro/render';
import { samples } from './traceCase.mjs';

const rays = wgsl`
fn pcg(v: u32) -> u32 {
  let state = v * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}
fn primaryDirection(sample: u32) -> vec3f {
  let pixel = sample / 8u;
  let random = pcg(sample);
  let jitter = vec2f(f32(random & 65535u), f32(random >> 16u)) / 65536.0;
  let at = (vec2f(f32(pixel % 256u), f32(pixel / 256u)) + jitter) / 256.0;
  return normalize(vec3f(at.x - 0.5, 0.5 - at.y, -1.6));
}
fn shadowDirection(sample: u32) -> vec3f {
  let random = pcg(pcg(sample) + 1u);
  let z = f32(random & 65535u) / 32768.0 - 1.0;
  let phi = f32(random >> 16u) / 65536.0 * 6.2831853;
  let s = sqrt(max(0.0, 1.0 - z * z));
  return vec3f(s * cos(phi), s * sin(phi), abs(z));
}`;

const eye = 'vec3f(0.0, 0.0, 60.0)';

const kernels = {
  primary: wgsl`${rays}${closestHit}
fn item(i: u32) {
  found[i] = u32(closestHit(${eye}, primaryDirection(i), 1e-4, 1e30).triangle != 0xffffffffu);
}`,
  'primary+shadow': wgsl`${rays}${closestHit}${occluded}
fn item(i: u32) {
  let direction = primaryDirection(i);
  let hit = closestHit(${eye}, direction, 1e-4, 1e30);
  if (hit.triangle == 0xffffffffu) { found[i] = 0u; return; }
  let origin = ${eye} + (hit.t - 0.01) * direction;
  found[i] = select(1u, 2u, occluded(origin, shadowDirection(i), 1e-4, 1e30));
}`,
};

const programs = Object.fromEntries(
  Object.entries(kernels).map(([name, code]) => [
    name,
    defineProgram({
      name: `trace ${name}`,
      inputs: { bvh: 'vec4u[B]' },
      outputs: () => ({ found: { dtype: 'u32', shape: [samples] } }),
      dispatches: () => [{ items: samples, code }],
      reference: () => {
        throw new Error('the benchmark is compared with its peers');
      },
    }),
  ]),
);

/** Per sample 0 for a miss, 1 for a hit, 2 for one in shadow. @param rays `primary` or `primary+shadow` */
export const traceSamples = (rays, bvh) => programs[rays]({ bvh }).found;

const given = (body) => wgsl`${body}
fn item(i: u32) {
  let from_ = rays[2u * i];
  let way = rays[2u * i + 1u];
  found[i] = isHit(from_.xyz, way.xyz, from_.w, way.w);
}`;

const rayProgram = (name, code) =>
  defineProgram({
    name,
    inputs: { bvh: 'vec4u[B]', rays: 'vec4f[R]' },
    outputs: ({ rays }) => ({ found: { dtype: 'u32', shape: [rays.shape[0] / 2] } }),
    dispatches: ({ R }) => [{ items: R / 2, code }],
    reference: () => {
      throw new Error('the benchmark is compared with its peers');
    },
  });

const closest = rayProgram(
  'trace closest',
  given(wgsl`${closestHit}
fn isHit(from_: vec3f, way: vec3f, tMin: f32, tMax: f32) -> u32 {
  return u32(closestHit(from_, way, tMin, tMax).triangle != 0xffffffffu);
}`),
);
const any = rayProgram(
  'trace any',
  given(wgsl`${occluded}
fn isHit(from_: vec3f, way: vec3f, tMin: f32, tMax: f32) -> u32 { return u32(occluded(from_, way, tMin, tMax)); }`),
);

/** Per ray 1 for a hit, 0 for none. @param rays [2 N, 4]: origin and tMin, direction and tMax */
export const traceRays = (anyWillDo, bvh, rays) => (anyWillDo ? any : closest)({ bvh, rays }).found;
