// Expression blendshapes: MakeHuman's 34 units, the mean of its three ethnic sets, and four turns of the eyes.

const units = /^expression\/units\/(african|asian|caucasian)\/(.+)$/;
const gaze = (25 * Math.PI) / 180;

/** The displacement, mm, of an eye's vertices that turn it about its centre: axis 0 (x, down) or 1 (y, to the left). */
function turned(positions, eyes, axis, angle) {
  const field = new Float64Array(positions.length);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  for (const { centre, vertexStart, vertexCount } of eyes) {
    for (let v = vertexStart; v < vertexStart + vertexCount; v++) {
      const p = [0, 1, 2].map((k) => positions[3 * v + k] - centre[k]);
      const q =
        axis === 0
          ? [p[0], c * p[1] - s * p[2], s * p[1] + c * p[2]]
          : [c * p[0] + s * p[2], p[1], -s * p[0] + c * p[2]];
      for (let k = 0; k < 3; k++) field[3 * v + k] = q[k] - p[k];
    }
  }
  return field;
}

/** @returns [{name, field}] sorted by name, the eyes' turns last; fields in mm for a weight of 1. */
export function expressionShapes(targets, positions, eyes) {
  const sums = new Map();
  for (const [name, field] of targets) {
    const unit = units.exec(name)?.[2];
    if (unit === undefined) continue;
    const entry = sums.get(unit) ?? { sum: new Float64Array(field.length), sets: 0 };
    entry.sets++;
    field.forEach((x, k) => (entry.sum[k] += x));
    sums.set(unit, entry);
  }
  const shapes = [...sums.keys()]
    .sort()
    .map((name) => ({ name, field: sums.get(name).sum.map((x) => x / sums.get(name).sets) }));
  const looks = [
    ['eyes-look-down', 0, gaze],
    ['eyes-look-left', 1, gaze],
    ['eyes-look-right', 1, -gaze],
    ['eyes-look-up', 0, -gaze],
  ];
  return [...shapes, ...looks.map(([name, axis, angle]) => ({ name, field: turned(positions, eyes, axis, angle) }))];
}
