import type { HostTensor } from '../../engine.js';
import { slack } from './outlines.wgsl.js';
import type { OutlineOptions } from './boxShares.js';

/** An outline and a pixel whose square it touches: see `eachOutline`. */
export interface HostOutline {
  readonly slot: number;
  readonly side: number;
  readonly a: number;
  readonly b: number;
  /** The arguments of `boxShare` after the ends. */
  readonly rest: readonly [number, number, number, number];
}

type Given = Readonly<Record<'clip' | 'corners' | 'ids' | 'depth', HostTensor>>;

/** What `eachOutline` visits, on the host. */
export function* hostOutlines({ clip, corners, ids, depth }: Given, opts: OutlineOptions): Generator<HostOutline> {
  const { width, height, stride } = opts;
  const [frames, size] = ids.shape;
  const row = (r: number): number[] => [...clip.data.slice(4 * r, 4 * r + 4)];
  for (let frame = 0; frame < frames; frame++) {
    const [first, count] = [2, 1].map((k) => ids.data[(frame + 1) * size - k]);
    for (let edge = 3 * first; edge < 3 * (first + count); edge++) {
      const outline = outlineOf(edge, [first, first + count], corners.data, (v) => row(frame * stride + v));
      if (!outline) continue;
      const [a, b] = outline.map((v) => frame * stride + v);
      const ends = [row(a), row(b)];
      const [p, q] = ends.map(([x, y, , w]) => [(x / w + 1) * 0.5 * width, (1 - y / w) * 0.5 * height]);
      const depths = ends.map(([, , z, w]) => z / w);
      const seenAt = (x: number, y: number): Seen | undefined => {
        if (x < 0 || y < 0 || x >= width || y >= height) return undefined;
        const id = ids.data[frame * size + y * width + x];
        return { id, depth: id >= 0 ? depth.data[(frame * height + y) * width + x] : 1 };
      };
      for (const [x, y] of touched(p, q, width, height)) {
        const found = sidesOf(p, q, depths, x, y, seenAt);
        if (!found) continue;
        const { neighbour, isInside, at } = found;
        const slot = 8 * ((frame * height + y) * width + x) + neighbour;
        const place = [at[0] / (width / 2) - 1, 1 - at[1] / (height / 2)];
        yield { slot, side: isInside ? -1 : 1, a, b, rest: [place[0], place[1], width / 2, -height / 2] };
      }
    }
  }
}

interface Seen {
  readonly id: number;
  readonly depth: number;
}

/** The vertices of an edge that is an outline, so that the inside is to the left. */
function outlineOf(
  edge: number,
  [first, end]: readonly number[],
  corners: ArrayLike<number>,
  vertex: (v: number) => number[],
): [number, number] | undefined {
  const [f, corner] = [Math.floor(edge / 3), edge % 3];
  const next = corners[6 * f + 3 + corner];
  const other = next >= first && next < end ? next : -1;
  if (other >= 0 && other < f) return undefined;
  const [i, j] = [1, 2].map((k) => corners[6 * f + ((corner + k) % 3)]);
  const [a, b] = [vertex(i), vertex(j)];
  if (!(a[3] > 0 && b[3] > 0)) return undefined;
  const sideOf = (v: number): number => {
    const c = vertex(v);
    const volume =
      (a[1] * b[3] - a[3] * b[1]) * c[0] + (a[3] * b[0] - a[0] * b[3]) * c[1] + (a[0] * b[1] - a[1] * b[0]) * c[3];
    return Number.isFinite(volume) ? Math.sign(volume) : 0;
  };
  let side = sideOf(corners[6 * f + corner]);
  if (other >= 0) {
    const beyond = sideOf([0, 1, 2].map((k) => corners[6 * other + k]).find((v) => v !== i && v !== j) ?? 0);
    if (side * beyond < 0) return undefined;
    if (side === 0) side = beyond;
  }
  if (side === 0 || ![...a, ...b].every(Number.isFinite)) return undefined;
  return side < 0 ? [j, i] : [i, j];
}

/** Pixels whose squares the segment from p to q touches, in pixels. */
function* touched(p: number[], q: number[], width: number, height: number): Generator<[number, number]> {
  const d = [q[0] - p[0], q[1] - p[1]];
  const [low, high] = [Math.min(p[1], q[1]) - slack, Math.max(p[1], q[1]) + slack];
  for (let y = Math.max(Math.floor(low), 0); y <= Math.min(Math.floor(high), height - 1); y++) {
    const ends = [Math.min(p[0], q[0]), Math.max(p[0], q[0])];
    let [left, right] = ends;
    if (Math.abs(d[1]) > slack) {
      const at = [y - slack, y + 1 + slack].map((v) => {
        return p[0] + ((Math.min(Math.max(v, low), high) - p[1]) * d[0]) / d[1];
      });
      [left, right] = [Math.min(...at), Math.max(...at)].map((v) => Math.min(Math.max(v, ends[0]), ends[1]));
    }
    for (let x = Math.max(Math.floor(left - slack), 0); x <= Math.min(Math.floor(right + slack), width - 1); x++) {
      yield [x, y];
    }
  }
}

const steps = [-1, 0, 1].flatMap((y) => [-1, 0, 1].map((x) => [x, y])).filter(([x, y]) => x !== 0 || y !== 0);

/** Which side of an edge a pixel shows, and which neighbour the other. */
function sidesOf(
  p: number[],
  q: number[],
  depths: readonly number[],
  x: number,
  y: number,
  seenAt: (x: number, y: number) => Seen | undefined,
): { neighbour: number; isInside: boolean; at: [number, number] } | undefined {
  const d = [q[0] - p[0], q[1] - p[1]];
  const away = [x + 0.5 - p[0], y + 0.5 - p[1]];
  const length = Math.hypot(...d);
  const share = Math.min(Math.max((away[0] * d[0] + away[1] * d[1]) / length ** 2, 0), 1);
  const edge = depths[0] + share * (depths[1] - depths[0]);
  const inwards = [d[1] / length, -d[0] / length];
  const distance = away[0] * inwards[0] + away[1] * inwards[1];
  const own = seenAt(x, y)!;
  for (const isInside of [distance > 0, !(distance > 0)]) {
    let [most, neighbour] = [0, -1];
    steps.forEach((step, k) => {
      const along = ((isInside ? -1 : 1) * (step[0] * inwards[0] + step[1] * inwards[1])) / Math.hypot(...step);
      const there = seenAt(x + step[0], y + step[1]);
      if (along <= most || !there) return;
      if (areSides(isInside ? own : there, isInside ? there : own, edge)) [most, neighbour] = [along, k];
    });
    if (neighbour < 0) continue;
    const isSnapped = Math.abs(distance) < slack && distance > 0 !== isInside;
    const moved = isSnapped ? (isInside ? 1e-4 : -1e-4) - distance : 0;
    return { neighbour, isInside, at: [x + 0.5 + moved * inwards[0], y + 0.5 + moved * inwards[1]] };
  }
  return undefined;
}

const areSides = (inner: Seen, outer: Seen, edge: number): boolean => {
  const apart = Math.abs(inner.depth - edge);
  return (
    inner.id >= 0 && inner.id !== outer.id && apart < outer.depth - inner.depth && apart < Math.abs(outer.depth - edge)
  );
};
