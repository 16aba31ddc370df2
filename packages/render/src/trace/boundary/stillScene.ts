import { tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { PackedScene } from '../pack.js';
import { occluderRows } from './occluders.js';

/** Corners of triangles, [N, 3] each. */
export type Corners = readonly [Tensor, Tensor, Tensor];

/** Ends of edges and the third corners of their triangles, [N, 3] each: see `occluderRows`. */
export type EdgeCorners = readonly [Tensor, Tensor, Tensor, Tensor];

/** The triangles and edges of a scene where they are, as constants. */
export class StillScene {
  readonly edgeCount: number;
  private readonly positions: Tensor;
  /** [F, 6] */
  private readonly triangles: Tensor;
  /** [E, 4] */
  private readonly edges: Tensor;
  /** [E, 4] uint32: see `occluderRows` */
  readonly edgeRows: Tensor;

  constructor({ joined, scene, layout }: PackedScene) {
    const { vertexCount } = joined.topology;
    this.positions = scene
      .detach()
      .narrow(0, layout.positionsAt, 3 * vertexCount)
      .reshape([vertexCount, 3]);
    this.triangles = tensor(Int32Array.from(joined.rows), [joined.triangleCount, 6]);
    const rows = occluderRows(joined.topology);
    this.edgeCount = rows.length / 4;
    this.edges = tensor(rows, [this.edgeCount, 4]);
    this.edgeRows = this.edges.to('uint32');
  }

  /** Vertices of triangles, [N, 3] int32; those of triangle 0 for numbers below it. */
  verticesOf(triangles: Tensor): Tensor {
    return this.triangles.indexSelect(0, triangles).narrow(1, 0, 3);
  }

  cornersOf(triangles: Tensor): Corners {
    const vertices = this.verticesOf(triangles);
    return [this.at(vertices, 0), this.at(vertices, 1), this.at(vertices, 2)];
  }

  /** Vertices of the ends of edges, [N, 2] int32. */
  endsOf(edges: Tensor): Tensor {
    return this.edges.indexSelect(0, edges).narrow(1, 0, 2);
  }

  edgeCorners(edges: Tensor): EdgeCorners {
    const rows = this.edges.indexSelect(0, edges);
    return [this.at(rows, 0), this.at(rows, 1), this.at(rows, 2), this.at(rows, 3)];
  }

  private at(vertices: Tensor, k: number): Tensor {
    return this.positions.indexSelect(0, vertices.select(1, k));
  }
}
