import { nestCode } from './nest.js';
import type { StoreCode } from './store.wgsl.js';

/** What the text of the register-blocked kernel depends on. */
export interface DirectOptions {
  /** Type of the sums. */
  readonly scalar: 'f32' | 'i32' | 'u32';
  readonly a: 'vec4' | 'scalar';
  readonly b: 'vec4' | 'scalar' | 'nest';
  /** Neighbouring invocations that may read each other's registers: 8 with subgroups of at least 8, else 4 (a quad). */
  readonly lanes: 8 | 4;
}

/** Rows and columns of the tile that one workgroup of the register-blocked kernel computes. */
export const DIRECT_TILE = { rows: 16, cols: 32, depth: 4 } as const;

const loadA = {
  vec4: (s: string) => /* wgsl */ `
/** Elements k .. k + 3 of a row of A. */
fn loadA(start: u32, row: u32, k: u32) -> vec4<${s}> {
  return vec4<${s}>(a[(start + row * u.aRow + k) >> 2u]);
}
`,
  scalar: (s: string) => /* wgsl */ `
/** Elements k .. k + 3 of a row of A at any strides; zeros from K on. */
fn loadA(start: u32, row: u32, k: u32) -> vec4<${s}> {
  let at = start + row * u.aRow + k * u.aCol;
  var v = vec4<${s}>();
  for (var i = 0u; i < 4u; i++) { v[i] = select(${s}(), ${s}(a[at + i * u.aCol]), k + i < u.K); }
  return v;
}
`,
};

/** How the 4 x 4 blocks of B are loaded: functions, what is known before the loop over k, and the call in it. */
interface LoadB {
  readonly code: (s: string) => string;
  readonly before: string;
  readonly call: string;
}

const loadB: Readonly<Record<DirectOptions['b'], LoadB>> = {
  vec4: {
    before: '',
    call: 'loadB(place.b, k, col)',
    code: (s) => /* wgsl */ `
/** The 4 x 4 block of B at (k, col), one vector per k: read along n, or along k and transposed in registers. */
fn loadB(start: u32, k: u32, col: u32) -> array<vec4<${s}>, 4> {
  let rowMajor = u.bCol == 1u;
  let step = select(u.bCol, u.bRow, rowMajor);
  let at = start + k * u.bRow + col * u.bCol;
  var m = array<vec4<${s}>, 4>();
  for (var i = 0u; i < 4u; i++) { m[i] = vec4<${s}>(b[(at + i * step) >> 2u]); }
  var t = array<vec4<${s}>, 4>();
  for (var i = 0u; i < 4u; i++) { t[i] = select(vec4<${s}>(m[0][i], m[1][i], m[2][i], m[3][i]), m[i], rowMajor); }
  return t;
}
`,
  },
  scalar: {
    before: '',
    call: 'loadB(place.b, k, col)',
    code: (s) => /* wgsl */ `
/** The 4 x 4 block of B at (k, col), one vector per k, at any strides; zeros from K on. */
fn loadB(start: u32, k: u32, col: u32) -> array<vec4<${s}>, 4> {
  let at = start + k * u.bRow + col * u.bCol;
  var m = array<vec4<${s}>, 4>();
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) {
      m[i][j] = select(${s}(), ${s}(b[at + i * u.bRow + j * u.bCol]), k + i < u.K);
    }
  }
  return m;
}
`,
  },
  nest: {
    before: /* wgsl */ `
  var column = startN(col);
  let columns = fourColumns(&column) + place.b;
  var walk = startK(kBegin);`,
    call: 'loadB(columns, &walk, k)',
    code: (s) => /* wgsl */ `${nestCode}
/** The 4 x 4 block of B at row k, where \`walk\` stands, and at four columns; zeros from K on. */
fn loadB(columns: vec4u, walk: ptr<function, Walk>, k: u32) -> array<vec4<${s}>, 4> {
  var m = array<vec4<${s}>, 4>();
  for (var i = 0u; i < 4u; i++) {
    let at = columns + (*walk).at;
    for (var j = 0u; j < 4u; j++) { m[i][j] = select(${s}(), ${s}(b[at[j]]), k + i < u.K); }
    *walk = nextK(*walk);
  }
  return m;
}
`,
  },
};

/**
 * One workgroup of 8 invocations computes a 16 x 32 tile, each invocation 16 rows x 4 columns in registers, with no
 * shared memory. What is dear on a GPU emulated on a CPU is a load (some 40 instructions for 8 invocations, vec4 or
 * not per component, "uniform" addresses included), so each element is read by one invocation only and handed to its
 * neighbours by a shuffle, which is one instruction. Sums run over blocks of 256 products, which are then added up:
 * the error grows with K / 256 instead of K.
 *
 * Loops with constant bounds are unrolled by the compiler; the store loop runs at run time to keep one store site.
 * Reads beyond M or N give something (WebGPU forbids worse) that ends in a column or row that is not stored.
 */
export function directCode(o: DirectOptions, place: string, store: StoreCode): string {
  const s = o.scalar;
  const share = `subgroupShuffle(x[q], ${o.lanes === 8 ? 'r' : 'quad + r'})`;
  return /* wgsl */ `
const ROWS = ${DIRECT_TILE.rows}u;
const COLS = ${DIRECT_TILE.cols}u;
const LANES = ${o.lanes}u;
${place}${loadA[o.a](s)}${loadB[o.b].code(s)}${store.code}
@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_invocation_id) subgroupLane: u32,
) {
  let tile = group.x + group.y * groups.x;
  if (tile >= u.tiles) { return; }
  let row = (tile % u.tilesM) * ROWS;
  let col = (tile / u.tilesM) % u.tilesN * COLS + lane * 4u;
  let layer = tile / (u.tilesM * u.tilesN); // batch entry and K-split
  let batch = layer / u.splits;
  let split = layer % u.splits;
  let place = placeOf(batch);
${o.lanes === 4 ? '  let quad = subgroupLane & ~3u; // the four invocations that share their rows of A' : ''}
  let kBegin = split * u.kPerSplit;
  let kEnd = min(kBegin + u.kPerSplit, u.K);
${loadB[o.b].before}
  var sums = array<vec4<${s}>, ROWS>();
  for (var kBlock = kBegin; kBlock < kEnd; kBlock += 256u) {
    var part = array<vec4<${s}>, ROWS>();
    for (var k = kBlock; k < min(kBlock + 256u, kEnd); k += 4u) {
      let y = ${loadB[o.b].call};
      for (var g = 0u; g < ROWS; g += LANES) {
        let x = loadA(place.a, row + g + lane % LANES, k);
        for (var r = 0u; r < LANES; r++) {
          for (var q = 0u; q < 4u; q++) {
            ${s === 'f32' ? `part[g + r] = fma(vec4f(${share}), y[q], part[g + r]);` : `part[g + r] += ${share} * y[q];`}
          }
        }
      }
    }
    for (var r = 0u; r < ROWS; r++) { sums[r] += part[r]; }
  }

  var tileSums = sums; // a copy that may be indexed at run time, so that the sums above stay in registers
  let rows = min(u.tileRows, u.M - row);
  let at = place.c + split * u.partialSize;
${
  store.calls === 1
    ? `  for (var e = 0u; e < rows * 4u; e++) {
    let n = col + e % 4u;
    if (n < u.N) { put(at, batch, row + e / 4u, n, tileSums[e / 4u][e % 4u]); }
  }`
    : `  for (var r = 0u; r < rows; r++) {
    let v = tileSums[r];
    for (var j = 0u; j < 4u; j++) {
      if (col + j < u.N) { put(at, batch, row + r, col + j, v[j]); }
    }
  }`
}
}
`;
}
