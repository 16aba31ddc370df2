// The head of the base mesh: which vertices and quads, in which order, and what mirrors what.

const millimetres = 100; // per decimetre
// Teeth are moved back and made narrower: in some of the random heads they would show through the corners of the lips.
const teethBack = 3; // millimetres
const teethWidth = 0.92;
const aboveNeck = 0.2; // decimetres
/** The parts of the head in their order: name, group of the base mesh, and the part at the mirror image. */
const partList = [
  { name: 'skin', group: 'body', opposite: 0 },
  { name: 'left eye', group: 'helper-l-eye', opposite: 2 },
  { name: 'right eye', group: 'helper-r-eye', opposite: 1 },
  { name: 'upper teeth', group: 'helper-upper-teeth', opposite: 3 },
  { name: 'lower teeth', group: 'helper-lower-teeth', opposite: 4 },
];

/**
 * Cuts the head off: faces of the body whose middle lies above a plane through the neck, both eyeballs and the
 * teeth. The skin comes first.
 * @returns vertexIds of the base mesh in the head's order; quads of {vertices, uvs} with head and base numbers; the
 * height of the cut in decimetres.
 */
export function cutHead({ positions, quads }) {
  const neck = new Set(quads.filter((q) => q.group === 'joint-neck').flatMap((q) => q.vertices));
  const height = (vertices) => vertices.reduce((sum, v) => sum + positions[3 * v + 1], 0) / vertices.length;
  const cut = height([...neck]) + aboveNeck;
  const parts = partList.map(({ name, group }) => [
    name,
    quads.filter((q) => q.group === group && (group !== 'body' || height(q.vertices) > cut)),
  ]);
  const vertexIds = [];
  const headQuads = [];
  const ranges = [];
  for (const [name, list] of parts) {
    const start = vertexIds.length;
    const ids = [...new Set(list.flatMap((q) => q.vertices))].sort((a, b) => a - b);
    const number = new Map(ids.map((v, k) => [v, start + k]));
    vertexIds.push(...ids);
    ranges.push({
      name,
      vertexStart: start,
      vertexCount: ids.length,
      triangleStart: 2 * headQuads.length,
      triangleCount: 2 * list.length,
    });
    for (const q of list) headQuads.push({ vertices: q.vertices.map((v) => number.get(v)), uvs: q.uvs, part: name });
  }
  return { vertexIds, quads: headQuads, parts: ranges };
}

/** Positions of the head in millimetres, not yet moved to its own origin; the rim of the neck laid into one plane. */
export function headPositions(base, { vertexIds, quads, parts }) {
  const positions = Float64Array.from(
    vertexIds.flatMap((v) => [0, 1, 2].map((c) => base.positions[3 * v + c] * millimetres)),
  );
  const rim = rimOf(quads.filter((q) => q.part === 'skin'));
  const plane = rim.reduce((sum, v) => sum + positions[3 * v + 1], 0) / rim.length;
  for (const v of rim) positions[3 * v + 1] = plane;
  for (const { name, vertexStart, vertexCount } of parts) {
    if (!name.endsWith('teeth')) continue;
    for (let v = vertexStart; v < vertexStart + vertexCount; v++) {
      positions[3 * v] *= teethWidth;
      positions[3 * v + 2] -= teethBack;
    }
  }
  return positions;
}

/** Vertices at edges that belong to one quad only. */
function rimOf(quads) {
  const edges = new Map();
  for (const { vertices } of quads) {
    vertices.forEach((v, k) => {
      const w = vertices[(k + 1) % 4];
      const key = v < w ? `${v} ${w}` : `${w} ${v}`;
      edges.set(key, (edges.get(key) ?? 0) + 1);
    });
  }
  return [...new Set([...edges].filter(([, n]) => n === 1).flatMap(([key]) => key.split(' ').map(Number)))];
}

/** The vertex at the mirror image of each vertex. Throws where there is none within a tenth of a millimetre. */
export function mirrorMap(positions, parts) {
  const count = positions.length / 3;
  const partOf = new Int32Array(count);
  parts.forEach((p, k) => partOf.fill(k, p.vertexStart, p.vertexStart + p.vertexCount));
  const mirror = new Uint32Array(count);
  for (let v = 0; v < count; v++) {
    let best = v;
    let least = Infinity;
    for (let w = 0; w < count; w++) {
      if (partOf[w] !== partList[partOf[v]].opposite) continue;
      const d = Math.hypot(
        positions[3 * v] + positions[3 * w],
        positions[3 * v + 1] - positions[3 * w + 1],
        positions[3 * v + 2] - positions[3 * w + 2],
      );
      if (d < least) [best, least] = [w, d];
    }
    if (least > 0.1) throw new Error(`vertex ${v} has no mirror image: the nearest is ${least} mm off`);
    mirror[v] = best;
  }
  if (mirror.some((w, v) => mirror[w] !== v)) throw new Error('the mirror map is no involution');
  return mirror;
}

/** The mirror image of a field of displacements (or of positions). */
export function mirrored(field, mirror) {
  const result = new Float64Array(field.length);
  for (let v = 0; v < mirror.length; v++) {
    result[3 * v] = -field[3 * mirror[v]];
    result[3 * v + 1] = field[3 * mirror[v] + 1];
    result[3 * v + 2] = field[3 * mirror[v] + 2];
  }
  return result;
}

/** Two triangles a quad, split along the shorter diagonal; mirror images are split alike because the mean is symmetric. */
export function triangulate(quads, positions) {
  const distance = (a, b) => Math.hypot(...[0, 1, 2].map((c) => positions[3 * a + c] - positions[3 * b + c]));
  const corners = quads.flatMap(({ vertices: v }) =>
    distance(v[0], v[2]) <= distance(v[1], v[3]) + 1e-3 ? [0, 1, 2, 0, 2, 3] : [1, 2, 3, 1, 3, 0],
  );
  const take = (key) => Uint32Array.from(corners, (corner, k) => quads[Math.floor(k / 6)][key][corner]);
  return { triangles: take('vertices'), uvTriangles: take('uvs') };
}
