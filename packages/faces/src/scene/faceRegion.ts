import type { FaceModelData } from '../model/index.js';
import { renumberPoints } from '../model/surfacePoints.js';

/** A model cut down to a part of its vertices; coefficients mean the same in both. */
export interface FaceRegion {
  readonly data: FaceModelData;
  /** The region's vertices in the whole model. */
  readonly vertices: Uint32Array;
}

/**
 * The face proper of a model, with the vertices of its landmarks: what a vertex-based comparison looks at, without the
 * scalp, neck, eyes and mouth that it need not compute. Triangles with all corners kept stay.
 */
export function faceRegion(data: FaceModelData): FaceRegion {
  const count = data.positions.length / 3;
  const kept = Uint8Array.from(data.mask, (m) => Number(m > 0));
  for (const ids of [data.landmarks, data.landmarkPoints.vertices, ...data.contours]) for (const v of ids) kept[v] = 1;
  const vertices = Uint32Array.from(kept.keys()).filter((v) => kept[v] === 1);
  const place = new Uint32Array(count);
  vertices.forEach((v, k) => (place[v] = k));

  const corners = (list: Uint32Array, map: (index: number) => number): Uint32Array => {
    const result: number[] = [];
    for (let t = 0; t < data.triangles.length; t += 3) {
      if (!(kept[data.triangles[t]] && kept[data.triangles[t + 1]] && kept[data.triangles[t + 2]])) continue;
      for (let k = 0; k < 3; k++) result.push(map(list[t + k]));
    }
    return Uint32Array.from(result);
  };
  const rows = (from: Float32Array, width: number): Float32Array => {
    const blocks = from.length / (count * width);
    const result = new Float32Array(blocks * vertices.length * width);
    for (let b = 0; b < blocks; b++) {
      vertices.forEach((v, k) => {
        const source = (b * count + v) * width;
        result.set(from.subarray(source, source + width), (b * vertices.length + k) * width);
      });
    }
    return result;
  };
  const triangles = corners(data.triangles, (v) => place[v]);
  return {
    vertices,
    data: {
      ...data,
      positions: rows(data.positions, 3),
      triangles,
      uvTriangles: corners(data.uvTriangles, (t) => t),
      identity: rows(data.identity, 3),
      blendshapes: rows(data.blendshapes, 3),
      landmarks: data.landmarks.map((v) => place[v]),
      landmarkPoints: renumberPoints(data.landmarkPoints, (v) => place[v]),
      contours: data.contours.map((ids) => ids.map((v) => place[v])),
      mask: rows(data.mask, 1),
      // a mirror image outside of the region: the vertex itself, which no symmetric face needs
      mirror: Uint32Array.from(vertices, (v) => (kept[data.mirror[v]] ? place[data.mirror[v]] : place[v])),
      parts: [
        {
          name: 'face',
          vertexStart: 0,
          vertexCount: vertices.length,
          triangleStart: 0,
          triangleCount: triangles.length / 3,
        },
      ],
    },
  };
}

/** Area of the mean face that belongs to each vertex (a third of its triangles), times the face mask: [V], mm^2. */
export function faceAreas({ positions, triangles, mask }: FaceModelData): Float32Array {
  const areas = new Float32Array(mask.length);
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => 3 * triangles[t + k]);
    const [ux, uy, uz] = [0, 1, 2].map((k) => positions[b + k] - positions[a + k]);
    const [vx, vy, vz] = [0, 1, 2].map((k) => positions[c + k] - positions[a + k]);
    const third = Math.hypot(uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx) / 6;
    for (let k = 0; k < 3; k++) areas[triangles[t + k]] += third;
  }
  return areas.map((area, v) => area * mask[v]);
}
