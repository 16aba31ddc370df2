import { faceOutline, insidePolygon, landmarkRanges, mouthOutline, type FaceModelData } from '@chiaro/faces';

/** The part of the face model that is rendered. */
export interface Template {
  /** [V'] vertices in the whole model. */
  readonly vertices: Uint32Array;
  /** [F' * 3] triangles among them: the face and what may hide it. */
  readonly triangles: Uint32Array;
  /** [V'] mm that a vertex lies inside of the mask, seen from the front; negative outside. */
  readonly inside: Float32Array;
  /** Vertices of the whole model in the mask: what geometric errors are measured at. */
  readonly masked: Uint32Array;
}

/** Millimetres around the mask that are drawn as well: brows hide eyes that are seen from above. */
const margin = 40;

/** mm that vertices count as outside which are no face though they lie behind it in the front view. */
const outsideDepth = 2;

/** Distance of a place to a polygon [N * 2], negative outside. */
function depthInside(x: number, y: number, polygon: ArrayLike<number>): number {
  let least = Infinity;
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    const [ax, ay] = [polygon[j], polygon[j + 1]];
    const [dx, dy] = [polygon[i] - ax, polygon[i + 1] - ay];
    const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
    least = Math.min(least, Math.hypot(x - ax - t * dx, y - ay - t * dy));
  }
  return insidePolygon(x, y, polygon) ? least : -least;
}

/** [V] area of the triangles at a vertex as the front view shows it, negative where they are seen from behind. */
function frontalAreas({ positions, triangles }: FaceModelData): Float32Array {
  const areas = new Float32Array(positions.length / 3);
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => positions.subarray(3 * triangles[t + k], 3 * triangles[t + k] + 2));
    const area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    for (let k = 0; k < 3; k++) areas[triangles[t + k]] += area;
  }
  return areas;
}

/**
 * The mask "painted once" on the template (section 4.2) so that it matches what landmarks cut out of photographs: how far
 * each vertex of the mean face lies inside of the landmarks' outline and outside of the mouth, seen from the front.
 */
export function paintTemplate(data: FaceModelData): Template {
  const { positions, triangles, landmarkPoints, mask } = data;
  const count = positions.length / 3;
  // the front view, y downwards
  const landmarks = Float32Array.from({ length: 136 }, (_, i) => {
    const corner = 3 * Math.floor(i / 2);
    const axis = i % 2;
    const at = (k: number): number => positions[3 * landmarkPoints.vertices[corner + k] + axis];
    const sum = [0, 1, 2].reduce((s, k) => s + landmarkPoints.weights[corner + k] * at(k), 0);
    return axis === 0 ? sum : -sum;
  });
  const place = (v: number): [number, number] => [positions[3 * v], -positions[3 * v + 1]];
  const [outline, mouth] = [faceOutline(landmarks), mouthOutline(landmarks)];
  const eyes = [landmarkRanges.leftEye, landmarkRanges.rightEye].map(([first, end]) =>
    landmarks.subarray(2 * first, 2 * end),
  );
  const ofFace = Float32Array.from({ length: count }, (_, v) => depthInside(...place(v), outline));
  // the model's mask is 0 at eyes, in the mouth, and on all that is no face, such as the neck; what looks backwards lies behind the jaw
  const atEye = (v: number): boolean => eyes.some((eye) => depthInside(...place(v), eye) > -6);
  const noFace = (v: number): boolean => mask[v] === 0 && !atEye(v);
  const facing = frontalAreas(data);
  const depths = ofFace.map((face, v) =>
    Math.min(face, -depthInside(...place(v), mouth), noFace(v) || facing[v] <= 0 ? -outsideDepth : Infinity),
  );
  const inMouth = (v: number): boolean => noFace(v) && ofFace[v] > 0;
  const teeth = data.parts.filter(({ name }) => name.includes('teeth'));
  const kept: number[] = [];
  for (let t = 0; t < triangles.length / 3; t++) {
    if (teeth.some((p) => t >= p.triangleStart && t < p.triangleStart + p.triangleCount)) continue;
    const corners = [0, 1, 2].map((k) => triangles[3 * t + k]);
    const [x, y] = [0, 1].map((axis) => corners.reduce((s, v) => s + place(v)[axis], 0) / 3);
    const inFront = corners.every((v) => positions[3 * v + 2] > 0);
    if (inFront && !corners.every(inMouth) && depthInside(x, y, outline) > -margin) kept.push(t);
  }
  const used = new Uint8Array(count);
  for (const t of kept) for (let k = 0; k < 3; k++) used[triangles[3 * t + k]] = 1;
  const vertices = Uint32Array.from(used.keys()).filter((v) => used[v] === 1);
  const number = new Uint32Array(count);
  vertices.forEach((v, k) => (number[v] = k));
  return {
    vertices,
    triangles: Uint32Array.from(kept.flatMap((t) => [0, 1, 2].map((k) => number[triangles[3 * t + k]]))),
    inside: Float32Array.from(vertices, (v) => depths[v]),
    masked: vertices.filter((v) => depths[v] > 0),
  };
}
