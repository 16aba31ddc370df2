import { ShapeError, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { BsdfParamType } from '../../bsdf/index.js';
import type { Mesh, Shape } from '../../geometry/index.js';
import { sampleTexture } from '../../texture/index.js';

/**
 * Texture coordinates [V, 2] of the vertices: those of the first corner at each, where seams give a vertex several.
 * Vertices without a triangle have those of the first one.
 */
export function vertexUVs({ uvs, uvIndices, topology }: Mesh): Tensor {
  if (uvs === undefined || uvIndices === undefined) {
    throw new ShapeError('vertexUVs: the mesh has no texture coordinates');
  }
  const { cornerOffsets, corners, vertexCount } = topology;
  const rows = Int32Array.from({ length: vertexCount }, (_, v) =>
    cornerOffsets[v + 1] > cornerOffsets[v] ? uvIndices[corners[cornerOffsets[v]]] : 0,
  );
  return uvs.indexSelect(0, tensor(rows));
}

/**
 * The values of a surface's parameters at the vertices, as `evaluateBsdf` takes them: vectors [V, C] or [C], scalars [V]
 * or []. Textures are sampled at `vertexUVs`.
 */
export function valuesAtVertices({ mesh, bsdf, wrap = 'clamp' }: Shape): Readonly<Record<string, Tensor | number>> {
  const count = mesh.topology.vertexCount;
  let uv: Tensor | undefined;
  const at = (name: string, type: BsdfParamType, value: Tensor | number): Tensor | number => {
    if (typeof value === 'number') return value;
    const width = type === 'f32' ? 1 : Number(type[3]);
    const { shape, rank } = value;
    const rows = (x: Tensor): Tensor => (width === 1 ? x.squeeze(-1) : x);
    if (rank === 0 || (rank === 1 && shape[0] === width)) return width === 1 ? value.reshape([]) : value;
    if (rank === 2 && shape[0] === count && shape[1] === width) return rows(value);
    if (rank === 3 && shape[2] === width) return rows(sampleTexture(value, (uv ??= vertexUVs(mesh)), { wrap }));
    throw new ShapeError(
      `${bsdf.kind.name}: ${name} must be a number, [${width}], [${count}, ${width}] (per vertex) or [H, W, ${width}] ` +
        `(a texture), got [${shape.join(', ')}]`,
    );
  };
  return Object.fromEntries(
    Object.entries(bsdf.kind.params).map(([name, type]) => [name, at(name, type, bsdf.values[name])]),
  );
}
