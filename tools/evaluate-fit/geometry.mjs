// Distances between surfaces, on the host in float64. Points are [N * 3], triangles [F * 3], lengths in millimetres.

const cellSize = 8;

const keyOf = (x, y, z) => (x + 512) * 1048576 + (y + 512) * 1024 + (z + 512);
const cellOf = (x) => Math.floor(x / cellSize);

/**
 * The point of triangle (a, b, c) that is closest to p (Ericson 2005, Real-Time Collision Detection, section 5.1.5). An
 * edge without length is passed over, so that a triangle may be a line or a point.
 */
export function closestOnTriangle(p, a, b, c) {
  const minus = (u, v) => [u[0] - v[0], u[1] - v[1], u[2] - v[2]];
  const dot = (u, v) => u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
  const along = (u, v, t) => [u[0] + t * v[0], u[1] + t * v[1], u[2] + t * v[2]];
  const [ab, ac, ap] = [minus(b, a), minus(c, a), minus(p, a)];
  const [d1, d2] = [dot(ab, ap), dot(ac, ap)];
  if (d1 <= 0 && d2 <= 0) return a;
  const bp = minus(p, b);
  const [d3, d4] = [dot(ab, bp), dot(ac, bp)];
  if (d3 >= 0 && d4 <= d3) return b;
  const vc = d1 * d4 - d3 * d2;
  if (vc <= 0 && d1 >= 0 && d3 <= 0 && d1 > d3) return along(a, ab, d1 / (d1 - d3));
  const cp = minus(p, c);
  const [d5, d6] = [dot(ab, cp), dot(ac, cp)];
  if (d6 >= 0 && d5 <= d6) return c;
  const vb = d5 * d2 - d1 * d6;
  if (vb <= 0 && d2 >= 0 && d6 <= 0 && d2 > d6) return along(a, ac, d2 / (d2 - d6));
  const va = d3 * d6 - d5 * d4;
  const [e4, e5] = [d4 - d3, d5 - d6];
  if (va <= 0 && e4 >= 0 && e5 >= 0 && e4 + e5 > 0) return along(b, minus(c, b), e4 / (e4 + e5));
  const sum = va + vb + vc;
  return sum > 0 ? along(along(a, ab, vb / sum), ac, vc / sum) : a;
}

/** A mesh in a grid of cells, for `closestPoints`. */
function surfaceGrid(positions, triangles) {
  const cells = new Map();
  const corner = (f, k) => positions.subarray(3 * triangles[3 * f + k], 3 * triangles[3 * f + k] + 3);
  for (let f = 0; f < triangles.length / 3; f++) {
    const corners = [corner(f, 0), corner(f, 1), corner(f, 2)];
    const [low, high] = [Math.min, Math.max].map((pick) =>
      [0, 1, 2].map((c) => cellOf(pick(...corners.map((p) => p[c])))),
    );
    for (let x = low[0]; x <= high[0]; x++)
      for (let y = low[1]; y <= high[1]; y++)
        for (let z = low[2]; z <= high[2]; z++) {
          const list = cells.get(keyOf(x, y, z));
          if (list) list.push(f);
          else cells.set(keyOf(x, y, z), [f]);
        }
  }
  return { cells, corner };
}

/** The closest point of the surface to a point, farther than `reach` undefined. */
function closestPoint({ cells, corner }, p, reach) {
  const at = [cellOf(p[0]), cellOf(p[1]), cellOf(p[2])];
  let best;
  let least = reach;
  // shells of cells around the point: what is in shell k is at least (k - 1) cells away
  for (let k = 0; (k - 1) * cellSize <= least; k++) {
    for (let x = -k; x <= k; x++)
      for (let y = -k; y <= k; y++)
        for (let z = -k; z <= k; z++) {
          if (Math.max(Math.abs(x), Math.abs(y), Math.abs(z)) !== k) continue;
          for (const f of cells.get(keyOf(at[0] + x, at[1] + y, at[2] + z)) ?? []) {
            const q = closestOnTriangle(p, corner(f, 0), corner(f, 1), corner(f, 2));
            const distance = Math.hypot(q[0] - p[0], q[1] - p[1], q[2] - p[2]);
            if (distance < least) [best, least] = [q, distance];
          }
        }
  }
  return best;
}

/** Closest points of a surface to points, and the mean distance; points farther than `reach` are left out. */
function closestPoints(grid, points, reach = 60) {
  const pairs = [];
  let sum = 0;
  for (let i = 0; i < points.length / 3; i++) {
    const p = points.subarray(3 * i, 3 * i + 3);
    const q = closestPoint(grid, p, reach);
    if (q === undefined) continue;
    pairs.push([p, q]);
    sum += Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
  }
  return { pairs, mean: sum / pairs.length };
}

/**
 * The rotation R, scale s and translation t that bring points p to their partners q best in the mean of squares:
 * q = s R p + t (Horn 1987, by unit quaternions and the symmetric scale).
 */
export function align(pairs, scaled = false) {
  const mean = [0, 1].map((side) =>
    [0, 1, 2].map((c) => pairs.reduce((sum, pair) => sum + pair[side][c], 0) / pairs.length),
  );
  const m = Array.from({ length: 3 }, () => [0, 0, 0]);
  let [sizeP, sizeQ] = [0, 0];
  for (const [p, q] of pairs) {
    for (let a = 0; a < 3; a++) {
      sizeP += (p[a] - mean[0][a]) ** 2;
      sizeQ += (q[a] - mean[1][a]) ** 2;
      for (let b = 0; b < 3; b++) m[a][b] += (p[a] - mean[0][a]) * (q[b] - mean[1][b]);
    }
  }
  const [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = m;
  const n = [
    [xx + yy + zz, yz - zy, zx - xz, xy - yx],
    [yz - zy, xx - yy - zz, xy + yx, zx + xz],
    [zx - xz, xy + yx, yy - xx - zz, yz + zy],
    [xy - yx, zx + xz, yz + zy, zz - xx - yy],
  ];
  const [w, x, y, z] = largestEigenvector(n);
  const rotation = [
    [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
  const scale = scaled ? Math.sqrt(sizeQ / sizeP) : 1;
  const translation = mean[1].map((q, a) => q - scale * rotation[a].reduce((sum, r, b) => sum + r * mean[0][b], 0));
  return { rotation, scale, translation };
}

/** Of a symmetric 4 x 4 matrix, for its largest eigenvalue: squared again and again, with all eigenvalues made positive. */
function largestEigenvector(matrix) {
  const size = Math.sqrt(matrix.flat().reduce((sum, x) => sum + x * x, 0));
  let power = matrix.map((row, a) => row.map((x, b) => x / size + (a === b ? 1 : 0)));
  for (let k = 0; k < 40; k++) {
    const square = power.map((row) => power[0].map((_, b) => row.reduce((sum, x, c) => sum + x * power[c][b], 0)));
    const largest = Math.max(...square.flat().map(Math.abs));
    power = square.map((row) => row.map((x) => x / largest));
  }
  const column = [0, 1, 2, 3].reduce((best, b) => (power[b][b] > power[best][best] ? b : best), 0);
  const vector = power.map((row) => row[column]);
  return vector.map((x) => x / Math.hypot(...vector));
}

/** s R p + t for all points. */
export function moved(points, { rotation, scale, translation }) {
  const result = new Float64Array(points.length);
  for (let i = 0; i < points.length; i += 3)
    for (let a = 0; a < 3; a++) {
      const [r0, r1, r2] = rotation[a];
      result[i + a] = scale * (r0 * points[i] + r1 * points[i + 1] + r2 * points[i + 2]) + translation[a];
    }
  return result;
}

const pick = (positions, ids) =>
  Float64Array.from(ids.length * 3 === 0 ? [] : [...ids].flatMap((v) => [...positions.subarray(3 * v, 3 * v + 3)]));

/**
 * Mean distances between two faces after alignment (iterated closest points from the landmarks on, which move the fitted
 * face's region onto the true surface).
 *
 * @param fitted, truth { positions [V * 3], triangles, region (vertices that count), landmarks (68 vertices) }
 * @returns toTruth: from the fitted face's region to the closest points of the whole true head; toFit: the other way;
 *   scale: of the alignment, 1 unless `scaled`.
 */
export function faceDistance(fitted, truth, scaled = false) {
  const target = surfaceGrid(truth.positions, truth.triangles);
  const region = pick(fitted.positions, fitted.region);
  const marks = [pick(fitted.positions, fitted.landmarks), pick(truth.positions, truth.landmarks)];
  const pairsOf = (p, q) =>
    Array.from({ length: p.length / 3 }, (_, k) => [p.subarray(3 * k, 3 * k + 3), q.subarray(3 * k, 3 * k + 3)]);
  let motion = align(pairsOf(...marks), scaled);
  for (let k = 0; k < 12; k++) {
    const now = moved(region, motion);
    const { pairs } = closestPoints(target, now, 25);
    // pairs name moved points: the next motion is that of the region as it was
    const next = align(pairs, scaled);
    motion = combined(next, motion);
  }
  const positions = moved(fitted.positions, motion);
  return {
    toTruth: closestPoints(target, pick(positions, fitted.region)).mean,
    toFit: closestPoints(surfaceGrid(positions, fitted.triangles), pick(truth.positions, truth.region)).mean,
    scale: motion.scale,
  };
}

/** First `b`, then `a`. */
function combined(a, b) {
  const rotation = a.rotation.map((row) =>
    [0, 1, 2].map((c) => row.reduce((sum, x, k) => sum + x * b.rotation[k][c], 0)),
  );
  return { rotation, scale: a.scale * b.scale, translation: [...moved(Float64Array.from(b.translation), a)] };
}
