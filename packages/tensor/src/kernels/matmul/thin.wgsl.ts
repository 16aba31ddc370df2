import { nestCode } from './nest.js';
import type { StoreCode } from './store.wgsl.js';

/** What the text of the kernel of single rows depends on. */
export interface ThinOptions {
  readonly scalar: 'f32' | 'i32' | 'u32';
  /** Columns that one invocation computes, by fours. */
  readonly cols: number;
}

/**
 * Products of a single row: depthwise convolutions with a stride and the gradients of their kernels. One invocation computes
 * neighbouring columns, four or more of them; nothing is shared, as nearly nothing could be.
 */
export const thinCode = ({ scalar: s, cols }: ThinOptions, place: string, store: StoreCode): string => /* wgsl */ `
const QUADS = ${cols / 4}u;
${place}${nestCode}${store.code}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let tile = id.x + id.y * groups.x * 64u;
  if (tile >= u.tiles) { return; }
  let line = tile / u.tilesN;
  let col = (tile - line * u.tilesN) * ${cols}u;
  let layer = line / u.tilesM; // batch entry and K-split
  let row = line - layer * u.tilesM;
  let batch = layer / u.splits;
  let split = layer - batch * u.splits;
  let place = placeOf(batch);
  let kBegin = split * u.kPerSplit;
  let kEnd = min(kBegin + u.kPerSplit, u.K);
  let rowStart = place.a + row * u.aRow;

  var column = startN(col);
  column.at += place.b;
  var columns = array<vec4u, QUADS>();
  for (var q = 0u; q < QUADS; q++) { columns[q] = fourColumns(&column); }
  var walk = startK(kBegin);
  var sums = array<vec4<${s}>, QUADS>();
  for (var kBlock = kBegin; kBlock < kEnd; kBlock += 256u) {
    var part = array<vec4<${s}>, QUADS>();
    let blockEnd = min(kBlock + 256u, kEnd);
    for (var k = kBlock; k < blockEnd; k++) {
      let x = ${s}(a[rowStart + k * u.aCol]);
      for (var q = 0u; q < QUADS; q++) {
        let at = columns[q] + walk.at;
        part[q] += x * vec4<${s}>(${s}(b[at.x]), ${s}(b[at.y]), ${s}(b[at.z]), ${s}(b[at.w]));
      }
      walk = nextK(walk);
    }
    for (var q = 0u; q < QUADS; q++) { sums[q] += part[q]; }
  }

  var rowSums = sums; // a copy that may be indexed at run time
  let at = place.c + split * u.partialSize;
  for (var j = 0u; j < min(u.tileCols, u.N - col); j++) { put(at, batch, row, col + j, rowSums[j / 4u][j % 4u]); }
}
`;
