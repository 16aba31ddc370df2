import type { UniformValue } from '../../kernel/dispatch.js';
import { u32 } from '../grid.js';
import type { StoreCode } from './store.wgsl.js';
import type { Windows } from './spec.js';

/** What the text of the kernel of sliding windows depends on. */
export interface SlideOptions {
  readonly scalar: 'f32' | 'i32' | 'u32';
  /** Neighbouring windows that one invocation computes. */
  readonly cols: number;
  /** Elements in a row of a kernel: known to the text, so that a row of pixels stays in registers. */
  readonly taps: number;
  /** Pixels from a window to the next, in steps between elements of a kernel. */
  readonly hop: number;
}

/** Invocations of a workgroup: all of them compute one row of the product, so its kernel is read once for all. */
const LANES = 64;

const list = (n: number, text: (i: number) => string, separator = '\n'): string =>
  Array.from({ length: n }, (_, i) => text(i)).join(separator);

/**
 * Products with windows that slide by one or a few pixels of their kernel: depthwise convolutions. One invocation computes
 * neighbouring windows in a row of them. Row by row of the kernel it loads the pixels that these windows share, once,
 * and takes zeros for those outside of the image: images are not stored with zeros around them first.
 */
export const slideCode = ({ scalar: s, cols, taps, hop }: SlideOptions, place: string, store: StoreCode): string => {
  const pixels = (cols - 1) * hop + taps;
  return /* wgsl */ `
${place}${store.code}
@compute @workgroup_size(${LANES})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(num_workgroups) groups: vec3u,
) {
  let tile = group.x + group.y * groups.x;
  if (tile >= u.tiles) { return; }
  let line = tile / u.tilesN;
  let batch = line / u.M;
  let row = line - batch * u.M;
  let i = (tile - line * u.tilesN) * ${LANES}u + lane;
  let y = i / u.across;
  let x = (i - y * u.across) * ${cols}u;
  if (y >= u.windowRows) { return; }
  let place = placeOf(batch);

  // columns of pixels: left of the image, numbers wrap around to large ones
${list(pixels, (j) => `  let column${j} = x * u.step + ${j}u * u.apart - u.left; let inside${j} = column${j} < u.imageCols; let at${j} = select(0u, column${j} * u.pixelStride, inside${j});`)}
${list(cols, (j) => `  var sum${j} = ${s}();`)}
  for (var channel = 0u; channel < u.channels; channel++) {
    for (var r = 0u; r < u.kernelRows; r++) {
      let pixelRow = y * u.stepDown + r * u.apartDown - u.top;
      let within = pixelRow < u.imageRows;
      let start = place.b + channel * u.channelStride + select(0u, pixelRow * u.rowStride, within);
${list(pixels, (j) => `      let v${j} = select(${s}(), ${s}(b[start + at${j}]), within && inside${j});`)}
      let k = place.a + row * u.aRow + (channel * u.kernelRows + r) * ${taps}u * u.aCol;
${list(taps, (t) => `      let w${t} = ${s}(a[k + ${t}u * u.aCol]);`)}
${list(cols, (j) => `      sum${j} += ${list(taps, (t) => `w${t} * v${j * hop + t}`, ' + ')};`)}
    }
  }
  var sums = array<${s}, ${cols}>(${list(cols, (j) => `sum${j}`, ', ')});
  let first = y * u.windowCols + x;
  for (var j = 0u; j < min(u.tileCols, u.windowCols - x); j++) { put(place.c, batch, row, first + j, sums[j]); }
}
`;
};

/** Workgroups of {@link slideCode} for one row of the product. */
export const slideGroups = ({ count }: Windows, cols: number): number =>
  Math.ceil((count[0] * Math.ceil(count[1] / cols)) / LANES);

/** Uniforms of {@link slideCode} beside those of every product. */
export const slideUniforms = (w: Windows, cols: number): Record<string, UniformValue> => ({
  across: u32(Math.ceil(w.count[1] / cols)),
  windowRows: u32(w.count[0]),
  windowCols: u32(w.count[1]),
  step: u32(w.stride[1]),
  apart: u32(w.dilation[1]),
  left: u32(w.before[1]),
  imageCols: u32(w.pixels[1].size),
  pixelStride: u32(w.pixels[1].stride),
  stepDown: u32(w.stride[0]),
  apartDown: u32(w.dilation[0]),
  top: u32(w.before[0]),
  imageRows: u32(w.pixels[0].size),
  rowStride: u32(w.pixels[0].stride),
  channels: u32(w.channels.size),
  channelStride: u32(w.channels.stride),
  kernelRows: u32(w.taps[0]),
});
