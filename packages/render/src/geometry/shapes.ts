import { ShapeError } from '../engine.js';

/** Plain numbers of a shape; `mesh(shape)` makes it a mesh. Outside is counter-clockwise. */
export interface ShapeData {
  readonly positions: Float32Array;
  readonly triangles: Uint32Array;
  readonly uvs?: Float32Array;
}

function checkCount(what: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least || value > 4096) {
    throw new ShapeError(`${what} must be a whole number from ${least} to 4096, got ${value}`);
  }
}

/** A rectangle of `size` x `size` in the plane z = 0, facing +Z, cut into `cells` x `cells` squares; u to +X, v to +Y. */
export function planeShape({ size = 2, cells = 1 } = {}): ShapeData {
  checkCount('planeShape: cells', cells, 1);
  const n = cells + 1;
  const positions = new Float32Array(n * n * 3);
  const uvs = new Float32Array(n * n * 2);
  for (let j = 0, k = 0; j < n; j++) {
    for (let i = 0; i < n; i++, k++) {
      positions.set([(i / cells - 0.5) * size, (j / cells - 0.5) * size, 0], 3 * k);
      uvs.set([i / cells, j / cells], 2 * k);
    }
  }
  return { positions, uvs, triangles: gridTriangles(cells, cells) };
}

/** Two triangles per cell of a grid of (columns + 1) x (rows + 1) vertices. */
function gridTriangles(columns: number, rows: number): Uint32Array {
  const triangles = new Uint32Array(columns * rows * 6);
  for (let j = 0, at = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++, at += 6) {
      const a = j * (columns + 1) + i;
      const c = a + columns + 1;
      triangles.set([a, a + 1, c + 1, a, c + 1, c], at);
    }
  }
  return triangles;
}

/** A box with its centre at the origin: 8 shared vertices, 12 triangles. */
export function boxShape({ size = [2, 2, 2] as readonly [number, number, number] } = {}): ShapeData {
  const positions = new Float32Array(24);
  for (let k = 0; k < 8; k++) {
    for (let axis = 0; axis < 3; axis++) positions[3 * k + axis] = ((k >> axis) & 1 ? 0.5 : -0.5) * size[axis];
  }
  const faces = [
    [0, 4, 6, 2],
    [1, 3, 7, 5],
    [0, 1, 5, 4],
    [2, 6, 7, 3],
    [0, 2, 3, 1],
    [4, 5, 7, 6],
  ];
  return { positions, triangles: Uint32Array.from(faces.flatMap(([a, b, c, d]) => [a, b, c, a, c, d])) };
}

/**
 * A sphere about the origin with the texture coordinates of a lat-long map seen from outside: `rows` from pole to pole,
 * `columns` around; a seam of doubled vertices at u = 0 and 1. Poles +Y and -Y.
 */
export function sphereShape({ radius = 1, rows = 32, columns = 64 } = {}): ShapeData {
  checkCount('sphereShape: rows', rows, 2);
  checkCount('sphereShape: columns', columns, 3);
  const positions: number[] = [];
  const uvs: number[] = [];
  for (let j = 0; j <= rows; j++) {
    const theta = (Math.PI * j) / rows;
    for (let i = 0; i <= columns; i++) {
      const phi = (2 * Math.PI * i) / columns;
      const s = j === 0 || j === rows ? 0 : Math.sin(theta);
      positions.push(radius * s * Math.sin(phi), radius * Math.cos(theta), radius * s * Math.cos(phi));
      uvs.push(i / columns, 1 - j / rows);
    }
  }
  const triangles: number[] = [];
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      const a = j * (columns + 1) + i;
      const c = a + columns + 1;
      if (j < rows - 1) triangles.push(a, c, c + 1);
      if (j > 0) triangles.push(a, c + 1, a + 1);
    }
  }
  return {
    positions: Float32Array.from(positions),
    uvs: Float32Array.from(uvs),
    triangles: Uint32Array.from(triangles),
  };
}

/** A sphere about the origin from an icosahedron whose triangles are cut in four `subdivisions` times (at most 7). */
export function icosphereShape({ radius = 1, subdivisions = 2 } = {}): ShapeData {
  if (!Number.isInteger(subdivisions) || subdivisions < 0 || subdivisions > 7) {
    throw new ShapeError(`icosphereShape: subdivisions must be a whole number from 0 to 7, got ${subdivisions}`);
  }
  const t = (1 + Math.sqrt(5)) / 2;
  const vertices: [number, number, number][] = [];
  const add = (x: number, y: number, z: number): number => {
    const scale = 1 / Math.hypot(x, y, z);
    return vertices.push([x * scale, y * scale, z * scale]) - 1;
  };
  for (const [a, b] of [
    [-1, t],
    [1, t],
    [-1, -t],
    [1, -t],
  ])
    add(a, b, 0);
  for (const [a, b] of [
    [-1, t],
    [1, t],
    [-1, -t],
    [1, -t],
  ])
    add(0, a, b);
  for (const [a, b] of [
    [-1, t],
    [1, t],
    [-1, -t],
    [1, -t],
  ])
    add(b, 0, a);
  let triangles = [
    ...[0, 11, 5, 0, 5, 1, 0, 1, 7, 0, 7, 10, 0, 10, 11, 1, 5, 9, 5, 11, 4, 11, 10, 2, 10, 7, 6, 7, 1, 8],
    ...[3, 9, 4, 3, 4, 2, 3, 2, 6, 3, 6, 8, 3, 8, 9, 4, 9, 5, 2, 4, 11, 6, 2, 10, 8, 6, 7, 9, 8, 1],
  ];
  for (let step = 0; step < subdivisions; step++) {
    const middles = new Map<number, number>();
    const middle = (a: number, b: number): number => {
      const key = Math.min(a, b) * 1e6 + Math.max(a, b);
      let m = middles.get(key);
      if (m === undefined) {
        const [p, q] = [vertices[a], vertices[b]];
        middles.set(key, (m = add(p[0] + q[0], p[1] + q[1], p[2] + q[2])));
      }
      return m;
    };
    const finer: number[] = [];
    for (let k = 0; k < triangles.length; k += 3) {
      const [a, b, c] = triangles.slice(k, k + 3);
      const [ab, bc, ca] = [middle(a, b), middle(b, c), middle(c, a)];
      finer.push(a, ab, ca, b, bc, ab, c, ca, bc, ab, bc, ca);
    }
    triangles = finer;
  }
  return { positions: Float32Array.from(vertices.flat(), (v) => v * radius), triangles: Uint32Array.from(triangles) };
}
