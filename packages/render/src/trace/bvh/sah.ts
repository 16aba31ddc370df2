import { largestCoordinate, maximalDepth } from './layout.js';

/**
 * A binary tree over triangles by the surface area heuristic with bins (Wald 2007, "On fast construction of SAH-based
 * bounding volume hierarchies"). Nodes are numbered parents first; node 0 is the root.
 */
export interface BinaryTree {
  readonly nodeCount: number;
  /** [nodes * 6] lower then upper corner; +-Infinity (inverted) where a node holds no finite triangle. */
  readonly bounds: Float32Array;
  /** [nodes] first child of an inner node (the second follows it), first place in `order` of a leaf. */
  readonly first: Uint32Array;
  /** [nodes] triangles of a leaf; 0 for an inner node. */
  readonly count: Uint8Array;
  /** [F] triangles, leaf by leaf. */
  readonly order: Uint32Array;
}

const mostBins = 16;
/** Bins that a node of some triangles is worth: what small nodes cost is their bins. */
const binsFor = (size: number): number => (size <= 8 ? 4 : size <= 64 ? 8 : mostBins);

/** Cost of a step through a node in triangle tests. */
const stepCost = 1;

/**
 * Bounds of the triangles, [F * 6]. A triangle with a vertex that is not finite (or too far away) gets inverted bounds: no ray can hit it.
 */
function triangleBounds(positions: Float32Array, triangles: Uint32Array): Float32Array {
  const bounds = new Float32Array(2 * triangles.length);
  for (let f = 0, at = 0; f < triangles.length; f += 3, at += 6) {
    const [a, b, c] = [3 * triangles[f], 3 * triangles[f + 1], 3 * triangles[f + 2]];
    let finite = true;
    for (let axis = 0; axis < 3; axis++) {
      const [x, y, z] = [positions[a + axis], positions[b + axis], positions[c + axis]];
      bounds[at + axis] = x < y ? (x < z ? x : z) : y < z ? y : z;
      bounds[at + 3 + axis] = x > y ? (x > z ? x : z) : y > z ? y : z;
      // false for NaN
      finite &&= Math.max(Math.abs(x), Math.abs(y), Math.abs(z)) <= largestCoordinate;
    }
    if (!finite) {
      bounds.fill(Infinity, at, at + 3);
      bounds.fill(-Infinity, at + 3, at + 6);
    }
  }
  return bounds;
}

const halfArea = (x: number, y: number, z: number): number => (x < 0 ? 0 : x * y + y * z + z * x);

/** Where to cut a node: triangles with a bin below `bin` on `axis` go left. */
interface Split {
  axis: number;
  bin: number;
  cost: number;
}

/** Bins of one node at a time: sums of triangle counts and bounds over the three axes. */
class Bins {
  readonly #counts = new Uint32Array(3 * mostBins);
  readonly #bounds = new Float64Array(18 * mostBins);
  readonly #rightArea = new Float64Array(mostBins);
  #used = mostBins;
  /** Centroid (doubled) to bin: (c - base) * scale. */
  readonly base = new Float64Array(3);
  readonly scale = new Float64Array(3);

  constructor(private readonly boxes: Float32Array) {}

  /** Takes the extent of the centroids of a node's triangles. @returns false where all are in one point. */
  #measure(order: Uint32Array, start: number, end: number): boolean {
    const { boxes } = this;
    let [x0, y0, z0, x1, y1, z1] = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
    for (let i = start; i < end; i++) {
      const at = 6 * order[i];
      const x = boxes[at] + boxes[at + 3];
      const y = boxes[at + 1] + boxes[at + 4];
      const z = boxes[at + 2] + boxes[at + 5];
      // comparisons are false for triangles without bounds, whose centroid is NaN
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      if (y < y0) y0 = y;
      if (y > y1) y1 = y;
      if (z < z0) z0 = z;
      if (z > z1) z1 = z;
    }
    this.base[0] = x0;
    this.base[1] = y0;
    this.base[2] = z0;
    this.scale[0] = this.#scaleOf(x1 - x0);
    this.scale[1] = this.#scaleOf(y1 - y0);
    this.scale[2] = this.#scaleOf(z1 - z0);
    return this.scale[0] + this.scale[1] + this.scale[2] > 0;
  }

  #scaleOf(extent: number): number {
    // a little less than the number of bins, so that the last centroid is in the last bin
    const scale = extent > 0 ? (this.#used * (1 - 1e-9)) / extent : 0;
    return scale < Infinity ? scale : 0;
  }

  #clear(): void {
    const [counts, bounds] = [this.#counts, this.#bounds];
    for (let axis = 0; axis < 3; axis++) {
      for (let bin = axis * mostBins; bin < axis * mostBins + this.#used; bin++) {
        counts[bin] = 0;
        const b = 6 * bin;
        bounds[b] = bounds[b + 1] = bounds[b + 2] = Infinity;
        bounds[b + 3] = bounds[b + 4] = bounds[b + 5] = -Infinity;
      }
    }
  }

  /** The bin of a triangle; 0 for one without bounds. */
  binOf(triangle: number, axis: number): number {
    const at = 6 * triangle + axis;
    return ((this.boxes[at] + this.boxes[at + 3] - this.base[axis]) * this.scale[axis]) | 0;
  }

  /** The cheapest cut of the triangles order[start ... end), or undefined where their centroids do not differ. */
  split(order: Uint32Array, start: number, end: number): Split | undefined {
    this.#used = binsFor(end - start);
    if (!this.#measure(order, start, end)) return undefined;
    const { boxes, base, scale } = this;
    const [counts, bounds] = [this.#counts, this.#bounds];
    this.#clear();
    for (let i = start; i < end; i++) {
      const at = 6 * order[i];
      const x0 = boxes[at];
      const y0 = boxes[at + 1];
      const z0 = boxes[at + 2];
      const x1 = boxes[at + 3];
      const y1 = boxes[at + 4];
      const z1 = boxes[at + 5];
      for (let axis = 0; axis < 3; axis++) {
        if (scale[axis] === 0) continue;
        const bin = axis * mostBins + (((boxes[at + axis] + boxes[at + 3 + axis] - base[axis]) * scale[axis]) | 0);
        counts[bin]++;
        const b = 6 * bin;
        if (x0 < bounds[b]) bounds[b] = x0;
        if (y0 < bounds[b + 1]) bounds[b + 1] = y0;
        if (z0 < bounds[b + 2]) bounds[b + 2] = z0;
        if (x1 > bounds[b + 3]) bounds[b + 3] = x1;
        if (y1 > bounds[b + 4]) bounds[b + 4] = y1;
        if (z1 > bounds[b + 5]) bounds[b + 5] = z1;
      }
    }
    const best: Split = { axis: -1, bin: 0, cost: Infinity };
    for (let axis = 0; axis < 3; axis++) if (scale[axis] > 0) this.#sweep(axis, end - start, best);
    return best.axis < 0 ? undefined : best;
  }

  /** Costs of all cuts of one axis: area times triangles on both sides. */
  #sweep(axis: number, total: number, best: Split): void {
    const [counts, bounds, rightArea] = [this.#counts, this.#bounds, this.#rightArea];
    const first = axis * mostBins;
    let [x0, y0, z0, x1, y1, z1] = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
    for (let bin = this.#used - 1; bin > 0; bin--) {
      const b = 6 * (first + bin);
      if (bounds[b] < x0) x0 = bounds[b];
      if (bounds[b + 1] < y0) y0 = bounds[b + 1];
      if (bounds[b + 2] < z0) z0 = bounds[b + 2];
      if (bounds[b + 3] > x1) x1 = bounds[b + 3];
      if (bounds[b + 4] > y1) y1 = bounds[b + 4];
      if (bounds[b + 5] > z1) z1 = bounds[b + 5];
      rightArea[bin] = halfArea(x1 - x0, y1 - y0, z1 - z0);
    }
    x0 = y0 = z0 = Infinity;
    x1 = y1 = z1 = -Infinity;
    for (let bin = 1, left = 0; bin < this.#used; bin++) {
      const b = 6 * (first + bin - 1);
      if (bounds[b] < x0) x0 = bounds[b];
      if (bounds[b + 1] < y0) y0 = bounds[b + 1];
      if (bounds[b + 2] < z0) z0 = bounds[b + 2];
      if (bounds[b + 3] > x1) x1 = bounds[b + 3];
      if (bounds[b + 4] > y1) y1 = bounds[b + 4];
      if (bounds[b + 5] > z1) z1 = bounds[b + 5];
      left += counts[first + bin - 1];
      if (left === 0 || left === total) continue;
      const cost = left * halfArea(x1 - x0, y1 - y0, z1 - z0) + (total - left) * rightArea[bin];
      if (cost < best.cost) {
        best.axis = axis;
        best.bin = bin;
        best.cost = cost;
      }
    }
  }
}

/**
 * Builds the tree. It is never deeper than `maximalDepth`: where cuts by cost leave a node too large for the levels that
 * remain, it is halved.
 * @param leafSize triangles in a leaf at most.
 */
export function buildBinaryTree(positions: Float32Array, triangles: Uint32Array, leafSize: number): BinaryTree {
  const boxes = triangleBounds(positions, triangles);
  const triangleCount = triangles.length / 3;
  const capacity = Math.max(1, 2 * triangleCount - 1);
  const bounds = new Float32Array(6 * capacity);
  const first = new Uint32Array(capacity);
  const count = new Uint8Array(capacity);
  const order = Uint32Array.from({ length: triangleCount }, (_, i) => i);
  const bins = new Bins(boxes);
  let nodeCount = 1;
  // ranges of nodes that wait: node, start, end, depth
  const waiting = [0, 0, triangleCount, 0];
  while (waiting.length > 0) {
    const depth = waiting.pop()!;
    const end = waiting.pop()!;
    const start = waiting.pop()!;
    const node = waiting.pop()!;
    encloseRange(boxes, order, start, end, bounds, 6 * node);
    const middle = cut(start, end, depth, node);
    if (middle === undefined) {
      first[node] = start;
      count[node] = end - start;
      continue;
    }
    first[node] = nodeCount;
    waiting.push(nodeCount + 1, middle, end, depth + 1, nodeCount, start, middle, depth + 1);
    nodeCount += 2;
  }
  return { nodeCount, bounds: bounds.subarray(0, 6 * nodeCount), first, count, order };

  /** Sorts a node's triangles into two halves. @returns where the second begins, undefined where a leaf is better. */
  function cut(start: number, end: number, depth: number, node: number): number | undefined {
    const size = end - start;
    if (size <= 1) return undefined;
    const half = start + (size >> 1);
    if (depth + Math.ceil(Math.log2(size)) >= maximalDepth) return size <= leafSize ? undefined : half;
    const split = bins.split(order, start, end);
    if (!split) return size <= leafSize ? undefined : half;
    if (size <= leafSize) {
      const b = 6 * node;
      const area = halfArea(bounds[b + 3] - bounds[b], bounds[b + 4] - bounds[b + 1], bounds[b + 5] - bounds[b + 2]);
      if (stepCost * area + split.cost >= size * area) return undefined;
    }
    let [low, high] = [start, end - 1];
    while (low <= high) {
      const triangle = order[low];
      if (bins.binOf(triangle, split.axis) < split.bin) low++;
      else {
        order[low] = order[high];
        order[high--] = triangle;
      }
    }
    return low;
  }
}

/** Bounds of the triangles order[start ... end), written to six places of `out`. */
function encloseRange(
  boxes: Float32Array,
  order: Uint32Array,
  start: number,
  end: number,
  out: Float32Array,
  at: number,
): void {
  let [x0, y0, z0, x1, y1, z1] = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
  for (let i = start; i < end; i++) {
    const b = 6 * order[i];
    if (boxes[b] < x0) x0 = boxes[b];
    if (boxes[b + 1] < y0) y0 = boxes[b + 1];
    if (boxes[b + 2] < z0) z0 = boxes[b + 2];
    if (boxes[b + 3] > x1) x1 = boxes[b + 3];
    if (boxes[b + 4] > y1) y1 = boxes[b + 4];
    if (boxes[b + 5] > z1) z1 = boxes[b + 5];
  }
  out[at] = x0;
  out[at + 1] = y0;
  out[at + 2] = z0;
  out[at + 3] = x1;
  out[at + 4] = y1;
  out[at + 5] = z1;
}
