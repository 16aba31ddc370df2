import { defineProgram, wgsl } from '../../engine.js';
import type { HostTensor, Tensor } from '../../engine.js';
import { commonScale } from '../../math/gradientScale.js';
import { tileSize } from '../rasterize/coverage.wgsl.js';
import { aggregateGradients } from './aggregateGradients.js';
import { aggregateTangents } from './aggregateTangents.js';
import { faceUnderPixel } from './faceUnderPixel.js';
import { facesOfPixel } from './hostFaces.js';
import { pixelsOfTiles } from './pixels.wgsl.js';
import { capacity, inputs, listDispatches, listOptions, needed, options, scratch, tilesOf } from './tileLists.js';
import type { SoftInputs, SoftOptions, SoftSizes } from './tileLists.js';
import { sorting } from './tiles.wgsl.js';

/** Nearness of the background, as published (Liu et al. 2019, equation 2). */
const backgroundNearness = 1e-3;

/**
 * For each pixel, over the triangles near it in one pass: the sum of attributes by weights share * exp(nearness / gamma), over
 * the sum of the weights and the background's; and one minus the product of one minus the shares. The greatest nearness so far
 * is taken off the exponents, so that they stay at most zero; it and the sum are kept for the derivatives.
 */
const aggregating = wgsl`${pixelsOfTiles}
fn item(i: u32) {
  let tile = i / ${tileSize ** 2}u;
  let place = placeOf(tile, i % ${tileSize ** 2}u);
  if (place.x >= width || place.y >= height) { return; }
  let frame = frameOf(tile);
  let row = ((frame * height + place.y) * width + place.x) * (C + 3u);
  for (var c = 0u; c < C; c++) { drawn[row + c] = 0.0; }
  var greatest = ${backgroundNearness};
  var sum = 1.0;
  var rest = 1.0;
  let range = ranges[tile];
  for (var k = range.x; k < min(range.x + range.y, capacity); k++) {
    let entry = entries[k];
    var corners = array<vec4f, 3>();
    for (var corner = 0u; corner < three; corner++) { corners[corner] = clip[frame * vertices + entry[corner]]; }
    let face = ${faceUnderPixel}(corners[0], corners[1], corners[2], fromMiddle(place), halfSize(), sigma);
    if (!takesPart(face)) { continue; }
    rest *= shareOf(-face.x);
    let nearness = 1.0 - face.y;
    if (nearness > greatest) {
      let scale = exp((greatest - nearness) / gamma);
      sum *= scale;
      for (var c = 0u; c < C; c++) { drawn[row + c] *= scale; }
      greatest = nearness;
    }
    let weight = shareOf(face.x) * exp((nearness - greatest) / gamma);
    sum += weight;
    let own = (frame * attributeRows + entry.xyz) * C;
    for (var c = 0u; c < C; c++) {
      let start = attributes[own.x + c];
      let change = vec2f(attributes[own.y + c] - start, attributes[own.z + c] - start);
      drawn[row + c] += weight * (start + dot(face.zw, change));
    }
  }
  for (var c = 0u; c < C; c++) { drawn[row + c] /= sum; }
  drawn[row + C] = 1.0 - rest;
  drawn[row + C + 1u] = greatest;
  drawn[row + C + 2u] = sum;
}
`;

function reference(
  { attributes, ...scene }: Readonly<Record<keyof typeof inputs, HostTensor>>,
  opts: SoftOptions,
): Float64Array {
  const { frames, width, height, gamma } = opts;
  const C = attributes.shape[1];
  const drawn = new Float64Array(frames * width * height * (C + 3));
  for (let pixel = 0; pixel < frames * width * height; pixel++) {
    const faces = facesOfPixel(scene, pixel, opts);
    const greatest = Math.max(backgroundNearness, ...faces.map(({ nearness }) => nearness));
    const factors = faces.map(({ share, nearness }) => share * Math.exp((nearness - greatest) / gamma));
    const sum = factors.reduce((a, b) => a + b, Math.exp((backgroundNearness - greatest) / gamma));
    const row = pixel * (C + 3);
    faces.forEach(({ attributeRows, weights }, k) => {
      for (let c = 0; c < C; c++) {
        attributeRows.forEach((r, corner) => {
          drawn[row + c] += (factors[k] / sum) * weights[corner] * attributes.data[r * C + c];
        });
      }
    });
    const rest = faces.reduce((product, { share }) => product * (1 - share), 1);
    drawn.set([1 - rest, greatest, sum], row + C);
  }
  return drawn;
}

const program = defineProgram({
  name: 'softRasterize',
  inputs,
  options,
  capacity,
  outputs: ({ attributes }, { frames, height, width }) => ({
    drawn: { dtype: 'f32', shape: [frames * height * width, attributes.shape[1] + 3] },
    needed,
  }),
  scratch,
  dispatches: (_, opts) => [
    ...listDispatches(opts),
    { label: 'softRasterize: order', items: tilesOf(opts), code: sorting },
    { label: 'softRasterize: pixels', items: tilesOf(opts) * tileSize ** 2, code: aggregating },
  ],
  reference: (given, opts) => ({ drawn: reference(given, opts), needed: [0] }),
  vjp: ({ gradDrawn }, given, opts, { drawn }) => {
    const scale = commonScale([gradDrawn]);
    const { gradClip, gradAttributes } = aggregateGradients({ ...given, drawn, seeds: gradDrawn.div(scale) }, opts);
    return { clip: gradClip.mul(scale), attributes: gradAttributes.mul(scale) };
  },
  jvp: ({ tangentClip, tangentAttributes }, given, opts) => {
    const drawn = run(given, opts);
    return {
      drawn: aggregateTangents({ ...given, drawn, movedClip: tangentClip, movedAttributes: tangentAttributes }, opts),
    };
  },
});

function run(given: SoftInputs, opts: SoftOptions): Tensor {
  return program(given, opts).drawn;
}

/**
 * Attributes and coverage [frames * height * width, C + 1], and two columns more that carry no gradients: the greatest
 * nearness of the pixel and the sum of its weights. Differentiable in clip coordinates and attributes.
 */
export function aggregate(given: SoftInputs, sizes: SoftSizes): Tensor {
  return run(given, listOptions(sizes));
}
