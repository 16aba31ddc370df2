import { ShapeError } from '../engine.js';

/** A point of a surface, and how far it is. */
export interface SurfaceHit {
  /** In the unit of the positions; for a ray in lengths of its direction. */
  readonly distance: number;
  readonly triangle: number;
  /** Weights of the triangle's vertices, which sum to 1. */
  readonly weights: readonly [number, number, number];
}

/** A point or a direction. */
export type Vector = readonly [number, number, number];

/** Triangles in a leaf at most. */
const leafSize = 4;

/** Boxes of the tree: 6 numbers each, low and high corner. */
const boxSize = 6;

const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/**
 * A mesh on the host in float64, for questions about single points: the nearest point of its surface, and what a ray hits.
 * A binary tree of boxes, cut at medians.
 */
export class SurfaceTree {
  readonly #positions: Float64Array;
  readonly #triangles: Uint32Array;
  /** Triangles in the order of the leaves. */
  readonly #order: Uint32Array;
  readonly #boxes: number[] = [];
  /** [n * 2] the two children; of a leaf -1 - its start in the order, and its count. */
  readonly #nodes: number[] = [];

  /**
   * @param positions [V * 3] @param triangles [F * 3], at least one.
   * @throws ShapeError for lists that are no mesh, or positions that are not finite.
   */
  constructor(positions: ArrayLike<number>, triangles: ArrayLike<number>) {
    this.#positions = Float64Array.from(positions);
    this.#triangles = Uint32Array.from(triangles);
    const vertices = positions.length / 3;
    const outside = this.#triangles.find((v) => v >= vertices);
    if (triangles.length === 0 || triangles.length % 3 !== 0 || outside !== undefined)
      throw new ShapeError(`a surface needs triangles of its ${vertices} vertices, got ${outside ?? triangles.length}`);
    if (!this.#positions.every(Number.isFinite)) throw new ShapeError('a surface has a position that is not finite');
    const count = triangles.length / 3;
    this.#order = Uint32Array.from({ length: count }, (_, k) => k);
    const centres = Float64Array.from({ length: 3 * count }, (_, k) => {
      const f = Math.floor(k / 3);
      return [0, 1, 2].reduce((sum, c) => sum + this.#positions[3 * this.#triangles[3 * f + c] + (k % 3)], 0);
    });
    this.#build(0, count, centres);
  }

  #build(start: number, end: number, centres: Float64Array): number {
    const node = this.#nodes.length / 2;
    this.#nodes.push(0, 0);
    const box = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
    for (let k = start; k < end; k++) {
      for (let corner = 0; corner < 3; corner++) {
        const v = this.#triangles[3 * this.#order[k] + corner];
        for (let axis = 0; axis < 3; axis++) {
          const x = this.#positions[3 * v + axis];
          box[axis] = Math.min(box[axis], x);
          box[axis + 3] = Math.max(box[axis + 3], x);
        }
      }
    }
    this.#boxes.push(...box);
    if (end - start <= leafSize) {
      this.#nodes[2 * node] = -1 - start;
      this.#nodes[2 * node + 1] = end - start;
      return node;
    }
    const sides = [0, 1, 2].map((axis) => box[axis + 3] - box[axis]);
    const axis = sides.indexOf(Math.max(...sides));
    this.#order.subarray(start, end).sort((a, b) => centres[3 * a + axis] - centres[3 * b + axis]);
    const middle = (start + end) >> 1;
    this.#nodes[2 * node] = this.#build(start, middle, centres);
    this.#nodes[2 * node + 1] = this.#build(middle, end, centres);
    return node;
  }

  #corner(triangle: number, k: number): Vector {
    const at = 3 * this.#triangles[3 * triangle + k];
    return [this.#positions[at], this.#positions[at + 1], this.#positions[at + 2]];
  }

  #corners(triangle: number): Corners {
    return [this.#corner(triangle, 0), this.#corner(triangle, 1), this.#corner(triangle, 2)];
  }

  #boxDistance(node: number, p: Vector): number {
    let sum = 0;
    for (let axis = 0; axis < 3; axis++) {
      const outside = Math.max(
        this.#boxes[boxSize * node + axis] - p[axis],
        0,
        p[axis] - this.#boxes[boxSize * node + axis + 3],
      );
      sum += outside * outside;
    }
    return sum;
  }

  /** The point of the surface that is nearest to `point`. */
  closest(point: Vector): SurfaceHit {
    let best: SurfaceHit = { distance: Infinity, triangle: 0, weights: [1, 0, 0] };
    const visit = (node: number): void => {
      if (this.#nodes[2 * node] < 0) {
        const start = -1 - this.#nodes[2 * node];
        for (let k = start; k < start + this.#nodes[2 * node + 1]; k++) {
          const triangle = this.#order[k];
          const weights = closestOnTriangle(point, this.#corners(triangle));
          const off = minus(this.at({ triangle, weights }), point);
          const distance = Math.sqrt(dot(off, off));
          if (distance < best.distance) best = { distance, triangle, weights };
        }
        return;
      }
      const children = [this.#nodes[2 * node], this.#nodes[2 * node + 1]].map((child) => ({
        child,
        distance: this.#boxDistance(child, point),
      }));
      children.sort((a, b) => a.distance - b.distance);
      for (const { child, distance } of children) if (distance < best.distance ** 2) visit(child);
    };
    visit(0);
    return best;
  }

  /** The nearest point that the line through `origin` hits, in front or behind; the distance is positive. */
  alongLine(origin: Vector, direction: Vector): SurfaceHit | undefined {
    let best: SurfaceHit | undefined;
    const visit = (node: number): void => {
      if (!this.#lineMeetsBox(node, origin, direction)) return;
      if (this.#nodes[2 * node] >= 0) {
        visit(this.#nodes[2 * node]);
        visit(this.#nodes[2 * node + 1]);
        return;
      }
      const start = -1 - this.#nodes[2 * node];
      for (let k = start; k < start + this.#nodes[2 * node + 1]; k++) {
        const hit = lineTriangle(origin, direction, this.#corners(this.#order[k]));
        if (hit && Math.abs(hit.t) < (best?.distance ?? Infinity))
          best = { distance: Math.abs(hit.t), triangle: this.#order[k], weights: hit.weights };
      }
    };
    visit(0);
    return best;
  }

  #lineMeetsBox(node: number, origin: Vector, direction: Vector): boolean {
    let [near, far] = [-Infinity, Infinity];
    for (let axis = 0; axis < 3; axis++) {
      const low = this.#boxes[boxSize * node + axis] - origin[axis];
      const high = this.#boxes[boxSize * node + axis + 3] - origin[axis];
      if (direction[axis] === 0) {
        if (low > 0 || high < 0) return false;
        continue;
      }
      const [a, b] = [low / direction[axis], high / direction[axis]];
      near = Math.max(near, Math.min(a, b));
      far = Math.min(far, Math.max(a, b));
    }
    // a flat box must not be lost to rounding
    return near <= far + 1e-9 * (1 + Math.abs(far));
  }

  /** The place of a point of the surface. */
  at({ triangle, weights }: Pick<SurfaceHit, 'triangle' | 'weights'>): Vector {
    const [a, b, c] = this.#corners(triangle);
    const sum = (axis: number): number => weights[0] * a[axis] + weights[1] * b[axis] + weights[2] * c[axis];
    return [sum(0), sum(1), sum(2)];
  }

  /** The vertices of a triangle. */
  vertices(triangle: number): Vector {
    return [this.#triangles[3 * triangle], this.#triangles[3 * triangle + 1], this.#triangles[3 * triangle + 2]];
  }
}

type Corners = readonly [Vector, Vector, Vector];

/**
 * Weights of the point of a triangle that is nearest to p (Ericson 2005, Real-Time Collision Detection, section 5.1.5). An
 * edge without length is passed over, so that a triangle may be a line or a point.
 */
function closestOnTriangle(p: Vector, [a, b, c]: Corners): [number, number, number] {
  const [ab, ac] = [minus(b, a), minus(c, a)];
  const ap = minus(p, a);
  const [d1, d2] = [dot(ab, ap), dot(ac, ap)];
  if (d1 <= 0 && d2 <= 0) return [1, 0, 0];
  const bp = minus(p, b);
  const [d3, d4] = [dot(ab, bp), dot(ac, bp)];
  if (d3 >= 0 && d4 <= d3) return [0, 1, 0];
  const vc = d1 * d4 - d3 * d2;
  if (vc <= 0 && d1 >= 0 && d3 <= 0 && d1 > d3) {
    const t = d1 / (d1 - d3);
    return [1 - t, t, 0];
  }
  const cp = minus(p, c);
  const [d5, d6] = [dot(ab, cp), dot(ac, cp)];
  if (d6 >= 0 && d5 <= d6) return [0, 0, 1];
  const vb = d5 * d2 - d1 * d6;
  if (vb <= 0 && d2 >= 0 && d6 <= 0 && d2 > d6) {
    const t = d2 / (d2 - d6);
    return [1 - t, 0, t];
  }
  const va = d3 * d6 - d5 * d4;
  const [e4, e5] = [d4 - d3, d5 - d6];
  if (va <= 0 && e4 >= 0 && e5 >= 0 && e4 + e5 > 0) return [0, e5 / (e4 + e5), e4 / (e4 + e5)];
  const total = va + vb + vc;
  return total > 0 ? [va / total, vb / total, vc / total] : [1, 0, 0];
}

/** Where a line meets a triangle (Moeller and Trumbore 1997), if it does. */
function lineTriangle(
  origin: Vector,
  direction: Vector,
  [a, b, c]: Corners,
): { readonly t: number; readonly weights: [number, number, number] } | undefined {
  const [ab, ac] = [minus(b, a), minus(c, a)];
  const across = cross(direction, ac);
  const determinant = dot(ab, across);
  if (determinant === 0) return undefined;
  const from = minus(origin, a);
  const u = dot(from, across) / determinant;
  const around = cross(from, ab);
  const v = dot(direction, around) / determinant;
  if (u < 0 || v < 0 || u + v > 1) return undefined;
  return { t: dot(ac, around) / determinant, weights: [1 - u - v, u, v] };
}
