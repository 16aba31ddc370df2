// Where on a face edges lie: vertices near what the camera sees as an outline, and near the lips.

const cosineOfOutline = 0.35;
const lipReach = 10; // mm
const lips = [48, 68];

/** Unit normals [V * 3] of vertices, weighted by area. */
function normalsOf(positions, triangles) {
  const sums = new Float64Array(positions.length);
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => 3 * triangles[f + k]);
    const [u, v] = [b, c].map((at) => [0, 1, 2].map((axis) => positions[at + axis] - positions[a + axis]));
    const across = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    for (const at of [a, b, c]) across.forEach((x, axis) => (sums[at + axis] += x));
  }
  return sums;
}

/**
 * The vertices of a region that lie in a band: { outline } where a camera at the origin meets the surface at a cosine below
 * 0.35 either way, { lips } within 10 mm of a landmark of the lips.
 */
export function bandsOf({ positions, triangles, region, landmarks }) {
  const normals = normalsOf(positions, triangles);
  const at = (from, v) => [0, 1, 2].map((axis) => from[3 * v + axis]);
  const cosine = (v) => {
    const [n, p] = [at(normals, v), at(positions, v)];
    return n.reduce((sum, x, axis) => sum - x * p[axis], 0) / (Math.hypot(...n) * Math.hypot(...p) || 1);
  };
  const marks = Array.from({ length: lips[1] - lips[0] }, (_, k) => at(landmarks, lips[0] + k));
  return {
    outline: region.filter((v) => Math.abs(cosine(v)) < cosineOfOutline),
    lips: region.filter((v) =>
      marks.some((m) => Math.hypot(...at(positions, v).map((x, axis) => x - m[axis])) < lipReach),
    ),
  };
}
