import { compileToJS, concat, defineProgram, emitStruct, wgsl } from '../../engine.js';
import type { HostTensor, Tensor } from '../../engine.js';
import { tileSize } from '../rasterize/coverage.wgsl.js';
import { faceGradient, faceGradientResult, faceUnderPixel } from './faceUnderPixel.js';
import { facesOfPixel } from './hostFaces.js';
import { pixelsOfTiles, uses } from './pixels.wgsl.js';
import { capacity, inputs, listDispatches, needed, options, scratch } from './tileLists.js';
import type { SoftInputs, SoftOptions } from './tileLists.js';

/** Channels whose sums an invocation holds at once. */
const channelsAtOnce = 4;

/**
 * What an invocation of a gradient does: it takes one entry, a triangle near a tile, and adds up over the tile's pixels, so
 * that sums of the whole image get one addend per tile. `weight` is the triangle's in the pixel's mean. Rows
 * of `drawn` hold the results and then their gradients: kernels may bind eight buffers only.
 */
const overTile = (perPixel: string): string => `
  let entry = entries[slot];
  let tile = entry.w;
  let frame = frameOf(tile);
  var corners = array<vec4f, 3>();
  for (var corner = 0u; corner < three; corner++) { corners[corner] = clip[frame * vertices + entry[corner]]; }
  let own = (frame * attributeRows + entry.xyz) * C;
  for (var cell = 0u; cell < ${tileSize ** 2}u; cell++) {
    let place = placeOf(tile, cell);
    if (place.x >= width || place.y >= height) { continue; }
    let face = ${faceUnderPixel.name}(corners[0], corners[1], corners[2], fromMiddle(place), halfSize(), sigma);
    if (!takesPart(face)) { continue; }
    let row = ((frame * height + place.y) * width + place.x) * (2u * C + 6u);
    let share = shareOf(face.x);
    let weight = share * exp((1.0 - face.y - drawn[row + C + 1u]) / gamma) / drawn[row + C + 2u];
    ${perPixel}
  }`;

const toVertices = wgsl`${pixelsOfTiles}${wgsl`${emitStruct(faceGradientResult)}`}${uses(faceUnderPixel, faceGradient)}
fn item(slot: u32) {
  if (slot >= atomicLoad(&needed[0])) { return; }
  var sums = array<vec4f, 3>();
  ${overTile(`
    // gradient of the weight's logarithm, and of the weights of the second and third vertex
    var toLogarithm = 0.0;
    var toBlend = vec2f();
    for (var c = 0u; c < C; c++) {
      let start = attributes[own.x + c];
      let change = vec2f(attributes[own.y + c] - start, attributes[own.z + c] - start);
      let seed = weight * drawn[row + C + 3u + c];
      toLogarithm += seed * (start + dot(face.zw, change) - drawn[row + c]);
      toBlend += seed * change;
    }
    let toLogit = toLogarithm * (1.0 - share) + drawn[row + 2u * C + 3u] * (1.0 - drawn[row + C]) * share;
    let out = ${faceGradient.name}(corners[0], corners[1], corners[2], fromMiddle(place), halfSize(), sigma,
      toLogit, -toLogarithm / gamma, toBlend.x, toBlend.y);
    sums[0] += out.a;
    sums[1] += out.b;
    sums[2] += out.c;`)}
  for (var k = 0u; k < 4u * three; k++) {
    let sum = sums[k / 4u][k % 4u];
    if (sum != 0.0) { accumulate_gradClip(4u * (frame * vertices + entry[k / 4u]) + k % 4u, sum); }
  }
}`;

const toAttributes = wgsl`${pixelsOfTiles}${uses(faceUnderPixel)}
fn item(i: u32) {
  let parts = (C + ${channelsAtOnce - 1}u) / ${channelsAtOnce}u;
  let slot = i / parts;
  let first = i % parts * ${channelsAtOnce}u;
  let channels = min(C - first, ${channelsAtOnce}u);
  if (slot >= atomicLoad(&needed[0])) { return; }
  var sums = array<vec4f, 3>();
  ${overTile(`
    var seed = vec4f();
    for (var c = 0u; c < channels; c++) { seed[c] = weight * drawn[row + C + 3u + first + c]; }
    sums[0] += seed * (1.0 - face.z - face.w);
    sums[1] += seed * face.z;
    sums[2] += seed * face.w;`)}
  for (var k = 0u; k < channels * three; k++) {
    let sum = sums[k % three][k / three];
    if (sum != 0.0) { accumulate_gradAttributes(own[k % three] + first + k / three, sum); }
  }
}`;

const program = defineProgram({
  name: 'softRasterizeGradients',
  inputs: { ...inputs, drawn: 'f32[P, D]' },
  options,
  capacity,
  outputs: ({ clip, attributes }) => ({
    gradClip: { dtype: 'f32', shape: clip.shape, accumulate: 'scatter', resolution: 2 ** -34 },
    gradAttributes: { dtype: 'f32', shape: attributes.shape, accumulate: 'scatter', resolution: 2 ** -34 },
    needed,
  }),
  scratch,
  dispatches: ({ C, capacity: room }, opts) => [
    ...listDispatches(opts),
    { label: 'softRasterize: to vertices', items: room, code: toVertices },
    { label: 'softRasterize: to attributes', items: room * Math.ceil(C / channelsAtOnce), code: toAttributes },
  ],
  reference: (given, opts) => ({ ...reference(given, opts), needed: [0] }),
});

function reference(
  { attributes, drawn, ...scene }: Readonly<Record<'clip' | 'triangles' | 'attributes' | 'drawn', HostTensor>>,
  opts: SoftOptions,
): Readonly<Record<'gradClip' | 'gradAttributes', Float64Array>> {
  const gradient = compileToJS(faceGradient);
  const C = attributes.shape[1];
  const gradClip = new Float64Array(scene.clip.data.length);
  const gradAttributes = new Float64Array(attributes.data.length);
  for (let pixel = 0; pixel < drawn.shape[0]; pixel++) {
    const row = pixel * (2 * C + 6);
    const seeds = drawn.data.slice(row + C + 3, row + 2 * C + 4);
    const [covered, greatest, sum] = [0, 1, 2].map((k) => drawn.data[row + C + k]);
    for (const { rows, attributeRows, args, share, nearness, weights } of facesOfPixel(scene, pixel, opts)) {
      const weight = (share * Math.exp((nearness - greatest) / opts.gamma)) / sum;
      let toLogarithm = 0;
      const toBlend = [0, 0, 0];
      for (let c = 0; c < C; c++) {
        const seed = weight * seeds[c];
        const values = attributeRows.map((r) => attributes.data[r * C + c]);
        const value = values.reduce((s, v, k) => s + weights[k] * v, 0);
        toLogarithm += seed * (value - drawn.data[row + c]);
        values.forEach((v, k) => (toBlend[k] += seed * v));
        attributeRows.forEach((r, k) => (gradAttributes[r * C + c] += seed * weights[k]));
      }
      const toLogit = toLogarithm * (1 - share) + seeds[C] * (1 - covered) * share;
      const toPlace = [-toLogarithm / opts.gamma, toBlend[1] - toBlend[0], toBlend[2] - toBlend[0]];
      gradient(...args, toLogit, ...toPlace).forEach((g, k) => (gradClip[4 * rows[k >> 2] + (k % 4)] += g));
    }
  }
  return { gradClip, gradAttributes };
}

/** Gradients of clip coordinates and attributes from those of all columns of `aggregate`'s result, [P, C + 3] as that is. */
export function aggregateGradients(
  { drawn, seeds, ...scene }: SoftInputs & Readonly<Record<'drawn' | 'seeds', Tensor>>,
  opts: SoftOptions,
): Readonly<Record<'gradClip' | 'gradAttributes', Tensor>> {
  return program({ ...scene, drawn: concat([drawn, seeds], -1) }, opts);
}
