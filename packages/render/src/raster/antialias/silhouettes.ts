import { compileToJS, defineProgram, wgsl } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { commonScale } from '../../math/gradientScale.js';
import { crossing, gradients, inputs, options, placeOf, row, scene, tangents } from './edgeShares.js';
import type { HostEdge } from './edgeShares.js';

/** How far beyond the two pixel centres, in pixels, an edge may pass and still count. */
const margin = 1 / 16;

/** Triangles that are looked at from one pixel's to its neighbour's, at most. */
const mostSteps = 16;

const program = defineProgram({
  name: 'silhouettes',
  inputs: { ...inputs, neighbours: 'i32[F, 3]', ids: 'i32[B, H, W]', depth: 'f32[B, H, W]' },
  options,
  outputs: ({ ids }) => ({
    shares: { dtype: 'f32', shape: [...ids.shape, 2] },
    edges: { dtype: 'i32', shape: [...ids.shape, 2] },
  }),
  dispatches: ({ B, H, W }) => [
    {
      items: B * H * W,
      code: wgsl`${scene}
fn item(i: u32) {
  for (var along = 0u; along < two; along++) {
    shares[2u * i + along] = 0.0;
    edges[2u * i + along] = -1;
    let isLast = select(i % width + 1u == width, i / width % height + 1u == height, along == 1u);
    if (isLast) { continue; }
    let j = i + select(1u, width, along == 1u);
    let p = ids[i];
    let q = ids[j];
    if (p == q) { continue; }
    // the edge is that of the nearer triangle, or of one that it hangs together with
    let own = q < 0 || (p >= 0 && depth[i] <= depth[j]);
    let home = select(j, i, own);
    let side = select(-1.0, 1.0, own);
    let goal = select(p, q, own);
    let at = centreOf(home);
    var triangle = select(q, p, own);

    var v = array<i32, 3>();
    var a = vec4f();
    var b = vec4f();
    var c = vec4f();
    var left = vec2i(-1);    // the ends of the edge through which the last triangle was left
    var normal = vec3f();    // of the plane through it and the eye
    var before = 0.0;        // side of that plane on which the last triangle lies
    var distance = 0.0;
    var edge = 0u;
    var steep = false;
    for (var step = 0u; step < steps; step++) {
      var isOutline = triangle < 0;
      if (!isOutline) {
        var third = vec4f();
        for (var k = 0u; k < three; k++) {
          v[k] = triangles[3u * u32(triangle) + k];
          a = b;
          b = c;
          c = clip[vertexRow(i, v[k])];
          if (v[k] != left.x && v[k] != left.y) { third = c; }
        }
        isOutline = step > 0u && dot(normal, third.xyw) * before >= 0.0;
      }
      if (isOutline) {
        if (steep) {
          edges[2u * i + along] = i32(2u * edge + select(0u, 1u, own));
          shares[2u * i + along] = side * (0.5 - clamp(distance, 0.0, 1.0));
        }
        break;
      }
      if (triangle == goal) { break; }
      distance = ${-margin};
      var exit = three;
      let entry = left;
      for (var k = 0u; k < three; k++) {
        // a is corner k; the edge is from b to c
        let ends = vec2i(v[(k + 1u) % 3u], v[(k + 2u) % 3u]);
        let met = ${crossing}(b, c, at, halfSize(), i32(along));
        let isCrossed = b.w > 0.0 && c.w > 0.0 && (met.y < 0.0) != (met.z < 0.0);
        let isEntry = all(ends == entry) || all(ends == entry.yx);
        if (isCrossed && !isEntry && side * met.x > distance) {
          distance = side * met.x;
          exit = k;
          left = ends;
          normal = cross(b.xyw, c.xyw);
          before = dot(normal, a.xyw);
          let steps_across = abs(met.z - met.y);
          steep = steps_across > abs(met.w) || (steps_across == abs(met.w) && along == 0u);
        }
        let next = a;
        a = b;
        b = c;
        c = next;
      }
      if (exit == three || distance >= ${1 + margin}) { break; }
      edge = 3u * u32(triangle) + exit;
      triangle = neighbours[edge];
    }
  }
}`,
    },
  ],
  reference: ({ clip, triangles, ids, neighbours, depth }, opts) => {
    const shares = new Float64Array(2 * ids.data.length);
    const edges = new Int32Array(shares.length).fill(-1);
    const { stride, width, height } = opts;
    for (let pair = 0; pair < shares.length; pair++) {
      const [i, along] = [pair >> 1, pair & 1];
      const isLast = along === 1 ? Math.floor(i / width) % height === height - 1 : i % width === width - 1;
      const j = i + (along === 1 ? width : 1);
      if (isLast || ids.data[i] === ids.data[j]) continue;
      const [p, q] = [ids.data[i], ids.data[j]];
      const own = q < 0 || (p >= 0 && depth.data[i] <= depth.data[j]);
      const side = own ? 1 : -1;
      const first = Math.floor(i / (width * height)) * stride;
      const found = walk(own ? p : q, own ? q : p, {
        rowsOf: (f) => [0, 1, 2].map((k) => first + triangles.data[3 * f + k]),
        vertexOf: (r) => row(clip, r),
        neighbour: (edge) => neighbours.data[edge],
        place: placeOf(own ? i : j, along, side, opts),
      });
      if (!found) continue;
      edges[pair] = 2 * found.edge + (own ? 1 : 0);
      shares[pair] = side * (0.5 - Math.min(Math.max(found.distance, 0), 1));
    }
    return { shares, edges };
  },
  vjp: ({ gradShares }, { clip, triangles }, opts, { edges }) => {
    const scale = commonScale([gradShares]);
    return { clip: gradients({ clip, triangles, edges, seeds: gradShares.div(scale) }, opts).grad.mul(scale) };
  },
  jvp: ({ tangentClip }, given, opts) => {
    const { clip, triangles } = given;
    const { edges } = silhouettes(given, opts);
    return { shares: tangents({ clip, triangles, edges, moved: tangentClip }, opts).shares };
  },
});

/** What a walk over triangles needs to know of the mesh and of its pixel. */
interface Walk {
  readonly rowsOf: (triangle: number) => readonly number[];
  readonly vertexOf: (row: number) => number[];
  readonly neighbour: (edge: number) => number;
  readonly place: HostEdge['rest'];
}

const crossingOnHost = compileToJS(crossing);

/** From the triangle under a pixel towards its neighbour, up to the goal, or to a silhouette and how far that is. */
function walk(
  start: number,
  goal: number,
  { rowsOf, vertexOf, neighbour, place }: Walk,
): { readonly edge: number; readonly distance: number } | undefined {
  const [, , , , along, side] = place;
  let triangle = start;
  let last: { edge: number; distance: number; ends: number[]; third: number; steep: boolean } | undefined;
  for (let step = 0; step < mostSteps; step++) {
    if (last) {
      const { ends, third } = last;
      const beyond = triangle < 0 ? undefined : rowsOf(triangle).find((r) => !ends.includes(r));
      const volumeTo = (r: number): number => volume(vertexOf(ends[0]), vertexOf(ends[1]), vertexOf(r));
      if (beyond === undefined || volumeTo(beyond) * volumeTo(third) >= 0) return last.steep ? last : undefined;
    }
    if (triangle === goal) return undefined;
    const rows = rowsOf(triangle);
    let next: typeof last;
    for (let k = 0; k < 3; k++) {
      const ends = [rows[(k + 1) % 3], rows[(k + 2) % 3]];
      if (last && ends.every((r) => last!.ends.includes(r))) continue;
      const [b, c] = ends.map(vertexOf);
      const [x, yb, yc, run] = crossingOnHost(...b, ...c, ...place.slice(0, 5));
      const distance = side * x;
      if (!(b[3] > 0 && c[3] > 0 && yb < 0 !== yc < 0 && distance > (next?.distance ?? -margin))) continue;
      const rise = Math.abs(yc - yb);
      const steep = rise > Math.abs(run) || (rise === Math.abs(run) && along === 0);
      next = { edge: 3 * triangle + k, distance, ends, third: rows[k], steep };
    }
    if (!next || next.distance >= 1 + margin) return undefined;
    last = next;
    triangle = neighbour(next.edge);
  }
  return undefined;
}

/** Six times the volume of a tetrahedron with its tip in the eye, in (x, y, w). */
function volume([ax, ay, , aw]: number[], [bx, by, , bw]: number[], [cx, cy, , cw]: number[]): number {
  return (ay * bw - aw * by) * cx + (aw * bx - ax * bw) * cy + (ax * by - ay * bx) * cw;
}

/** Silhouettes between pixels and their neighbours to the right (first) and below. */
export interface Silhouettes {
  /**
   * [B, H, W, 2] in [-1/2, 1/2]: above 0 the pixel takes so much from its neighbour, else the neighbour takes from the
   * pixel. Differentiable in clip coordinates.
   */
  readonly shares: Tensor;
  /** [B, H, W, 2] int32: the edge that passes between them, see `foundEdge`; -1 where there is none. */
  readonly edges: Tensor;
}

/**
 * Finds the silhouettes between pixels, after Laine et al. 2020, Modular Primitives for Differentiable Rendering, section 3.6.
 * Unlike there, the search goes on from the pixel's own triangle to those beside it, so that silhouettes of meshes with
 * triangles smaller than a pixel are found too.
 */
export function silhouettes(
  given: Readonly<Record<'clip' | 'triangles' | 'ids' | 'neighbours' | 'depth', Tensor>>,
  { stride, height, width }: { readonly stride: number; readonly height: number; readonly width: number },
): Silhouettes {
  return program(given, { stride, height, width, two: 2, three: 3, steps: mostSteps });
}
