import { compileToJS, concat, defineProgram, wgsl } from '../../engine.js';
import type { HostTensor, Tensor } from '../../engine.js';
import { tileSize } from '../rasterize/coverage.wgsl.js';
import { faceTangent, faceUnderPixel } from './faceUnderPixel.js';
import { facesOfPixel } from './hostFaces.js';
import { pixelsOfTiles, uses } from './pixels.wgsl.js';
import { capacity, inputs, listDispatches, needed, options, scratch, tilesOf } from './tileLists.js';
import type { SoftInputs, SoftOptions } from './tileLists.js';
import { sorting } from './tiles.wgsl.js';

/** Each buffer holds values and then, as many again, their tangents: kernels may bind eight buffers only. */
const moving = wgsl`${pixelsOfTiles}${uses(faceUnderPixel, faceTangent)}
fn item(i: u32) {
  let tile = i / ${tileSize ** 2}u;
  let place = placeOf(tile, i % ${tileSize ** 2}u);
  if (place.x >= width || place.y >= height) { return; }
  let frame = frameOf(tile);
  let row = ((frame * height + place.y) * width + place.x) * (C + 3u);
  for (var c = 0u; c < C + 3u; c++) { moved[row + c] = 0.0; }
  let range = ranges[tile];
  for (var k = range.x; k < min(range.x + range.y, capacity); k++) {
    let entry = entries[k];
    var p = array<vec4f, 3>();
    var d = array<vec4f, 3>();
    for (var corner = 0u; corner < three; corner++) {
      p[corner] = clip[frame * vertices + entry[corner]];
      d[corner] = clip[N / 2u + frame * vertices + entry[corner]];
    }
    let face = ${faceUnderPixel.name}(p[0], p[1], p[2], fromMiddle(place), halfSize(), sigma);
    if (!takesPart(face)) { continue; }
    let change = ${faceTangent.name}(p[0], p[1], p[2], fromMiddle(place), halfSize(), sigma,
      ${[0, 1, 2].flatMap((k) => [...'xyzw'].map((c) => `d[${k}].${c}`)).join(', ')});
    let share = shareOf(face.x);
    let weight = share * exp((1.0 - face.y - drawn[row + C + 1u]) / gamma) / drawn[row + C + 2u];
    let growth = (1.0 - share) * change.x - change.y / gamma;
    let own = (frame * attributeRows + entry.xyz) * C;
    for (var c = 0u; c < C; c++) {
      var blended = vec2f(); // the attribute and its tangent
      for (var corner = 0u; corner < three; corner++) {
        let at = own[corner] + c;
        let share_here = vec3f(1.0 - face.z - face.w, face.zw)[corner];
        let growth_here = vec3f(-change.z - change.w, change.zw)[corner];
        blended += vec2f(share_here * attributes[at], share_here * attributes[A / 2u * C + at] + growth_here * attributes[at]);
      }
      moved[row + c] += weight * ((blended.x - drawn[row + c]) * growth + blended.y);
    }
    moved[row + C] += (1.0 - drawn[row + C]) * share * change.x;
  }
}`;

const program = defineProgram({
  name: 'softRasterizeTangents',
  inputs: { ...inputs, drawn: 'f32[P, D]' },
  options,
  capacity,
  outputs: ({ drawn }) => ({ moved: { dtype: 'f32', shape: drawn.shape }, needed }),
  scratch,
  dispatches: (_, opts) => [
    ...listDispatches(opts),
    { label: 'softRasterize: order', items: tilesOf(opts), code: sorting },
    { label: 'softRasterize: tangents', items: tilesOf(opts) * tileSize ** 2, code: moving },
  ],
  reference: (given, opts) => ({ moved: reference(given, opts), needed: [0] }),
});

function reference(
  { attributes, drawn, clip, triangles }: Readonly<Record<'clip' | 'triangles' | 'attributes' | 'drawn', HostTensor>>,
  opts: SoftOptions,
): Float64Array {
  const tangent = compileToJS(faceTangent);
  const C = attributes.shape[1];
  const moved = new Float64Array(drawn.data.length);
  const [clipTangents, attributeTangents] = [clip, attributes].map(({ data }) => data.slice(data.length / 2));
  for (let pixel = 0; pixel < drawn.shape[0]; pixel++) {
    const row = pixel * (C + 3);
    const [covered, greatest, sum] = [0, 1, 2].map((k) => drawn.data[row + C + k]);
    for (const { rows, attributeRows, args, share, nearness, weights } of facesOfPixel(
      { clip, triangles },
      pixel,
      opts,
    )) {
      const change = rows.flatMap((r) => [...clipTangents.slice(4 * r, 4 * r + 4)]);
      const [logit, depth, u, v] = tangent(...args, ...change);
      const weight = (share * Math.exp((nearness - greatest) / opts.gamma)) / sum;
      const growth = (1 - share) * logit - depth / opts.gamma;
      for (let c = 0; c < C; c++) {
        const values = attributeRows.map((r) => attributes.data[r * C + c]);
        const value = values.reduce((s, a, k) => s + weights[k] * a, 0);
        const own = attributeRows.reduce((s, r, k) => s + weights[k] * attributeTangents[r * C + c], 0);
        const slid = u * (values[1] - values[0]) + v * (values[2] - values[0]);
        moved[row + c] += weight * ((value - drawn.data[row + c]) * growth + own + slid);
      }
      moved[row + C] += (1 - covered) * share * logit;
    }
  }
  return moved;
}

/** Tangents of the columns of `aggregate`'s result, of which it needs the values too. */
export function aggregateTangents(
  {
    clip,
    triangles,
    attributes,
    drawn,
    movedClip,
    movedAttributes,
  }: SoftInputs & Readonly<Record<'drawn' | 'movedClip' | 'movedAttributes', Tensor>>,
  opts: SoftOptions,
): Tensor {
  const given = {
    clip: concat([clip, movedClip]),
    triangles,
    attributes: concat([attributes, movedAttributes]),
    drawn,
  };
  return program(given, opts).moved;
}
