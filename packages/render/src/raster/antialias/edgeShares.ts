import { compileToJS, defineProgram, emitStruct, expr, jvpOf, makeFunction, vjpOf, wgsl } from '../../engine.js';
import type { ExprFunction, HostTensor, StructType } from '../../engine.js';
import { pixelPlaces, vertexRows } from '../rasterize/frame.wgsl.js';

/**
 * Where the edge from a to b passes the line through a pixel's centre `at` along x (or, with along = 1, along y downwards):
 * distance in pixels, and the distances of a and b from that line and along it. `half` is (width, -height) / 2.
 */
export const crossing = expr`
  fn crossing(a: vec4f, b: vec4f, at: vec2f, half: vec2f, along: i32) -> vec4f {
    let p = (a.xy / a.w - at) * half;
    let q = (b.xy / b.w - at) * half;
    let s = select(p, p.yx, vec2<bool>(along == 1));
    let t = select(q, q.yx, vec2<bool>(along == 1));
    return vec4f(s.x - s.y * (t.x - s.x) / (t.y - s.y), s.y, t.y, t.x - s.x);
  }`;

/** Share of a pixel that changes hands where an edge passes at `side` times a distance of 0 to 1 pixels. */
const shareOf = expr`
  fn shareOf(a: vec4f, b: vec4f, at: vec2f, half: vec2f, along: i32, side: f32) -> f32 {
    return side * (0.5 - clamp(side * ${crossing}(a, b, at, half, along).x, 0.0, 1.0));
  }`;

const wrt = shareOf.inputs.map((_, k) => k < 8);
const tangent = jvpOf(shareOf, wrt);
const derived = vjpOf(shareOf, wrt);
const gradientResult: StructType = {
  name: 'EdgeGradient',
  members: ['a', 'b'].map((name) => ({ name, type: 'vec4f' as const })),
};
const gradient: ExprFunction = makeFunction(
  { name: 'shareGradient', params: derived.params, result: gradientResult },
  derived.graph,
  derived.inputs,
  derived.outputs,
);

/** Sizes; `two` and `three` are 2 and 3, unknown to the compiler, so that loops stay loops. */
export const options = {
  ...({ stride: 'u32', height: 'u32', width: 'u32', two: 'u32', three: 'u32', steps: 'u32' } as const),
};
export type SilhouetteOptions = Readonly<Record<keyof typeof options, number>>;

/** Functions of the kernels. */
export const scene = wgsl`${pixelPlaces}${vertexRows}
fn halfSize() -> vec2f { return vec2f(f32(width), -f32(height)) * 0.5; }`;

/** The edge that a pair of pixels was given, its pixel and its side: 2 * (3 * triangle + corner), + 1 if it is p's. */
const foundEdge = wgsl`
struct FoundEdge { a: u32, b: u32, home: u32, side: f32 }
fn foundEdge(pixel: u32, along: u32) -> FoundEdge {
  let code = u32(edges[2u * pixel + along]);
  let own = code % 2u == 1u;
  let edge = code / 2u;
  let first = edge / 3u * 3u;
  let a = vertexRow(pixel, triangles[first + (edge - first + 1u) % 3u]);
  let b = vertexRow(pixel, triangles[first + (edge - first + 2u) % 3u]);
  return FoundEdge(a, b, select(pixel + select(1u, width, along == 1u), pixel, own), select(-1.0, 1.0, own));
}`;

/** Where pairs of pixels see a silhouette pass between them, on the host. */
export interface HostEdge {
  readonly pair: number;
  readonly a: number;
  readonly b: number;
  /** The arguments of `shareOf` after the vertices. */
  readonly rest: readonly [number, number, number, number, number, number];
}

/** The arguments of `shareOf` after the vertices: for the pixel `home` whose triangle the edge belongs to. */
export const placeOf = (
  home: number,
  along: number,
  side: number,
  { width, height }: SilhouetteOptions,
): HostEdge['rest'] => [
  ((home % width) + 0.5) * (2 / width) - 1,
  1 - ((Math.floor(home / width) % height) + 0.5) * (2 / height),
  width / 2,
  -height / 2,
  along,
  side,
];

function* foundEdges(
  { triangles, edges }: Readonly<Record<'triangles' | 'edges', HostTensor>>,
  opts: SilhouetteOptions,
): Generator<HostEdge> {
  const { stride, height, width } = opts;
  for (let pair = 0; pair < edges.data.length; pair++) {
    if (edges.data[pair] < 0) continue;
    const [pixel, along] = [pair >> 1, pair & 1];
    const [edge, own] = [edges.data[pair] >> 1, (edges.data[pair] & 1) === 1];
    const triangle = Math.floor(edge / 3);
    const frame = Math.floor(pixel / (width * height)) * stride;
    const [a, b] = [1, 2].map((k) => frame + triangles.data[3 * triangle + (((edge % 3) + k) % 3)]);
    const home = own ? pixel : pixel + (along === 1 ? width : 1);
    yield { pair, a, b, rest: placeOf(home, along, own ? 1 : -1, opts) };
  }
}

/** A vertex on the host. */
export const row = ({ data }: HostTensor, r: number): number[] => [...data.slice(4 * r, 4 * r + 4)];

/** What all programs read: clip coordinates [frames * vertices, 4] and the vertices of triangles. */
export const inputs = { clip: 'vec4f[N]', triangles: 'i32[F, 3]' } as const;

/** Gradient of the clip coordinates from that of the shares. */
export const gradients = defineProgram({
  name: 'silhouetteGradients',
  inputs: { ...inputs, edges: 'i32[B, H, W, 2]', seeds: 'f32[B, H, W, 2]' },
  options,
  outputs: ({ clip }) => ({ grad: { dtype: 'f32', shape: clip.shape, accumulate: 'scatter', resolution: 2 ** -34 } }),
  dispatches: ({ B, H, W }) => [
    {
      items: 2 * B * H * W,
      code: wgsl`${scene}${foundEdge}${wgsl`${emitStruct(gradientResult)}`}
fn item(i: u32) {
  if (edges[i] < 0 || seeds[i] == 0.0) { return; }
  let found = foundEdge(i / 2u, i % 2u);
  let at = centreOf(found.home);
  let out = ${gradient}(clip[found.a], clip[found.b], at, halfSize(), i32(i % 2u), found.side, seeds[i]);
  var rows = array<u32, 2>(found.a, found.b);
  var sums = array<vec4f, 2>(out.a, out.b);
  for (var k = 0u; k < 4u * two; k++) { accumulate_grad(4u * rows[k / 4u] + k % 4u, sums[k / 4u][k % 4u]); }
}`,
    },
  ],
  reference: ({ clip, seeds, ...found }, opts) => {
    const f = compileToJS(gradient);
    const grad = new Float64Array(clip.data.length);
    for (const { pair, a, b, rest: more } of foundEdges(found, opts)) {
      const g = f(...row(clip, a), ...row(clip, b), ...more, seeds.data[pair]);
      for (let c = 0; c < 4; c++) {
        grad[4 * a + c] += g[c];
        grad[4 * b + c] += g[4 + c];
      }
    }
    return { grad };
  },
});

/** Tangents of the shares from those of the clip coordinates. */
export const tangents = defineProgram({
  name: 'silhouetteTangents',
  inputs: { ...inputs, edges: 'i32[B, H, W, 2]', moved: 'vec4f[N]' },
  options,
  outputs: ({ edges }) => ({ shares: { dtype: 'f32', shape: edges.shape } }),
  dispatches: ({ B, H, W }) => [
    {
      items: 2 * B * H * W,
      code: wgsl`${scene}${foundEdge}
fn item(i: u32) {
  shares[i] = 0.0;
  if (edges[i] < 0) { return; }
  let found = foundEdge(i / 2u, i % 2u);
  let at = centreOf(found.home);
  let p = moved[found.a];
  let q = moved[found.b];
  shares[i] = ${tangent}(clip[found.a], clip[found.b], at, halfSize(), i32(i % 2u), found.side,
    p.x, p.y, p.z, p.w, q.x, q.y, q.z, q.w);
}`,
    },
  ],
  reference: ({ clip, moved, ...found }, opts) => {
    const f = compileToJS(tangent);
    const shares = new Float64Array(found.edges.data.length);
    for (const { pair, a, b, rest: more } of foundEdges(found, opts)) {
      [shares[pair]] = f(...row(clip, a), ...row(clip, b), ...more, ...row(moved, a), ...row(moved, b));
    }
    return { shares };
  },
});
