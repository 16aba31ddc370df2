import type { JoinedTopology, Part } from '../geometry.js';

/** What an edge is, one bit each. */
export const edgeKind = {
  /** One triangle only: it is seen wherever it is in view. */
  border: 1,
  /** What is reflected jumps there though neither side hides the other: seams of texture coordinates, several sheets. */
  seam: 2,
  /** Two borders that lie in the same place at rest, one edge for as long as they do. */
  joint: 4,
  /** It lies where another edge lies at rest, and does not count for as long as it does. */
  repeated: 8,
  /** What is reflected jumps where the triangles are at an angle: flat shading. */
  crease: 16,
  /** The first (the second) triangle runs along the edge from its end to its start. */
  firstBackwards: 32,
  secondBackwards: 64,
} as const;

/** The edges of a scene, each once. */
export interface EdgeTable {
  readonly count: number;
  /**
   * [E * 8] vertices: start and end of the edge in its first triangle, start and end in the second (of a border: in the
   * first again), third corners of both, start and end of the edge that it repeats.
   */
  readonly rows: Int32Array;
  /** [E * 2] triangles: the first and the second. */
  readonly triangles: Int32Array;
  /** [E] sums of `edgeKind`. */
  readonly kinds: Uint32Array;
}

interface HalfEdge {
  readonly part: number;
  readonly start: number;
  readonly end: number;
  readonly corner: number;
  readonly triangle: number;
  /** Whether the triangle runs along the edge from its end to its start. */
  readonly backwards: boolean;
}

const tables = new WeakMap<JoinedTopology, Map<string, EdgeTable>>();

/** The edges of joined meshes; remembered with their topology. `isFlat` says which parts shade by their triangles' normals. */
export function edgeTableOf(joined: JoinedTopology, parts: readonly Part[], isFlat: readonly boolean[]): EdgeTable {
  let known = tables.get(joined);
  if (known === undefined) tables.set(joined, (known = new Map<string, EdgeTable>()));
  const key = isFlat.map(Number).join('');
  let table = known.get(key);
  if (table === undefined) known.set(key, (table = makeTable(joined, parts, isFlat)));
  return table;
}

function makeTable(joined: JoinedTopology, parts: readonly Part[], isFlat: readonly boolean[]): EdgeTable {
  const rows: number[] = [];
  const triangles: number[] = [];
  const kinds: number[] = [];
  const add = (kind: number, first: HalfEdge, second: HalfEdge, other = first): void => {
    rows.push(first.start, first.end, second.start, second.end, first.corner, second.corner, other.start, other.end);
    triangles.push(first.triangle, second.triangle);
    const ways = (first.backwards ? edgeKind.firstBackwards : 0) + (second.backwards ? edgeKind.secondBackwards : 0);
    kinds.push(kind + ways);
  };
  const places = new Map<string, HalfEdge[]>();
  parts.forEach(({ mesh: { rest } }, part) => {
    const edges = halfEdgesOf(joined, parts, part);
    for (const sides of edges.values()) {
      const [first, second] = sides;
      if (sides.length === 2) {
        const seam = hasSeam(joined, first, second) ? edgeKind.seam : 0;
        add(seam + (isFlat[part] ? edgeKind.crease : 0), first.half, second.half);
      } else if (sides.length > 2) add(edgeKind.seam, first.half, second.half);
      else place(places, first.half, rest, joined.firstVertex[part]);
    }
  });
  for (const borders of places.values()) join(borders, add);
  return {
    count: kinds.length,
    rows: Int32Array.from(rows),
    triangles: Int32Array.from(triangles),
    kinds: Uint32Array.from(kinds),
  };
}

/** A triangle's side of an edge, from the vertex of the smaller number to that of the greater. */
interface Side {
  readonly half: HalfEdge;
  /** Corners of the triangle that the edge starts and ends at. */
  readonly corners: readonly [number, number];
}

/** By edge, all its sides. */
function halfEdgesOf(joined: JoinedTopology, parts: readonly Part[], part: number): Map<number, Side[]> {
  const { rows, firstTriangle, firstVertex } = joined;
  const { triangleCount, vertexCount } = parts[part].mesh.topology;
  const edges = new Map<number, Side[]>();
  for (let f = firstTriangle[part]; f < firstTriangle[part] + triangleCount; f++) {
    for (let k = 0; k < 3; k++) {
      const [a, b] = [rows[6 * f + k], rows[6 * f + ((k + 1) % 3)]];
      if (a === b) continue;
      const [from, to] = a < b ? [k, (k + 1) % 3] : [(k + 1) % 3, k];
      const [start, end, corner] = [rows[6 * f + from], rows[6 * f + to], rows[6 * f + ((k + 2) % 3)]];
      const key = (start - firstVertex[part]) * vertexCount + end - firstVertex[part];
      const half = { part, start, end, corner, triangle: f, backwards: from !== k };
      const side: Side = { half, corners: [from, to] };
      const sides = edges.get(key);
      if (sides) sides.push(side);
      else edges.set(key, [side]);
    }
  }
  return edges;
}

const hasSeam = ({ rows }: JoinedTopology, first: Side, second: Side): boolean =>
  [0, 1].some(
    (k) =>
      rows[6 * first.half.triangle + 3 + first.corners[k]] !== rows[6 * second.half.triangle + 3 + second.corners[k]],
  );

/** Puts a border with those that have its ends at rest; all of them then run the same way. */
function place(
  places: Map<string, HalfEdge[]>,
  half: HalfEdge,
  rest: Float32Array | undefined,
  firstVertex: number,
): void {
  const at = (vertex: number): string => {
    const first = 3 * (vertex - firstVertex);
    return rest ? rest.subarray(first, first + 3).join() : `vertex ${vertex}`;
  };
  const [a, b] = [at(half.start), at(half.end)];
  const turned = b < a ? { ...half, start: half.end, end: half.start, backwards: !half.backwards } : half;
  const key = b < a ? `${b};${a}` : `${a};${b}`;
  const all = places.get(key);
  if (all) all.push(turned);
  else places.set(key, [turned]);
}

/**
 * Borders in one place at rest: where they still are together they are one edge, and if meshes have moved apart, one for
 * each mesh.
 */
function join(
  borders: readonly HalfEdge[],
  add: (kind: number, first: HalfEdge, second: HalfEdge, other?: HalfEdge) => void,
): void {
  const [origin] = borders;
  for (const part of new Set(borders.map((h) => h.part))) {
    const [first, second, ...more] = borders.filter((h) => h.part === part);
    const partner = second ?? (part === origin.part ? borders.find((h) => h.part !== part) : undefined);
    const repeated = part === origin.part ? 0 : edgeKind.repeated;
    if (partner) add(edgeKind.joint + repeated, first, partner, origin);
    else add(edgeKind.border + repeated, first, first, origin);
    // apart from the first, they are borders of their own
    for (const other of second ? [second, ...more] : more) {
      add(edgeKind.border + edgeKind.repeated, other, other, first);
    }
  }
}
