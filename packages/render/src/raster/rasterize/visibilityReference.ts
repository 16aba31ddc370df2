import { farthestVertex, longestEdge, smallestPositive, subpixels } from './coverage.wgsl.js';
import type { Frame } from './frame.js';

/** A vertex: x and y in pixels (snapped where it can be) times w, w; z; snapped coordinates in steps. */
interface Vertex {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly z: number;
  readonly snapped: readonly [number, number] | undefined;
}

/** An edge: whether a place (pixels) is covered as far as it goes, and its homogeneous function there. */
interface Edge {
  readonly covers: (x: number, y: number) => boolean;
  readonly value: (x: number, y: number) => number;
}

/** Arrays of a drawing: see `visibility`. */
export interface HostDrawing {
  readonly clip: ArrayLike<number>;
  readonly triangles: ArrayLike<number>;
  /** First and count of each image's triangles. */
  readonly parts: ArrayLike<number>;
}

/**
 * What `visibility` computes, triangle by triangle and pixel by pixel, in float64: all integers of the coverage rule are
 * exact there. With `previous` the nearest of what comes after those triangles, by depth and then by number.
 */
export function visibleTriangles(drawing: HostDrawing, frame: Frame, previous?: ArrayLike<number>): Int32Array {
  const ids = new Int32Array(frame.frames * frame.width * frame.height).fill(-1);
  const depths = new Float64Array(ids.length).fill(1);
  const from = new Float64Array(ids.length).fill(previous ? Infinity : 0);
  if (previous) {
    drawAll(drawing, frame, (at, f, depth) => {
      if (f === previous[at]) from[at] = depth;
    });
  }
  drawAll(drawing, frame, (at, f, depth) => {
    if (depth < from[at] || (previous && depth === from[at] && f <= previous[at])) return;
    if (depth > depths[at] || (depth === depths[at] && ids[at] >= 0)) return;
    depths[at] = depth;
    ids[at] = f;
  });
  return ids;
}

/** Calls `draw` with every pixel of every triangle, in order. */
function drawAll(
  { clip, triangles, parts }: HostDrawing,
  frame: Frame,
  draw: (pixel: number, triangle: number, depth: number) => void,
): void {
  const { frames, width, height, vertices, stride } = frame;
  for (let k = 0; k < frames; k++) {
    const [first, count] = [parts[2 * k], parts[2 * k + 1]];
    for (let f = first; f < first + count; f++) {
      const rows = [0, 1, 2].map((corner) => triangles[3 * f + corner]);
      if (!rows.every((row) => row >= 0 && row < vertices)) continue;
      const corners = rows.map((row) => vertexOf(clip, k * stride + row, frame));
      drawTriangle(corners, frame, (x, y, depth) => draw((k * height + y) * width + x, f, depth));
    }
  }
}

function vertexOf(clip: ArrayLike<number>, row: number, { width, height }: Frame): Vertex {
  const [px, py, z, w] = [0, 1, 2, 3].map((c) => clip[4 * row + c]);
  const [x, y] = [0.5 * (px + w) * width, 0.5 * (w - py) * height];
  const snapped = [x, y].map((v) => Math.round((v / w) * subpixels)) as [number, number];
  const usable = w > 0 && snapped.every((s) => Math.abs(s) < farthestVertex);
  if (!usable) return { x, y, w, z, snapped: undefined };
  return { x: (snapped[0] * w) / subpixels, y: (snapped[1] * w) / subpixels, w, z, snapped };
}

function drawTriangle(
  corners: readonly Vertex[],
  { width, height }: Frame,
  draw: (x: number, y: number, depth: number) => void,
): void {
  if (!corners.every(({ x, y, z, w }) => [x, y, z, w].every(Number.isFinite))) return;
  const turn = Math.sign(twiceArea(corners));
  if (turn === 0 || corners.every(({ w }) => w <= 0)) return;
  const edges = [0, 1, 2].map((k) => edgeOf(corners[(k + 1) % 3], corners[(k + 2) % 3], turn));
  const [low, high] = depthRange(corners);
  for (const [y, x] of pixelsAround(corners, width, height)) {
    const [px, py] = [x + 0.5, y + 0.5];
    if (!edges.every(({ covers }) => covers(px, py))) continue;
    const values = edges.map(({ value }) => value(px, py));
    const sum = (of: (v: Vertex) => number): number => corners.reduce((s, v, k) => s + values[k] * of(v), 0);
    const exact = sum(({ z }) => z) / sum(({ w }) => w);
    const depth = Number.isFinite(exact) ? Math.min(Math.max(exact, low), high) : low;
    if (depth >= 0 && depth <= 1) draw(x, y, depth);
  }
}

function twiceArea(corners: readonly Vertex[]): number {
  const [a, b, c] = corners;
  if (corners.every(({ snapped }) => snapped)) {
    const [[ax, ay], [bx, by], [cx, cy]] = corners.map(({ snapped }) => snapped!);
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
  }
  return (a.x * b.y - a.y * b.x) * c.w + (b.x * c.y - b.y * c.x) * a.w + (c.x * a.y - c.y * a.x) * b.w;
}

function depthRange(corners: readonly Vertex[]): [number, number] {
  if (!corners.every(({ w }) => w > 0)) return [-1, 2];
  const depths = corners.map(({ z, w }) => z / w);
  return [Math.min(...depths), Math.max(...depths)];
}

function* pixelsAround(corners: readonly Vertex[], width: number, height: number): Generator<[number, number]> {
  const range = (at: (v: Vertex) => number, size: number): [number, number] => {
    if (!corners.every(({ w }) => w > 0)) return [0, size - 1];
    const all = corners.map((v) => at(v) / v.w);
    return [Math.max(Math.floor(Math.min(...all)) - 1, 0), Math.min(Math.ceil(Math.max(...all)) + 1, size - 1)];
  };
  const [left, right] = range(({ x }) => x, width);
  const [top, bottom] = range(({ y }) => y, height);
  for (let y = top; y <= bottom; y++) for (let x = left; x <= right; x++) yield [y, x];
}

function edgeOf(a: Vertex, b: Vertex, turn: number): Edge {
  const value = (x: number, y: number): number => (a.x - a.w * x) * (b.y - b.w * y) - (a.y - a.w * y) * (b.x - b.w * x);
  const [dx, dy] = [0, 1].map((c) => (a.snapped && b.snapped ? turn * (b.snapped[c] - a.snapped[c]) : Infinity));
  if (a.snapped && Math.abs(dx) <= longestEdge && Math.abs(dy) <= longestEdge) {
    const [ax, ay] = a.snapped;
    const least = dy < 0 || (dy === 0 && dx > 0) ? 0 : 1;
    return { value, covers: (x, y) => dx * (subpixels * y - ay) - dy * (subpixels * x - ax) >= least };
  }
  const swapped = a.x !== b.x ? a.x > b.x : a.y !== b.y ? a.y > b.y : a.w > b.w;
  const least = turn > 0 !== swapped ? 0 : smallestPositive;
  return { value, covers: (x, y) => turn * value(x, y) >= least };
}
