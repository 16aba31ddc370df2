import { ShapeError } from '../engine.js';
import { across, along, minus, unit } from './frames.js';
import type { Capsule, PartSurface, PartTopology } from './sceneParts.js';
import { scenePart } from './sceneParts.js';

/** Capsules of a scene with any: more would need another compiled step. */
const capsuleCount = 16;

/** Corners of a ring, and the rings: heights over the ends' middles by the angle from the axis. */
const columns = 10;
const rings = [
  { end: 0, angle: -Math.PI / 4 },
  { end: 0, angle: 0 },
  { end: 1, angle: 0 },
  { end: 1, angle: Math.PI / 4 },
] as const;
const vertices = 2 + rings.length * columns;

/** Triangles of a capsule, counter-clockwise from outside; its poles come last. */
function capsuleTriangles(): number[] {
  const at = (ring: number, column: number): number => ring * columns + (column % columns);
  const [start, end] = [rings.length * columns, rings.length * columns + 1];
  const triangles: number[] = [];
  for (let k = 0; k < columns; k++) {
    triangles.push(start, at(0, k + 1), at(0, k));
    triangles.push(end, at(rings.length - 1, k), at(rings.length - 1, k + 1));
    for (let r = 0; r + 1 < rings.length; r++) {
      triangles.push(at(r, k), at(r, k + 1), at(r + 1, k + 1), at(r, k), at(r + 1, k + 1), at(r + 1, k));
    }
  }
  return triangles;
}

/** Positions and normals of a capsule's vertices. */
function capsuleVertices({ from, to, radius }: Omit<Capsule, 'diffuse'>): { positions: number[]; normals: number[] } {
  const axis = unit(minus(to, from));
  const [u, v] = across(axis);
  const [positions, normals]: number[][] = [[], []];
  const add = (middle: ArrayLike<number>, n: ArrayLike<number>): void => {
    normals.push(n[0], n[1], n[2]);
    positions.push(...along(middle, radius, n));
  };
  for (const { end, angle } of rings)
    for (let k = 0; k < columns; k++) {
      const turn = (2 * Math.PI * k) / columns;
      const side = along(along([0, 0, 0], Math.cos(turn), u), Math.sin(turn), v);
      add(end === 0 ? from : to, along(along([0, 0, 0], Math.cos(angle), side), Math.sin(angle), axis));
    }
  add(from, [-axis[0], -axis[1], -axis[2]]);
  add(to, axis);
  return { positions, normals };
}

/** The topology of all capsules of a scene. */
export function capsuleTopology(): PartTopology {
  const one = capsuleTriangles();
  const all = Array.from({ length: capsuleCount }, (_, k) => {
    // far from everything and from each other, so that each gets a branch of the tree
    const from = [1e6 * (1 + k), -1e6, 0] as const;
    return capsuleVertices({ from, to: [from[0], from[1] + 30, 0], radius: 5 }).positions;
  });
  return {
    triangles: Uint32Array.from({ length: capsuleCount * one.length }, (_, i) => {
      return one[i % one.length] + vertices * Math.floor(i / one.length);
    }),
    rest: Float32Array.from(all.flat()),
    part: scenePart.occluder,
  };
}

/** @throws ShapeError for more capsules than there is room for. */
export function capsuleSurface(capsules: readonly Capsule[]): PartSurface {
  if (capsules.length > capsuleCount)
    throw new ShapeError(`a scene has room for ${capsuleCount} capsules, got ${capsules.length}`);
  const [positions, normals, diffuse] = [0, 1, 2].map(() => new Float32Array(3 * vertices * capsuleCount));
  capsules.forEach((capsule, k) => {
    const made = capsuleVertices(capsule);
    positions.set(made.positions, 3 * vertices * k);
    normals.set(made.normals, 3 * vertices * k);
    for (let v = 0; v < vertices; v++) diffuse.set(capsule.diffuse, 3 * (vertices * k + v));
  });
  // those that are not used shrink to the head's origin, where no ray meets them
  for (let k = 3 * vertices * capsules.length + 2; k < normals.length; k += 3) normals[k] = 1;
  return { positions, normals, diffuse, specular: 0.04, roughness: 0.45 };
}
