import type { MorphableModel } from '../model/index.js';
import { Draws } from './draws.js';
import type { FaceScene } from './faceScene.js';
import { across, along, minus, unit } from './frames.js';
import type { Triple } from './frames.js';
import { headPoints } from './landmarkPixels.js';
import { scenePart } from './sceneParts.js';
import type { PartSurface, PartTopology } from './sceneParts.js';

/** Hair of a scene: a cap over the scalp, and strands that hang from it. */
export interface SceneHair {
  /** Seed of its waves and of where its strands grow. */
  readonly seed: number;
  /** Diffuse albedo, linear RGB. */
  readonly diffuse: Triple;
  /** How far the cap stands off the scalp, mm. */
  readonly thickness: number;
  /** Length of the strands, mm; 0 for none. */
  readonly length: number;
  /** Radius of the strands, mm. */
  readonly radius: number;
  /** How far they swing to the sides, mm. */
  readonly curl: number;
}

/** Strands of a scene with hair, parts of each, and corners of their cross-section. */
const [strandCount, segments, corners] = [240, 6, 3] as const;

/** A model's scalp. */
interface Scalp {
  /** Vertices of the skin. */
  readonly skin: Int32Array;
  /** Vertices of the cap among all; its triangles by their places in this list. */
  readonly cap: Int32Array;
  readonly triangles: Uint32Array;
  /** [cap.length] mm above the hairline on the mean face. */
  readonly height: Float32Array;
  /** Middle of the skull, mm. */
  readonly middle: Triple;
}

const scalps = new WeakMap<MorphableModel, Scalp>();

/**
 * The scalp by landmarks of the mean face: what lies above a plane from 45 mm over the brows, by the ears, to the nape.
 */
function scalpOf(model: MorphableModel): Scalp {
  const known = scalps.get(model);
  if (known) return known;
  const { positions, landmarks, triangles, parts } = model.data;
  const at = (vertex: number, axis: number): number => positions[3 * vertex + axis];
  const skinPart = parts[0];
  const skin = Int32Array.from({ length: skinPart.vertexCount }, (_, k) => skinPart.vertexStart + k);
  const ends = (axis: number): [number, number] => {
    const values = Array.from(skin, (v) => at(v, axis));
    return [Math.min(...values), Math.max(...values)];
  };
  const [back] = ends(2);
  const [, top] = ends(1);
  const brow = Math.max(...Array.from(landmarks.subarray(17, 27), (v) => at(v, 1)));
  const front = Math.max(...Array.from(landmarks.subarray(17, 27), (v) => at(v, 2)));
  const nape = at(landmarks[0], 1) - 25;
  const line = brow + Math.min(45, 0.45 * (top - brow));
  const above = (v: number): number => {
    const share = Math.min(1, Math.max(0, (front - at(v, 2)) / (front - back)));
    return at(v, 1) - (line + (nape - line) * share);
  };
  const place = new Map<number, number>();
  const list: number[] = [];
  const [first, last] = [3 * skinPart.triangleStart, 3 * (skinPart.triangleStart + skinPart.triangleCount)];
  for (let f = first; f < last; f += 3) {
    const ids = triangles.subarray(f, f + 3);
    if (!ids.every((v) => above(v) > 0)) continue;
    for (const v of ids) {
      if (!place.has(v)) place.set(v, place.size);
      list.push(place.get(v)!);
    }
  }
  const cap = Int32Array.from(place.keys());
  const scalp = {
    ...{ skin, cap, triangles: Uint32Array.from(list) },
    height: Float32Array.from(cap, above),
    middle: [0, brow, (front + back) / 2] as const,
  };
  scalps.set(model, scalp);
  return scalp;
}

/** Triangles of the strands' tubes, open at both ends. */
function strandTriangles(firstVertex: number): number[] {
  const at = (strand: number, ring: number, corner: number): number =>
    firstVertex + (strand * (segments + 1) + ring) * corners + (corner % corners);
  const triangles: number[] = [];
  for (let s = 0; s < strandCount; s++)
    for (let r = 0; r < segments; r++)
      for (let c = 0; c < corners; c++) {
        triangles.push(at(s, r, c), at(s, r, c + 1), at(s, r + 1, c + 1));
        triangles.push(at(s, r, c), at(s, r + 1, c + 1), at(s, r + 1, c));
      }
  return triangles;
}

/** The topology of a model's hair. */
export function hairTopology(model: MorphableModel): PartTopology {
  const { cap, triangles } = scalpOf(model);
  const rest: number[] = [];
  for (const v of cap) for (let c = 0; c < 3; c++) rest.push(1.03 * model.data.positions[3 * v + c]);
  for (let s = 0; s < strandCount; s++)
    for (let r = 0; r <= segments; r++)
      for (let c = 0; c < corners; c++) rest.push(1e5 + 100 * s + c, 10 * r, 1e5 + (c % 2));
  return {
    triangles: Uint32Array.from([...triangles, ...strandTriangles(cap.length)]),
    rest: Float32Array.from(rest),
    part: scenePart.hair,
  };
}

/** Hair of a scene in the head's frame. */
export function hairSurface(model: MorphableModel, scene: FaceScene, hair: SceneHair): PartSurface {
  const { skin, cap, triangles, height, middle } = scalpOf(model);
  const { positions: rest } = model.data;
  const head = headPoints(model, scene, cap);
  const draws = new Draws(hair.seed, 0x6861);
  const count = cap.length + strandCount * (segments + 1) * corners;
  const [positions, normals, diffuse] = [0, 1, 2].map(() => new Float32Array(3 * count));
  // waves of some centimetres
  const waves = Array.from({ length: 6 }, () => {
    const direction = unit([draws.normal(), draws.normal(), draws.normal()]);
    const length = draws.between(12, 45);
    return { direction, rate: (2 * Math.PI) / length, phase: draws.between(0, 7) };
  });
  const wave = (p: ArrayLike<number>): number =>
    waves.reduce((sum, { direction: d, rate, phase }) => {
      return sum + Math.sin(rate * (d[0] * p[0] + d[1] * p[1] + d[2] * p[2]) + phase) / waves.length;
    }, 0);
  cap.forEach((v, k) => {
    const p = rest.subarray(3 * v, 3 * v + 3);
    const rise = Math.min(1, height[k] / 25);
    const off = 1.5 + hair.thickness * rise * (2 - rise) * (1 + 0.6 * wave(p));
    positions.set(along(head.subarray(3 * k, 3 * k + 3), off, unit(minus(p, middle))), 3 * k);
    const shade = 1 + 0.35 * wave([3 * p[0], 3 * p[1], 3 * p[2]]);
    diffuse.set(
      hair.diffuse.map((x) => shade * x),
      3 * k,
    );
  });
  capNormals(positions, normals, triangles, cap.length);
  if (hair.length > 0) {
    const lift = skullRadius(headPoints(model, scene, skin), middle);
    // in the order about the head, in which the tree over triangles has them
    const roots = Array.from({ length: strandCount }, () => draws.whole(0, cap.length - 1)).sort((a, b) => {
      const angle = (k: number): number => Math.atan2(positions[3 * k], positions[3 * k + 2] - middle[2]);
      return angle(a) - angle(b);
    });
    roots.forEach((root, s) => {
      const path = strandPath(hair, positions.subarray(3 * root, 3 * root + 3), middle, lift, draws);
      const first = cap.length + s * (segments + 1) * corners;
      const shade = draws.between(0.6, 1.4);
      path.forEach((p, r) => {
        const [u, v] = across(unit(minus(path[Math.min(r + 1, segments)], path[Math.max(r - 1, 0)])));
        for (let c = 0; c < corners; c++) {
          const turn = (2 * Math.PI * c) / corners;
          const n = along(along([0, 0, 0], Math.cos(turn), u), Math.sin(turn), v);
          const at = 3 * (first + r * corners + c);
          normals.set(n, at);
          positions.set(along(p, hair.radius * (r === segments ? 0.3 : 1), n), at);
          diffuse.set(
            hair.diffuse.map((x) => shade * x),
            at,
          );
        }
      });
    });
  } else {
    // strands that nobody sees: shrunk to the middle of the head
    for (let k = cap.length; k < count; k++) {
      positions.set(middle, 3 * k);
      normals[3 * k + 2] = 1;
    }
  }
  return { positions, normals, diffuse, specular: 0.05, roughness: 0.4 };
}

/** Writes normals of the cap, by the areas of its triangles. */
function capNormals(positions: Float32Array, normals: Float32Array, triangles: Uint32Array, count: number): void {
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => positions.subarray(3 * triangles[f + k], 3 * triangles[f + k] + 3));
    const [u, v] = [minus(b, a), minus(c, a)];
    const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    for (let k = 0; k < 3; k++) for (let x = 0; x < 3; x++) normals[3 * triangles[f + k] + x] += n[x];
  }
  for (let k = 0; k < count; k++) normals.set(unit(normals.subarray(3 * k, 3 * k + 3)), 3 * k);
}

/** Rows and columns of the table of how far the skin reaches by direction. */
const [rows, columns] = [24, 48] as const;

/**
 * How far the skin reaches from a point in a direction: the farthest vertex of a cell of the sphere, and its
 * neighbours.
 */
function skullRadius(skin: Float64Array, middle: Triple): (d: ArrayLike<number>) => number {
  const cell = (d: ArrayLike<number>): [number, number] => [
    Math.min(rows - 1, Math.floor((Math.acos(Math.min(1, Math.max(-1, d[1]))) / Math.PI) * rows)),
    Math.floor((Math.atan2(d[0], d[2]) / (2 * Math.PI) + 0.5) * columns) % columns,
  ];
  const table = new Float64Array(rows * columns);
  for (let k = 0; k < skin.length; k += 3) {
    const to = minus(skin.subarray(k, k + 3), middle);
    const [row, column] = cell(unit(to));
    const at = row * columns + column;
    table[at] = Math.max(table[at], Math.hypot(...to));
  }
  return (d) => {
    const [row, column] = cell(d);
    let most = 0;
    for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++)
      for (let x = column - 1; x <= column + 1; x++)
        most = Math.max(most, table[y * columns + ((x + columns) % columns)]);
    return most;
  };
}

/** Points of a strand: it leaves the cap, bends downwards, and is kept outside of the head. */
function strandPath(
  { length, curl, radius }: SceneHair,
  root: ArrayLike<number>,
  middle: Triple,
  lift: (d: ArrayLike<number>) => number,
  draws: Draws,
): Triple[] {
  const [phase, swing] = [draws.between(0, 7), curl * draws.between(0.3, 1)];
  const off = 2 * radius + draws.between(1, 4);
  const out = unit(minus(root, middle));
  // a fringe is short
  const step = (length * draws.between(0.7, 1.2) * (1 - 0.6 * Math.max(0, out[2]))) / segments;
  const path: Triple[] = [[root[0], root[1], root[2]]];
  let way = out;
  for (let k = 1; k <= segments; k++) {
    // away from the parting, and down
    const pull: Triple = [0.25 * out[0], -1, 0.2 * out[2]];
    way = unit(along(pull, 0.5 / k, way));
    const [sideways] = across(way);
    const next = along(along(path[k - 1], step, way), (swing * Math.sin(phase + 1.6 * k)) / segments, sideways);
    const direction = unit(minus(next, middle));
    const least = lift(direction) + off;
    const free = Math.hypot(...minus(next, middle)) >= least ? next : along(middle, least, direction);
    way = unit(minus(free, path[k - 1]));
    path.push(free);
  }
  return path;
}

/** Hair as people have it: colours from black to grey, a cap of 3 to 14 mm, in half of the cases with strands. */
export function drawHair(draws: Draws): SceneHair {
  const colour = draws.pick<Triple>([
    [0.012, 0.009, 0.008],
    [0.03, 0.017, 0.011],
    [0.085, 0.045, 0.024],
    [0.2, 0.07, 0.03],
    [0.33, 0.22, 0.11],
    [0.38, 0.37, 0.36],
  ]);
  const gain = draws.between(0.8, 1.25);
  return {
    seed: draws.bits(),
    diffuse: [gain * colour[0], gain * colour[1], gain * colour[2]],
    thickness: draws.between(3, 14),
    length: draws.between() < 0.5 ? 0 : draws.between(40, 150),
    radius: draws.between(0.6, 1.3),
    curl: draws.between(0, 30),
  };
}
