import { compileToJS, concat, defineProgram, emitStruct, jvpOf, makeFunction, vjpOf, wgsl } from '../../engine.js';
import type { ExprFunction, HostTensor, StructType, Tensor, WgslModule } from '../../engine.js';
import type { Frame } from './frame.js';
import { pixelPlaces, vertexRows } from './frame.wgsl.js';
import { commonScale } from '../../math/gradientScale.js';

/** Where a triangle was found under pixels. */
export interface Covered {
  /** [frames * vertices, 4] clip coordinates, or [vertices, 4] that all images share */
  readonly clip: Tensor;
  /** [F, 3] int32 */
  readonly triangles: Tensor;
  /** [frames, height, width] int32, -1 where there is none */
  readonly ids: Tensor;
}

/** Rows of pixels that one invocation of a gradient walks down, adding up what it finds on one triangle. */
const runLength = 8;

const inputs = { clip: 'vec4f[N]', triangles: 'i32[F, 3]', ids: 'i32[B, H, W]' } as const;
const options = { ...({ stride: 'u32', three: 'u32', run: 'u32', height: 'u32', width: 'u32' } as const) };
type Options = Readonly<Record<keyof typeof options, number>>;
type HostInputs = Readonly<Record<keyof typeof inputs, HostTensor>>;

const rows = wgsl`${vertexRows}
fn rowOf(pixel: u32, triangle: i32, corner: u32) -> u32 {
  return vertexRow(pixel, triangles[3u * u32(triangle) + corner]);
}`;

const loadCorners = (array: string, into: string): string =>
  `for (var k = 0u; k < three; k++) { ${into}[k] = ${array}[rowOf(i, triangle, k)]; }`;

const parameterNames = ['a', 'b', 'c', 'at', 'step'];
const cornerComponents = 12;

/** An operation on what is under each pixel, with both derivatives and a float64 reference. */
export type PixelFunction<Part extends string> = (covered: Covered, frame: Frame) => Readonly<Record<Part, Tensor>>;

/**
 * Makes an operation of a function of the three vertices of a pixel's triangle in clip space (`a`, `b`, `c`), the pixel's
 * centre `at` and, if it takes it, the `step` between pixels there. Its vector result is cut into named parts, each an
 * output [frames, height, width, width of the part]; zero where there is no triangle. Derivatives by the vertices are derived
 * from the function's text.
 */
export function definePixelFunction<Part extends string>(
  name: string,
  fn: ExprFunction,
  parts: Readonly<Record<Part, number>>,
): PixelFunction<Part> {
  const list = partsOf(parts);
  const total = list.reduce((n, { width }) => n + width, 0);
  const marks = fn.inputs.map((_, k) => k < cornerComponents);
  const extra = fn.params.slice(3).map((p) => (p.name === 'at' ? 'centreOf(i)' : 'stepOf()'));
  if (fn.params.some((p, k) => p.name !== parameterNames[k])) throw new TypeError(`${name}: unexpected parameters`);
  const call = (f: ExprFunction, ...rest: string[]): string =>
    `${f.name}(${['corners[0]', 'corners[1]', 'corners[2]', ...extra, ...rest].join(', ')})`;

  const tangent = renamed(jvpOf(fn, marks), `${name}Tangent`, fn.result);
  const gradient = renamed(vjpOf(fn, marks), `${name}Gradient`, {
    name: `${name}Corners`,
    members: ['a', 'b', 'c'].map((corner) => ({ name: corner, type: 'vec4f' })),
  } as StructType);
  const outputs = ({ ids }: { readonly ids: { readonly shape: readonly number[] } }) =>
    Object.fromEntries(list.map(({ part, width }) => [part, { dtype: 'f32' as const, shape: [...ids.shape, width] }]));
  const stores = list.map(({ part, width, members }) =>
    members.map((m, c) => `${part}[${width}u * i + ${c}u] = out.${m};`).join(' '),
  );
  const each = (f: ExprFunction, body: string): WgslModule => ({
    uses: [rows, pixelPlaces, f],
    text: `fn item(i: u32) {
  let triangle = ids[i];
  var out = vec${total}f();
  if (triangle >= 0) {
    ${body}
  }
  ${stores.join('\n  ')}
}`,
  });

  const tangents = defineProgram({
    name: `${name}Tangents`,
    inputs: { ...inputs, moved: 'vec4f[N]' },
    options,
    outputs,
    dispatches: ({ B, H, W }) => [
      {
        items: B * H * W,
        code: each(
          tangent,
          `var corners: array<vec4f, 3>;
    var d: array<vec4f, 3>;
    for (var k = 0u; k < three; k++) {
      let row = rowOf(i, triangle, k);
      corners[k] = clip[row];
      d[k] = moved[row];
    }
    out = ${call(tangent, ...[0, 1, 2].flatMap((k) => [...'xyzw'].map((c) => `d[${k}].${c}`)))};`,
        ),
      },
    ],
    reference: (given, opts) => {
      const f = compileToJS(tangent);
      return onPixels(given, opts, list, fn, (corners, rest, rowsOf) =>
        f(...corners, ...rest, ...rowsOf.flatMap((r) => [...given.moved.data.slice(4 * r, 4 * r + 4)])),
      );
    },
  });

  const loads = Array.from({ length: total }, (_, c) => `seeds[${total}u * i + ${c}u]`);
  const gradients = defineProgram({
    name: `${name}Gradients`,
    inputs: { ...inputs, seeds: `f32[B, H, W, ${total}]` },
    options,
    outputs: ({ clip }) => ({ grad: { dtype: 'f32', shape: clip.shape, accumulate: 'scatter', resolution: 2 ** -34 } }),
    dispatches: ({ B, H, W }) => [
      {
        items: B * Math.ceil(H / runLength) * W,
        code: wgsl`${rows}${pixelPlaces}${wgsl`${emitStruct(gradient.result as StructType)}`}
${{ text: `// reverse derivative of ${name}`, uses: [gradient] }}
fn item(run_index: u32) {
  let runs = (height + run - 1u) / run;
  let column = run_index % width;
  let band = run_index / width;
  let first = band % runs * run;
  let last = min(first + run, height);
  var previous = -1;
  var i = (band / runs * height + first) * width + column;
  var corners: array<vec4f, 3>;
  var sums: array<vec4f, 3>;
  // one turn more than there are pixels: it hands the last sums in
  for (var y = first; y <= last; y++) {
    var triangle = -1;
    if (y < last) { triangle = ids[i]; }
    if (triangle != previous) {
      if (previous >= 0) {
        for (var k = 0u; k < 4u * three; k++) {
          let sum = sums[k / 4u][k % 4u];
          if (sum != 0.0) { accumulate_grad(4u * rowOf(i - width, previous, k / 4u) + k % 4u, sum); }
        }
      }
      previous = triangle;
      sums = array<vec4f, 3>();
      if (triangle >= 0) { ${loadCorners('clip', 'corners')} }
    }
    if (triangle >= 0) {
      let out = ${call(gradient, ...loads)};
      sums[0] += out.a;
      sums[1] += out.b;
      sums[2] += out.c;
    }
    i += width;
  }
}`,
      },
    ],
    reference: (given, opts) => {
      const f = compileToJS(gradient);
      const grad = new Float64Array(given.clip.data.length);
      onPixels(given, opts, [], fn, (corners, rest, rowsOf, pixel) => {
        const seed = given.seeds.data.slice(total * pixel, total * (pixel + 1));
        f(...corners, ...rest, ...seed).forEach((g, k) => (grad[4 * rowsOf[k >> 2] + (k % 4)] += g));
        return [];
      });
      return { grad };
    },
  });

  const program = defineProgram({
    name,
    inputs,
    options,
    outputs,
    dispatches: ({ B, H, W }) => [
      {
        items: B * H * W,
        code: each(
          fn,
          `var corners: array<vec4f, 3>;
    ${loadCorners('clip', 'corners')}
    out = ${call(fn)};`,
        ),
      },
    ],
    reference: (given, opts) => {
      const f = compileToJS(fn);
      return onPixels(given, opts, list, fn, (corners, rest) => f(...corners, ...rest));
    },
    vjp: (given, covered, opts) => {
      const named = given as Readonly<Record<string, Tensor>>;
      const all = list.map(({ part }) => named[`grad${part[0].toUpperCase()}${part.slice(1)}`]);
      const scale = commonScale(all);
      const seeds = concat(
        all.map((g) => g.div(scale)),
        -1,
      );
      return { clip: gradients({ ...covered, seeds }, opts).grad.mul(scale) };
    },
    jvp: ({ tangentClip }, covered, opts) => tangents({ ...covered, moved: tangentClip }, opts),
  });
  return (covered, { stride, height, width }) =>
    program(covered as never, { stride, three: 3, run: runLength, height, width } as never) as Readonly<
      Record<Part, Tensor>
    >;
}

interface PartOf {
  readonly part: string;
  readonly width: number;
  /** Components of the function's result. */
  readonly members: readonly string[];
}

function partsOf(parts: Readonly<Record<string, number>>): PartOf[] {
  let first = 0;
  return Object.entries(parts).map(([part, width]) => {
    const members = [...'xyzw'].slice(first, first + width);
    first += width;
    return { part, width, members };
  });
}

const renamed = (fn: ExprFunction, name: string, result: ExprFunction['result']): ExprFunction =>
  makeFunction({ name, params: fn.params, result }, fn.graph, fn.inputs, fn.outputs);

/** Calls a function at every covered pixel with the components of its vertices, and stores its results by parts. */
function onPixels(
  { clip, triangles, ids }: HostInputs,
  { stride, height, width }: Options,
  list: readonly PartOf[],
  fn: ExprFunction,
  each: (corners: number[], rest: number[], rows: number[], pixel: number) => readonly number[],
): Record<string, Float64Array> {
  const out = Object.fromEntries(list.map((p) => [p.part, new Float64Array(ids.data.length * p.width)]));
  const step = [2 / width, -2 / height];
  for (let i = 0; i < ids.data.length; i++) {
    const triangle = ids.data[i];
    if (triangle < 0) continue;
    const frame = Math.floor(i / (width * height));
    const rowsOf = [0, 1, 2].map((k) => frame * stride + triangles.data[3 * triangle + k]);
    const corners = rowsOf.flatMap((r) => [...clip.data.slice(4 * r, 4 * r + 4)]);
    const at = [-1 + ((i % width) + 0.5) * step[0], 1 + ((Math.floor(i / width) % height) + 0.5) * step[1]];
    const results = each(corners, fn.params.length > 4 ? [...at, ...step] : at, rowsOf, i);
    let c = 0;
    for (const { part, width: n } of list) for (let k = 0; k < n; k++) out[part][n * i + k] = results[c++];
  }
  return out;
}
