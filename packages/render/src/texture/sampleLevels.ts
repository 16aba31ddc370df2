import { compileToJS, defineProgram, jvpOf, makeFunction, vjpOf, wgsl } from '../engine.js';
import type { HostTensor, Tensor } from '../engine.js';
import { commonScale } from '../math/gradientScale.js';
import { mipLevels } from './mipmaps.js';
import { cornerRows, cornerWeights } from './sample.js';
import type { TextureWrap } from './sample.js';

const alongUv = cornerWeights.inputs.map((_, k) => k < 2);
const weightTangents = jvpOf(cornerWeights, alongUv);
const weightsTangent = makeFunction(
  { name: 'weightsTangent', params: weightTangents.params, result: 'vec4f' },
  weightTangents.graph,
  weightTangents.inputs,
  weightTangents.outputs,
);
const weightGradients = vjpOf(cornerWeights, alongUv);
const placeGradient = makeFunction(
  { name: 'placeGradient', params: weightGradients.params, result: 'vec2f' },
  weightGradients.graph,
  weightGradients.inputs,
  weightGradients.outputs,
);

/**
 * Levels have the sizes of `mipLevels`; `total` texels a frame; `blends` is 1 for one level and 2 for a blend of two; each
 * frame has `places` places. `four` is 4, unknown to the compiler, so that loops over corners stay loops.
 */
const options = {
  ...({ height: 'u32', width: 'u32', levels: 'u32', total: 'u32', places: 'u32' } as const),
  ...({ blends: 'u32', four: 'u32' } as const),
};
export type SampleOptions = Readonly<Record<keyof typeof options, number>>;

const inputs = { pyramid: 'f32[R, C]', uv: 'f32[Q, 2]', level: 'f32[L]' } as const;

/** What a place reads of one level, on the host. */
interface HostLevel {
  readonly rows: readonly number[];
  readonly weights: readonly number[];
  /** The level's share, and its derivative by the level of detail. */
  readonly share: number;
  readonly slope: number;
  /** Arguments of `cornerWeights`. */
  readonly place: readonly number[];
}

/** The programs for a kind of border. */
function programsFor(wrap: TextureWrap) {
  const rows = cornerRows[wrap];
  const levelCode = wgsl`
struct LevelPlace { first: u32, rows: vec4i, scale: vec2f, offset: vec2f, share: f32, slope: f32 }
fn placeOf(i: u32) -> vec2f { return vec2f(uv[2u * i], uv[2u * i + 1u]); }
// the n-th of the levels that place i reads
fn levelOf(i: u32, n: u32) -> LevelPlace {
  let detail = level[select(i, 0u, L == 1u)];
  let finer = min(u32(detail), levels - 1u);
  var size = vec2u(width, height);
  var first = 0u;
  if (places < Q) { first = i / places * total; }
  for (var k = 0u; k < min(finer + n, levels - 1u); k++) {
    first += size.x * size.y;
    size = max(size / 2u, vec2u(1u));
  }
  let scale = vec2f(size) * vec2f(1.0, -1.0);
  let offset = vec2f(0.0, f32(size.y));
  let corners = ${rows}(placeOf(i), scale, offset, i32(size.x), i32(size.y));
  let blend = detail - f32(finer);
  // one level alone has all of it
  let share = select(1.0, select(1.0 - blend, blend, n == 1u), blends == 2u);
  return LevelPlace(first, corners, scale, offset, share, select(-1.0, 1.0, n == 1u));
}`;

  const hostRows = compileToJS(rows);
  const hostWeights = compileToJS(cornerWeights);
  function levelsOf(uv: HostTensor, level: HostTensor, i: number, opts: SampleOptions): HostLevel[] {
    const sizes = mipLevels(opts.height, opts.width);
    const detail = level.data[i % level.data.length];
    const finer = Math.min(Math.floor(detail), opts.levels - 1);
    const blend = detail - finer;
    return Array.from({ length: opts.blends }, (_, n) => {
      const { height, width, first } = sizes[Math.min(finer + n, opts.levels - 1)];
      const place = [uv.data[2 * i], uv.data[2 * i + 1], width, -height, 0, height];
      const start = Math.floor(i / opts.places) * opts.total + first;
      return {
        rows: hostRows(...place, width, height).map((row) => start + row),
        weights: hostWeights(...place),
        share: opts.blends === 2 ? [1 - blend, blend][n] : 1,
        slope: 2 * n - 1,
        place,
      };
    });
  }

  const toPyramid = defineProgram({
    name: `textureToTexels_${wrap}`,
    inputs: { uv: 'f32[Q, 2]', level: 'f32[L]', seeds: 'f32[Q, C]' },
    options,
    outputs: ({ seeds }, { total, places }) => ({
      grad: {
        ...({ dtype: 'f32', accumulate: 'scatter', resolution: 2 ** -34 } as const),
        shape: [(seeds.shape[0] / places) * total, seeds.shape[1]],
      },
    }),
    dispatches: ({ Q }) => [
      {
        items: Q,
        code: wgsl`${levelCode}
fn item(i: u32) {
  for (var n = 0u; n < blends; n++) {
    let read = levelOf(i, n);
    let weights = read.share * ${cornerWeights}(placeOf(i), read.scale, read.offset);
    for (var k = 0u; k < four * C; k++) {
      let g = weights[k / C] * seeds[i * C + k % C];
      if (g != 0.0) { accumulate_grad((read.first + u32(read.rows[k / C])) * C + k % C, g); }
    }
  }
}`,
      },
    ],
    reference: ({ uv, level, seeds }, opts) => {
      const [Q, C] = seeds.shape;
      const grad = new Float64Array((Q / opts.places) * opts.total * C);
      for (let i = 0; i < Q; i++) {
        for (const { rows: corners, weights, share } of levelsOf(uv, level, i, opts)) {
          corners.forEach((row, k) => {
            for (let c = 0; c < C; c++) grad[row * C + c] += share * weights[k] * seeds.data[i * C + c];
          });
        }
      }
      return { grad };
    },
  });

  const toPlaces = defineProgram({
    name: `textureToPlaces_${wrap}`,
    inputs: { ...inputs, seeds: 'f32[Q, C]' },
    options,
    outputs: ({ uv }) => ({
      gradUv: { dtype: 'f32', shape: uv.shape },
      gradLevel: { dtype: 'f32', shape: [uv.shape[0]] },
    }),
    dispatches: ({ Q }) => [
      {
        items: Q,
        code: wgsl`${levelCode}
fn item(i: u32) {
  let at = placeOf(i);
  var byUv = vec2f();
  var byLevel = 0.0;
  for (var n = 0u; n < blends; n++) {
    let read = levelOf(i, n);
    var g = vec4f(); // by the weights
    for (var k = 0u; k < four; k++) {
      let row = (read.first + u32(read.rows[k])) * C;
      for (var c = 0u; c < C; c++) { g[k] += seeds[i * C + c] * pyramid[row + c]; }
    }
    byLevel += read.slope * dot(g, ${cornerWeights}(at, read.scale, read.offset));
    g *= read.share;
    byUv += ${placeGradient}(at, read.scale, read.offset, g.x, g.y, g.z, g.w);
  }
  gradUv[2u * i] = byUv.x;
  gradUv[2u * i + 1u] = byUv.y;
  gradLevel[i] = byLevel;
}`,
      },
    ],
    reference: ({ pyramid, uv, level, seeds }, opts) => {
      const f = compileToJS(placeGradient);
      const [Q, C] = seeds.shape;
      const [gradUv, gradLevel] = [new Float64Array(2 * Q), new Float64Array(Q)];
      for (let i = 0; i < Q; i++) {
        for (const { rows: corners, weights, share, slope, place } of levelsOf(uv, level, i, opts)) {
          const g = corners.map((row) => {
            let sum = 0;
            for (let c = 0; c < C; c++) sum += seeds.data[i * C + c] * pyramid.data[row * C + c];
            return sum;
          });
          f(...place, ...g.map((v) => share * v)).forEach((d, k) => (gradUv[2 * i + k] += d));
          gradLevel[i] += slope * g.reduce((sum, v, k) => sum + v * weights[k], 0);
        }
      }
      return { gradUv, gradLevel };
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
  const outputs = ({ uv, pyramid }: Readonly<Record<'uv' | 'pyramid', { readonly shape: readonly number[] }>>) => ({
    value: { dtype: 'f32' as const, shape: [uv.shape[0], pyramid.shape[1]] },
  });
  const sumOnHost = (
    { pyramid, uv, level }: Readonly<Record<keyof typeof inputs, HostTensor>>,
    opts: SampleOptions,
    weightsOf: (read: HostLevel, i: number) => readonly number[],
  ): { value: Float64Array } => {
    const [Q, C] = [uv.shape[0], pyramid.shape[1]];
    const value = new Float64Array(Q * C);
    for (let i = 0; i < Q; i++) {
      for (const read of levelsOf(uv, level, i, opts)) {
        weightsOf(read, i).forEach((w, k) => {
          for (let c = 0; c < C; c++) value[i * C + c] += w * pyramid.data[read.rows[k] * C + c];
        });
      }
    }
    return { value };
  };

  const tangents = defineProgram({
    name: `textureTangents_${wrap}`,
    inputs: { ...inputs, moved: 'f32[Q, 2]', change: 'f32[L]' },
    options,
    outputs,
    dispatches: ({ Q }) => [
      {
        items: Q,
        code: wgsl`${levelCode}
fn tangentOf(i: u32, read: LevelPlace) -> vec4f {
  let at = placeOf(i);
  let d = read.share * ${weightsTangent}(at, read.scale, read.offset, moved[2u * i], moved[2u * i + 1u]);
  if (blends == 1u) { return d; }
  return d + read.slope * change[select(i, 0u, L == 1u)] * ${cornerWeights}(at, read.scale, read.offset);
}
${sum('tangentOf(i, read)')}`,
      },
    ],
    reference: ({ moved, change, ...given }, opts) => {
      const f = compileToJS(weightsTangent);
      return sumOnHost(given, opts, ({ place, share, slope, weights }, i) => {
        const byLevel = opts.blends === 2 ? slope * change.data[i % change.data.length] : 0;
        return f(...place, moved.data[2 * i], moved.data[2 * i + 1]).map((d, k) => share * d + byLevel * weights[k]);
      });
    },
  });

  return defineProgram({
    name: `texture_${wrap}`,
    inputs,
    options,
    outputs,
    dispatches: ({ Q }) => [
      {
        items: Q,
        code: wgsl`${levelCode}
fn sharedWeights(i: u32, read: LevelPlace) -> vec4f {
  return read.share * ${cornerWeights}(placeOf(i), read.scale, read.offset);
}
${sum('sharedWeights(i, read)')}`,
      },
    ],
    reference: (given, opts) => sumOnHost(given, opts, ({ share, weights }) => weights.map((w) => share * w)),
    vjp: ({ gradValue }, { pyramid, uv, level }, opts) => {
      const scale = commonScale([gradValue]);
      const { gradUv, gradLevel } = toPlaces({ pyramid, uv, level, seeds: gradValue }, opts);
      return {
        pyramid: toPyramid({ uv, level, seeds: gradValue.div(scale) }, opts).grad.mul(scale),
        uv: gradUv,
        ...(opts.blends === 2 ? { level: gradLevel } : {}),
      };
    },
    jvp: ({ tangentPyramid, tangentUv, tangentLevel }, { pyramid, uv, level }, opts) => {
      const { value } = tangents({ pyramid, uv, level, moved: tangentUv, change: tangentLevel }, opts);
      return { value: sampleLevels(wrap, { pyramid: tangentPyramid, uv, level }, opts).add(value) };
    },
  });
}

const known = new Map<TextureWrap, ReturnType<typeof programsFor>>();

/**
 * Mip-mapped textures at places: pyramids [frames * total, C] as `pyramidOf` gives them, uv [Q, 2], levels of detail [Q] in
 * [0, levels - 1] (or [1] with 0, for the finest alone) -> [Q, C]. Differentiable in all three.
 */
export function sampleLevels(
  wrap: TextureWrap,
  given: Readonly<Record<keyof typeof inputs, Tensor>>,
  opts: SampleOptions,
): Tensor {
  let program = known.get(wrap);
  if (program === undefined) known.set(wrap, (program = programsFor(wrap)));
  return program(given, opts).value;
}
