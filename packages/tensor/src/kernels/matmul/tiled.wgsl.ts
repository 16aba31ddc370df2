import { nestCode } from './nest.js';
import type { StoreCode } from './store.wgsl.js';

/** Tile of one workgroup of the shared-memory kernel: `rows` x `cols` of C in steps of `depth` along K. */
export interface TileShape {
  readonly rows: number;
  readonly cols: number;
  readonly depth: number;
}

/** What the text of the shared-memory kernel depends on. */
export interface TiledOptions {
  readonly scalar: 'f32' | 'i32' | 'u32';
  /** 256 invocations hold 4 x 4 sums each, so rows * cols = 4096. */
  readonly tile: TileShape;
  /** B is read in a nest instead of at strides. */
  readonly nest: boolean;
}

/** What loading B at strides and in a nest differ in. Rows of a nest are looked up: their offsets stand in a table. */
const loadB = {
  strided: { code: '', column: '0u', fill: '', index: 'place.b + (k + p.x) * u.bRow + (col + p.y) * u.bCol' },
  // a thread stays in its column of the slab, as THREADS is a multiple of COLS
  nest: {
    code: `${nestCode}\nvar<workgroup> rowOffsets: array<u32, DEPTH>;\n`,
    column: 'startN(col + thread % COLS).at',
    fill: 'if (thread < DEPTH) { rowOffsets[thread] = startK(k + thread).at; }',
    index: 'place.b + rowOffsets[p.x] + column',
  },
} as const;

/**
 * The classic shared-memory product: 256 invocations load a slab of A and of B, wait, and each updates 4 x 4 sums
 * from it. Slabs are kept with k outermost, so that the inner loop reads neighbours. Neighbouring invocations load
 * along whichever dimension of the operand is contiguous, so both layouts coalesce without a copy.
 */
export function tiledCode(o: TiledOptions, place: string, store: StoreCode): string {
  const s = o.scalar;
  const { rows, cols, depth } = o.tile;
  const fromB = loadB[o.nest ? 'nest' : 'strided'];
  return /* wgsl */ `
const ROWS = ${rows}u;
const COLS = ${cols}u;
const DEPTH = ${depth}u;
const THREADS = 256u;
const SUM_BLOCK = 256u / DEPTH; // slabs that are summed before they are added to the total: bounds the error
const A_PITCH = ROWS + 1u; // an odd pitch spreads a column over all banks
const B_PITCH = COLS + 1u;

var<workgroup> slabA: array<${s}, ${depth * (rows + 1)}>;
var<workgroup> slabB: array<${s}, ${depth * (cols + 1)}>;
${place}${fromB.code}${store.code}
/** Row and k of the e-th element of a slab of A, neighbours along the contiguous dimension. */
fn slotA(e: u32) -> vec2u {
  return select(vec2u(e % ROWS, e / ROWS), vec2u(e / DEPTH, e % DEPTH), u.aCol == 1u);
}

/** k and column of the e-th element of a slab of B. */
fn slotB(e: u32) -> vec2u {
  return select(vec2u(e % DEPTH, e / DEPTH), vec2u(e / COLS, e % COLS), u.bCol == 1u);
}

fn loadSlabs(place: Place, row: u32, col: u32, k: u32, kEnd: u32, thread: u32, column: u32) {
  for (var e = thread; e < ROWS * DEPTH; e += THREADS) {
    let p = slotA(e);
    var v = ${s}();
    if (row + p.x < u.M && k + p.y < kEnd) { v = ${s}(a[place.a + (row + p.x) * u.aRow + (k + p.y) * u.aCol]); }
    slabA[p.y * A_PITCH + p.x] = v;
  }
  for (var e = thread; e < COLS * DEPTH; e += THREADS) {
    let p = slotB(e);
    var v = ${s}();
    if (col + p.y < u.N && k + p.x < kEnd) { v = ${s}(b[${fromB.index}]); }
    slabB[p.x * B_PITCH + p.y] = v;
  }
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let tile = group.x + group.y * groups.x;
  if (tile >= u.tiles) { return; }
  let row = (tile % u.tilesM) * ROWS;
  let col = (tile / u.tilesM) % u.tilesN * COLS;
  let layer = tile / (u.tilesM * u.tilesN); // batch entry and K-split
  let batch = layer / u.splits;
  let split = layer % u.splits;
  let place = placeOf(batch);
  let kBegin = split * u.kPerSplit;
  let kEnd = min(kBegin + u.kPerSplit, u.K);
  let myRow = thread / (COLS / 4u) * 4u;
  let myCol = thread % (COLS / 4u); // columns myCol + j * COLS / 4: neighbours read neighbours

  var sums = array<vec4<${s}>, 4>();
  var part = array<vec4<${s}>, 4>();
  var slabs = 0u;
  let column = ${fromB.column};
  for (var k = kBegin; k < kEnd; k += DEPTH) {
    ${fromB.fill}
    workgroupBarrier();
    loadSlabs(place, row, col, k, kEnd, thread, column);
    workgroupBarrier();
    for (var d = 0u; d < u.depth; d++) {
      var y = vec4<${s}>();
      for (var j = 0u; j < 4u; j++) { y[j] = slabB[d * B_PITCH + myCol + j * (COLS / 4u)]; }
      for (var i = 0u; i < 4u; i++) { part[i] += slabA[d * A_PITCH + myRow + i] * y; }
    }
    slabs++;
    if (slabs % SUM_BLOCK == 0u || k + DEPTH >= kEnd) {
      for (var i = 0u; i < 4u; i++) { sums[i] += part[i]; part[i] = vec4<${s}>(); }
    }
  }

  var tileSums = sums;
  let at = place.c + split * u.partialSize;
  for (var e = 0u; e < u.tileRows * 4u; e++) {
    let m = row + myRow + e / 4u;
    let n = col + myCol + e % 4u * (COLS / 4u);
    if (m < u.M && n < u.N) { put(at, batch, m, n, tileSums[e / 4u][e % 4u]); }
  }
}
`;
}
