import { compileToJS, defineProgram, jvpOf, makeFunction, vjpOf, wgsl } from '../engine.js';
import type { ExprFunction, HostTensor, Tensor } from '../engine.js';
import { commonScale } from '../math/gradientScale.js';
import { mipLevels } from './mipmaps.js';
import type { TexelSampler } from './texelSampler.js';

/**
 * Levels have the sizes of `mipLevels`; `total` texels a face, all levels together; `blends` is 1 for one level and 2 for a
 * blend of two; each frame has `places` places. `four` is 4, unknown to the compiler, so that loops over corners stay
 * loops.
 */
const options = {
  ...({ height: 'u32', width: 'u32', levels: 'u32', total: 'u32', places: 'u32' } as const),
  ...({ blends: 'u32', four: 'u32' } as const),
};
export type SampleOptions = Readonly<Record<keyof typeof options, number>>;

const inputs = { pyramid: 'f32[R, C]', at: 'f32[Q, D]', level: 'f32[L]' } as const;

/** What a place reads of one level, on the host. */
interface HostLevel {
  readonly rows: readonly number[];
  readonly weights: readonly number[];
  /** The level's share, and its derivative by the level of detail. */
  readonly share: number;
  readonly slope: number;
  /** Arguments of the sampler's weights. */
  readonly place: readonly number[];
}

/** Derivatives of the weights by the place: along a tangent (4 numbers), and from gradients of the weights. */
function weightDerivatives({ weights, components }: TexelSampler): { tangent: ExprFunction; gradient: ExprFunction } {
  const byPlace = weights.inputs.map((_, k) => k < components);
  const along = jvpOf(weights, byPlace);
  const back = vjpOf(weights, byPlace);
  const named = (fn: ExprFunction, name: string, result: ExprFunction['result']): ExprFunction =>
    makeFunction({ name, params: fn.params, result }, fn.graph, fn.inputs, fn.outputs);
  return {
    tangent: named(along, 'weightsTangent', 'vec4f'),
    gradient: named(back, 'placeGradient', components === 2 ? 'vec2f' : 'vec3f'),
  };
}

/** The programs for a kind of texture. */
function programsFor(sampler: TexelSampler) {
  const { rows, weights: weightsAt, components, faces } = sampler;
  const { tangent: weightsTangent, gradient: placeGradient } = weightDerivatives(sampler);
  const vector = `vec${components}f`;
  /** Components of one row of an array of places. */
  const load = (array: string): string[] =>
    Array.from({ length: components }, (_, c) => `${array}[${components}u * i + ${c}u]`);
  const levelCode = wgsl`
struct LevelPlace { first: u32, rows: vec4i, size: vec2f, share: f32, slope: f32 }
fn placeOf(i: u32) -> ${vector} { return ${vector}(${load('at').join(', ')}); }
// the n-th of the levels that place i reads
fn levelOf(i: u32, n: u32) -> LevelPlace {
  let detail = level[select(i, 0u, L == 1u)];
  let finer = min(u32(detail), levels - 1u);
  var size = vec2u(width, height);
  var first = 0u;
  if (places < Q) { first = i / places * total * ${String(faces)}u; }
  for (var k = 0u; k < min(finer + n, levels - 1u); k++) {
    first += size.x * size.y;
    size = max(size / 2u, vec2u(1u));
  }
  let corners = ${rows}(placeOf(i), i32(size.x), i32(size.y), i32(total));
  let blend = detail - f32(finer);
  // one level alone has all of it
  let share = select(1.0, select(1.0 - blend, blend, n == 1u), blends == 2u);
  return LevelPlace(first, corners, vec2f(size), share, select(-1.0, 1.0, n == 1u));
}`;

  const hostRows = compileToJS(rows);
  const hostWeights = compileToJS(weightsAt);
  function levelsOf(at: HostTensor, level: HostTensor, i: number, opts: SampleOptions): HostLevel[] {
    const sizes = mipLevels(opts.height, opts.width);
    const detail = level.data[i % level.data.length];
    const finer = Math.min(Math.floor(detail), opts.levels - 1);
    const blend = detail - finer;
    return Array.from({ length: opts.blends }, (_, n) => {
      const { height, width, first } = sizes[Math.min(finer + n, opts.levels - 1)];
      const own = [...at.data.slice(components * i, components * (i + 1))];
      const place = [...own, width, height];
      const start = Math.floor(i / opts.places) * faces * opts.total + first;
      return {
        rows: hostRows(...own, width, height, opts.total).map((row) => start + row),
        weights: hostWeights(...place),
        share: opts.blends === 2 ? [1 - blend, blend][n] : 1,
        slope: 2 * n - 1,
        place,
      };
    });
  }

  const toPyramid = defineProgram({
    name: `textureToTexels_${sampler.name}`,
    inputs: { at: 'f32[Q, D]', level: 'f32[L]', seeds: 'f32[Q, C]' },
    options,
    outputs: ({ seeds }, { total, places }) => ({
      grad: {
        ...({ dtype: 'f32', accumulate: 'scatter', resolution: 2 ** -34 } as const),
        shape: [(seeds.shape[0] / places) * faces * total, seeds.shape[1]],
      },
    }),
    dispatches: ({ Q }) => [
      {
        items: Q,
        code: wgsl`${levelCode}
fn item(i: u32) {
  for (var n = 0u; n < blends; n++) {
    let read = levelOf(i, n);
    let weights = read.share * ${weightsAt}(placeOf(i), read.size);
    for (var k = 0u; k < four * C; k++) {
      let g = weights[k / C] * seeds[i * C + k % C];
      if (g != 0.0) { accumulate_grad((read.first + u32(read.rows[k / C])) * C + k % C, g); }
    }
  }
}`,
      },
    ],
    reference: ({ at, level, seeds }, opts) => {
      const [Q, C] = seeds.shape;
      const grad = new Float64Array((Q / opts.places) * faces * opts.total * C);
      for (let i = 0; i < Q; i++) {
        for (const { rows: corners, weights, share } of levelsOf(at, level, i, opts)) {
          corners.forEach((row, k) => {
            for (let c = 0; c < C; c++) grad[row * C + c] += share * weights[k] * seeds.data[i * C + c];
          });
        }
      }
      return { grad };
    },
  });

  const toPlaces = defineProgram({
    name: `textureToPlaces_${sampler.name}`,
    inputs: { ...inputs, seeds: 'f32[Q, C]' },
    options,
    outputs: ({ at }) => ({
      gradAt: { dtype: 'f32', shape: at.shape },
      gradLevel: { dtype: 'f32', shape: [at.shape[0]] },
    }),
    dispatches: ({ Q }) => [
      {
        items: Q,
        code: wgsl`${levelCode}
fn item(i: u32) {
  let here = placeOf(i);
  var byPlace = ${vector}();
  var byLevel = 0.0;
  for (var n = 0u; n < blends; n++) {
    let read = levelOf(i, n);
    var g = vec4f(); // by the weights
    for (var k = 0u; k < four; k++) {
      let row = (read.first + u32(read.rows[k])) * C;
      for (var c = 0u; c < C; c++) { g[k] += seeds[i * C + c] * pyramid[row + c]; }
    }
    byLevel += read.slope * dot(g, ${weightsAt}(here, read.size));
    g *= read.share;
    byPlace += ${placeGradient}(here, read.size, g.x, g.y, g.z, g.w);
  }
  ${Array.from({ length: components }, (_, c) => `gradAt[${components}u * i + ${c}u] = byPlace[${c}];`).join('\n  ')}
  gradLevel[i] = byLevel;
}`,
      },
    ],
    reference: ({ pyramid, at, level, seeds }, opts) => {
      const f = compileToJS(placeGradient);
      const [Q, C] = seeds.shape;
      const [gradAt, gradLevel] = [new Float64Array(components * Q), new Float64Array(Q)];
      for (let i = 0; i < Q; i++) {
        for (const { rows: corners, weights, share, slope, place } of levelsOf(at, level, i, opts)) {
          const g = corners.map((row) => {
            let sum = 0;
            for (let c = 0; c < C; c++) sum += seeds.data[i * C + c] * pyramid.data[row * C + c];
            return sum;
          });
          f(...place, ...g.map((v) => share * v)).forEach((d, k) => (gradAt[components * i + k] += d));
          gradLevel[i] += slope * g.reduce((sum, v, k) => sum + v * weights[k], 0);
        }
      }
      return { gradAt, gradLevel };
    },
  });

  /** Texels times weights: those of interpolation, or their tangents. */
  const sum = (weights: string): string => `
fn item(i: u32) {
  for (var n = 0u; n < blends; n++) {
    let read = levelOf(i, n);
    let weights = ${weights};
    for (var c = 0u; c < C; c++) {
      var sum = 0.0;
      for (var k = 0u; k < four; k++) { sum += weights[k] * pyramid[(read.first + u32(read.rows[k])) * C + c]; }
      if (n > 0u) { sum += value[i * C + c]; }
      value[i * C + c] = sum;
    }
  }
}`;
  const outputs = ({ at, pyramid }: Readonly<Record<'at' | 'pyramid', { readonly shape: readonly number[] }>>) => ({
    value: { dtype: 'f32' as const, shape: [at.shape[0], pyramid.shape[1]] },
  });
  const sumOnHost = (
    { pyramid, at, level }: Readonly<Record<keyof typeof inputs, HostTensor>>,
    opts: SampleOptions,
    weightsOf: (read: HostLevel, i: number) => readonly number[],
  ): { value: Float64Array } => {
    const [Q, C] = [at.shape[0], pyramid.shape[1]];
    const value = new Float64Array(Q * C);
    for (let i = 0; i < Q; i++) {
      for (const read of levelsOf(at, level, i, opts)) {
        weightsOf(read, i).forEach((w, k) => {
          for (let c = 0; c < C; c++) value[i * C + c] += w * pyramid.data[read.rows[k] * C + c];
        });
      }
    }
    return { value };
  };

  const tangents = defineProgram({
    name: `textureTangents_${sampler.name}`,
    inputs: { ...inputs, moved: 'f32[Q, D]', change: 'f32[L]' },
    options,
    outputs,
    dispatches: ({ Q }) => [
      {
        items: Q,
        code: wgsl`${levelCode}
fn tangentOf(i: u32, read: LevelPlace) -> vec4f {
  let here = placeOf(i);
  let d = read.share * ${weightsTangent}(here, read.size, ${load('moved').join(', ')});
  if (blends == 1u) { return d; }
  return d + read.slope * change[select(i, 0u, L == 1u)] * ${weightsAt}(here, read.size);
}
${sum('tangentOf(i, read)')}`,
      },
    ],
    reference: ({ moved, change, ...given }, opts) => {
      const f = compileToJS(weightsTangent);
      return sumOnHost(given, opts, ({ place, share, slope, weights }, i) => {
        const byLevel = opts.blends === 2 ? slope * change.data[i % change.data.length] : 0;
        const along = moved.data.slice(components * i, components * (i + 1));
        return f(...place, ...along).map((d, k) => share * d + byLevel * weights[k]);
      });
    },
  });

  return defineProgram({
    name: `texture_${sampler.name}`,
    inputs,
    options,
    outputs,
    dispatches: ({ Q }) => [
      {
        items: Q,
        code: wgsl`${levelCode}
fn sharedWeights(i: u32, read: LevelPlace) -> vec4f {
  return read.share * ${weightsAt}(placeOf(i), read.size);
}
${sum('sharedWeights(i, read)')}`,
      },
    ],
    reference: (given, opts) => sumOnHost(given, opts, ({ share, weights }) => weights.map((w) => share * w)),
    vjp: ({ gradValue }, { pyramid, at, level }, opts) => {
      const scale = commonScale([gradValue]);
      const { gradAt, gradLevel } = toPlaces({ pyramid, at, level, seeds: gradValue }, opts);
      return {
        pyramid: toPyramid({ at, level, seeds: gradValue.div(scale) }, opts).grad.mul(scale),
        at: gradAt,
        ...(opts.blends === 2 ? { level: level.size === 1 ? gradLevel.sum().reshape([1]) : gradLevel } : {}),
      };
    },
    jvp: ({ tangentPyramid, tangentAt, tangentLevel }, { pyramid, at, level }, opts) => {
      const { value } = tangents({ pyramid, at, level, moved: tangentAt, change: tangentLevel }, opts);
      return { value: sampleLevels(sampler, { pyramid: tangentPyramid, at, level }, opts).add(value) };
    },
  });
}

const known = new Map<TexelSampler, ReturnType<typeof programsFor>>();

/**
 * Mip-mapped textures at places: pyramids [frames * faces * total, C] as `pyramidOf` gives them, places `at` [Q, 2], or [Q, 3]
 * for a cube, levels of detail [Q] in [0, levels - 1] (or [1] with 0, for the finest alone) -> [Q, C]. Differentiable in
 * all three.
 */
export function sampleLevels(
  sampler: TexelSampler,
  given: Readonly<Record<keyof typeof inputs, Tensor>>,
  opts: SampleOptions,
): Tensor {
  let program = known.get(sampler);
  if (program === undefined) known.set(sampler, (program = programsFor(sampler)));
  return program(given, opts).value;
}
