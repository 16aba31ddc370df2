import { defineProgram, wgsl } from '../../engine.js';
import type { HostTensor, Tensor } from '../../engine.js';
import { commonScale } from '../../math/gradientScale.js';

/**
 * What the kernels know: `base` is 1 for values and 0 for derivatives, each pixel has `perPixel` pairs of weights, frames
 * have `framePixels` pixels and attributes of their own from row frame * `rows` on (0: all the same).
 */
const options = {
  ...({ base: 'f32', perPixel: 'u32', framePixels: 'u32', rows: 'u32', total: 'u32' } as const),
  ...({ width: 'u32', run: 'u32', three: 'u32' } as const),
};
export type BlendOptions = Readonly<Record<keyof typeof options, number>>;

const rowOf = wgsl`
fn rowOf(pixel: u32, triangle: i32, corner: u32) -> u32 {
  var first = 0u;
  if (rows > 0u) { first = pixel / framePixels * rows; }
  return first + u32(triangles[3u * u32(triangle) + corner]);
}`;

/** Calls `each` with the rows of attributes at the corners and the two weights, where there is a triangle. */
function onPairs(
  { ids, triangles }: Readonly<Record<'ids' | 'triangles', HostTensor>>,
  weights: HostTensor,
  { perPixel, framePixels, rows }: BlendOptions,
  each: (pair: number, rows: readonly number[], u: number, v: number) => void,
): void {
  for (let i = 0; 2 * i < weights.data.length; i++) {
    const pixel = Math.floor(i / perPixel);
    const triangle = ids.data[pixel];
    if (triangle < 0) continue;
    const first = Math.floor(pixel / framePixels) * rows;
    const corners = [0, 1, 2].map((k) => first + triangles.data[3 * triangle + k]);
    each(i, corners, weights.data[2 * i], weights.data[2 * i + 1]);
  }
}

/** Gradient of the attributes. An invocation walks down a run of pixels for one channel, and adds up by triangle. */
const toAttributes = defineProgram({
  name: 'interpolateToAttributes',
  inputs: { triangles: 'i32[F, 3]', ids: 'i32[P]', weights: 'f32[Q, 2]', seeds: 'f32[Q, C]' },
  options,
  outputs: ({ seeds }, { total }) => ({
    grad: { dtype: 'f32', shape: [total, seeds.shape[1]], accumulate: 'scatter', resolution: 2 ** -34 },
  }),
  dispatches: ({ P, C }, { framePixels, width, run }) => [
    {
      items: (P / framePixels) * Math.ceil(framePixels / width / run) * width * C,
      code: wgsl`${rowOf}
fn item(i: u32) {
  let channel = i % C;
  let column = i / C % width;
  let band = i / C / width;
  let height = framePixels / width;
  let bands = (height + run - 1u) / run;
  let first = band % bands * run;
  let last = min(first + run, height);
  var pixel = (band / bands * height + first) * width + column;
  var previous = -1;
  var sums = vec3f();
  // one turn more than there are pixels: it hands the last sums in
  for (var y = first; y <= last; y++) {
    var triangle = -1;
    if (y < last) { triangle = ids[pixel]; }
    if (triangle != previous) {
      if (previous >= 0) {
        for (var k = 0u; k < three; k++) { accumulate_grad(rowOf(pixel - width, previous, k) * C + channel, sums[k]); }
      }
      previous = triangle;
      sums = vec3f();
    }
    if (triangle >= 0) {
      for (var pair = pixel * perPixel; pair < (pixel + 1u) * perPixel; pair++) {
        let uv = vec2f(weights[2u * pair], weights[2u * pair + 1u]);
        sums += seeds[pair * C + channel] * vec3f(base - uv.x - uv.y, uv);
      }
    }
    pixel += width;
  }
}`,
    },
  ],
  reference: ({ weights, seeds, ...hit }, opts) => {
    const C = seeds.shape[1];
    const grad = new Float64Array(opts.total * C);
    onPairs(hit, weights, opts, (i, corners, u, v) => {
      const shares = [opts.base - u - v, u, v];
      for (let c = 0; c < C; c++) corners.forEach((r, k) => (grad[r * C + c] += shares[k] * seeds.data[i * C + c]));
    });
    return { grad };
  },
});

/** Gradient of the weights. */
const toWeights = defineProgram({
  name: 'interpolateToWeights',
  inputs: { triangles: 'i32[F, 3]', ids: 'i32[P]', attributes: 'f32[A, C]', seeds: 'f32[Q, C]' },
  options,
  outputs: ({ seeds }) => ({ grad: { dtype: 'f32', shape: [seeds.shape[0], 2] } }),
  dispatches: ({ P }) => [
    {
      items: P,
      code: wgsl`${rowOf}
fn item(pixel: u32) {
  let triangle = ids[pixel];
  var corners = vec3u();
  for (var k = 0u; k < three; k++) { if (triangle >= 0) { corners[k] = rowOf(pixel, triangle, k) * C; } }
  for (var pair = pixel * perPixel; pair < (pixel + 1u) * perPixel; pair++) {
    var sum = vec2f();
    for (var c = 0u; c < select(0u, C, triangle >= 0); c++) {
      let start = attributes[corners.x + c];
      sum += seeds[pair * C + c] * vec2f(attributes[corners.y + c] - start, attributes[corners.z + c] - start);
    }
    grad[2u * pair] = sum.x;
    grad[2u * pair + 1u] = sum.y;
  }
}`,
    },
  ],
  reference: ({ attributes, seeds, ...hit }, opts) => {
    const C = seeds.shape[1];
    const grad = new Float64Array(2 * seeds.shape[0]);
    onPairs(hit, { shape: [], data: grad }, opts, (i, [a, b, c]) => {
      for (let k = 0; k < C; k++) {
        const g = seeds.data[i * C + k];
        grad[2 * i] += g * (attributes.data[b * C + k] - attributes.data[a * C + k]);
        grad[2 * i + 1] += g * (attributes.data[c * C + k] - attributes.data[a * C + k]);
      }
    });
    return { grad };
  },
});

/**
 * Attributes of the corners of the triangle under each pixel, blended: base * a + u * (b - a) + v * (c - a) for each pair of
 * weights (u, v). Values with base 1, derivatives with base 0 and the derivatives of the weights.
 */
const blendProgram = defineProgram({
  name: 'interpolate',
  inputs: { triangles: 'i32[F, 3]', ids: 'i32[P]', attributes: 'f32[A, C]', weights: 'f32[Q, 2]' },
  options,
  outputs: ({ weights, attributes }) => ({ value: { dtype: 'f32', shape: [weights.shape[0], attributes.shape[1]] } }),
  dispatches: ({ P }) => [
    {
      items: P,
      code: wgsl`${rowOf}
fn item(pixel: u32) {
  let triangle = ids[pixel];
  if (triangle < 0) {
    for (var k = pixel * perPixel * C; k < (pixel + 1u) * perPixel * C; k++) { value[k] = 0.0; }
    return;
  }
  var corners = vec3u();
  for (var k = 0u; k < three; k++) { corners[k] = rowOf(pixel, triangle, k) * C; }
  for (var pair = pixel * perPixel; pair < (pixel + 1u) * perPixel; pair++) {
    let uv = vec2f(weights[2u * pair], weights[2u * pair + 1u]);
    for (var c = 0u; c < C; c++) {
      let start = attributes[corners.x + c];
      let change = vec2f(attributes[corners.y + c] - start, attributes[corners.z + c] - start);
      value[pair * C + c] = base * start + dot(uv, change);
    }
  }
}`,
    },
  ],
  reference: ({ attributes, weights, ...hit }, opts) => {
    const C = attributes.shape[1];
    const value = new Float64Array(weights.shape[0] * C);
    onPairs(hit, weights, opts, (i, corners, u, v) => {
      const shares = [opts.base - u - v, u, v];
      for (let c = 0; c < C; c++)
        corners.forEach((r, k) => (value[i * C + c] += shares[k] * attributes.data[r * C + c]));
    });
    return { value };
  },
  vjp: ({ gradValue }, { triangles, ids, attributes, weights }, opts) => {
    const scale = commonScale([gradValue]);
    const seeds = gradValue.div(scale);
    return {
      attributes: toAttributes({ triangles, ids, weights, seeds }, opts).grad.mul(scale),
      weights: toWeights({ triangles, ids, attributes, seeds: gradValue }, opts).grad,
    };
  },
  jvp: ({ tangentAttributes, tangentWeights }, { triangles, ids, attributes, weights }, opts) => {
    const moved = blend({ triangles, ids, attributes: tangentAttributes, weights }, opts);
    return { value: moved.add(blend({ triangles, ids, attributes, weights: tangentWeights }, { ...opts, base: 0 })) };
  },
});

/** Tensors of `blend`: triangles [F, 3] and ids [P], int32; attributes [A, C]; weights [Q, 2]. */
export type BlendInputs = Readonly<Record<'triangles' | 'ids' | 'attributes' | 'weights', Tensor>>;

/** See `blendProgram`: [Q, C]. */
export function blend(inputs: BlendInputs, opts: BlendOptions): Tensor {
  return blendProgram(inputs, opts).value;
}
