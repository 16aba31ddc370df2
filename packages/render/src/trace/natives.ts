import { compileToJS, emitFunction, wgsl, wgslTarget } from '../engine.js';
import type { StructType } from '../engine.js';
import type { Native } from './integrand/steps.js';
import {
  bvhWord,
  closestHit as closestHitCode,
  closestHitOfForest,
  occluded as occludedCode,
  occludedByForest,
  offsetOrigin as offsetOriginCode,
} from './bvh/index.js';
import { hostClosestHit } from './hostTracing.js';
import { numbersFunction } from './samplers.js';

/** What the list of steps reads without a derivative: traversal of the tree, tables, cumulative sums. */

const hitType: StructType = {
  name: 'Hit',
  members: [
    { name: 't', type: 'f32' },
    { name: 'u', type: 'f32' },
    { name: 'v', type: 'f32' },
    { name: 'triangle', type: 'u32' },
  ],
};

/** The two u32 that key the random numbers of this call. */
export const randomKey: Native = {
  name: 'randomKey',
  result: 'vec2u',
  module: wgsl`fn randomKey() -> vec2u { return tables[0].xy; }`,
  host: ({ tables }) => [tables[0], tables[1]],
};

const numbersOnHost = compileToJS(numbersFunction);

/**
 * Four numbers in [0, 1) of a stream of a sample of a pixel: Philox, so that every pass draws the same. Not a call, so
 * that its rounds stay a loop: the text adds a zero to their number that the compiler does not know.
 */
export const numbers: Native = {
  name: 'numbers',
  result: 'vec4f',
  module: { text: emitFunction(numbersFunction, wgslTarget({ zero: 'none' })).text, uses: [] },
  host: (_, args) => numbersOnHost(...args),
};

/** Four words of the tables from `at` on, a multiple of 4. */
export const tableRow: Native = {
  name: 'tableRow',
  result: 'vec4u',
  module: wgsl`fn tableRow(at: u32) -> vec4u { return tables[at / 4u]; }`,
  host: ({ tables }, [at]) => [0, 1, 2, 3].map((k) => tables[at + k]),
};

const floatOf = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0];

/** One entry of the sampling weights, which stand behind the tree. */
export const weightEntry: Native = {
  name: 'weightEntry',
  result: 'f32',
  module: wgsl`${bvhWord} fn weightEntry(at: u32) -> f32 { return bitcast<f32>(bvhWord(at)); }`,
  host: ({ bvh }, [at]) => [floatOf(bvh[at])],
};

const foundType: StructType = {
  name: 'Found',
  members: [
    { name: 'index', type: 'u32' },
    { name: 'low', type: 'f32' },
    { name: 'high', type: 'f32' },
  ],
};

/** The last of `count` entries of a cumulative table (exclusive sums, the total behind them) that is not above u. */
export const search: Native = {
  name: 'searchSums',
  result: foundType,
  module: wgsl`${bvhWord} fn searchSums(at: u32, count: u32, u: f32) -> Found {
    var low = 0u;
    var high = count;
    while (high - low > 1u) {
      let middle = (low + high) / 2u;
      if (bitcast<f32>(bvhWord(at + middle)) <= u) { low = middle; } else { high = middle; }
    }
    return Found(low, bitcast<f32>(bvhWord(at + low)), bitcast<f32>(bvhWord(at + low + 1u)));
  }`,
  host: ({ bvh }, [at, count, u]) => {
    let [low, high] = [0, count];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (floatOf(bvh[at + middle]) <= u) low = middle;
      else high = middle;
    }
    return [low, floatOf(bvh[at + low]), floatOf(bvh[at + low + 1])];
  },
};

/** The nearest hit from `origin` along `direction`, between two distances. */
export const closestHit: Native = {
  name: 'closestHit',
  result: hitType,
  module: closestHitCode,
  declaresResult: true,
  host: hostClosestHit,
};

/** 1 where something is nearer than `reach`, else 0. */
export const blocked: Native = {
  name: 'blocked',
  result: 'u32',
  module: wgsl`${occludedCode} fn blocked(origin: vec3f, direction: vec3f, reach: f32) -> u32 {
    return u32(occluded(origin, direction, 0.0, reach));
  }`,
  host: (machine, [x, y, z, dx, dy, dz, reach]) => [
    Number(hostClosestHit(machine, [x, y, z, dx, dy, dz, 0, reach])[3] !== 0xffffffff),
  ],
};

/** The same two in scenes with instances: triangles have numbers as `numberOf` takes them apart. */
export const closestHitOfInstances: Native = { ...closestHit, module: closestHitOfForest };
export const blockedByInstances: Native = {
  ...blocked,
  module: wgsl`${occludedByForest} fn blocked(origin: vec3f, direction: vec3f, reach: f32) -> u32 {
    return u32(occluded(origin, direction, 0.0, reach));
  }`,
};

/** A point off the surface, from which rays do not find it again. */
export const offsetOrigin: Native = {
  name: 'offsetOrigin',
  result: 'vec3f',
  module: offsetOriginCode,
  host: (_, [x, y, z, nx, ny, nz]) => {
    const step = 1e-7 * Math.max(1, Math.abs(x), Math.abs(y), Math.abs(z));
    return [x + step * nx, y + step * ny, z + step * nz];
  },
};
