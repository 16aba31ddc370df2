import { ShapeError } from '../engine.js';
import type { MeshFile } from './files/meshFile.js';
import { buildTopology } from './topology.js';

/** How charts are cut and packed. */
export interface UnwrapOptions {
  /** Side of the square texture in texels that the chart's distances are meant for; default 1024. */
  readonly resolution?: number;
  /** Texels between charts, so that bilinear filtering does not mix them; default 2. */
  readonly padding?: number;
  /**
   * How much a chart may bend: the cost at which it stops to grow. Default 2; less makes more and flatter charts, more
   * makes fewer that are stretched.
   */
  readonly maxCost?: number;
}

/** A mesh with texture coordinates of its own. */
export interface UnwrappedMesh {
  /** The mesh that was given, with `uvs` in [0, 1] and `uvTriangles`: triangles, positions and normals are untouched. */
  readonly mesh: MeshFile;
  /** Number of charts: pieces of the surface that are connected in the texture. */
  readonly charts: number;
  /** Share of the texture that charts cover. */
  readonly coverage: number;
}

/**
 * Cuts a surface into charts, flattens each with little stretch and packs them into one square texture, without overlaps:
 * the library xatlas (compiled to WebAssembly as watlas, which comes with this package; J. Young; least squares conformal
 * maps of Levy et al. 2002). No chart is mirrored. Texture coordinates get an index list of their own, so that positions stay welded across
 * seams. Triangles without area get coordinates without area.
 *
 * It takes about a second for 5,000 triangles.
 *
 * @throws ShapeError where triangles name vertices that do not exist, a position is not finite, or an option is out of
 * range.
 * @example
 * const { mesh: file } = await unwrap(icosphereShape({ subdivisions: 3 }), { resolution: 256 });
 * const ball = mesh(file);
 */
export async function unwrap(
  file: MeshFile,
  { resolution = 1024, padding = 2, maxCost = 2 }: UnwrapOptions = {},
): Promise<UnwrappedMesh> {
  if (!Number.isInteger(resolution) || resolution < 16 || resolution > 16384) {
    throw new ShapeError(`unwrap: resolution must be a whole number from 16 to 16384, got ${resolution}`);
  }
  if (!Number.isInteger(padding) || padding < 0 || 4 * padding > resolution || !(maxCost > 0)) {
    throw new ShapeError(
      `unwrap: padding must be a whole number from 0 to a quarter of the resolution and maxCost positive, got ` +
        `${padding} and ${maxCost}`,
    );
  }
  const { positions, triangles } = file;
  buildTopology(triangles, positions.length / 3); // throws for bad indices
  if (!positions.every(Number.isFinite)) throw new ShapeError('unwrap: a position is not finite');
  if (triangles.length === 0) {
    return { mesh: { ...file, uvs: new Float32Array(0), uvTriangles: new Uint32Array(0) }, charts: 0, coverage: 0 };
  }
  const { Atlas, Initialize } = await import('watlas');
  await Initialize();
  const atlas = new Atlas();
  try {
    atlas.addMesh({
      vertexPositionData: positions,
      vertexCount: positions.length / 3,
      vertexPositionStride: 12,
      indexData: triangles,
      indexCount: triangles.length,
    });
    // the packer turns charts by mirroring them, and normal maps need one side
    atlas.generate({ maxCost, fixWinding: true }, { rotateCharts: false, resolution, padding, bilinear: true });
    const unwrapped = atlas.getMesh(0);
    const uvTriangles = new Uint32Array(unwrapped.indexCount);
    unwrapped.getIndexArray(uvTriangles);
    const side = Math.max(atlas.width, atlas.height);
    const uvs = new Float32Array(2 * unwrapped.vertexCount);
    for (let v = 0; v < unwrapped.vertexCount; v++)
      uvs.set(
        unwrapped.getVertex(v).uv.map((x) => x / side),
        2 * v,
      );
    const shares = new Float32Array(atlas.atlasCount);
    atlas.getUtilization(shares);
    return {
      mesh: { ...file, uvs, uvTriangles },
      charts: atlas.chartCount,
      coverage: (shares[0] * atlas.width * atlas.height) / side ** 2,
    };
  } finally {
    atlas.delete();
  }
}
