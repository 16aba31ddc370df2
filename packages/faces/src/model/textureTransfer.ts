import { realize, sampleTexture, ShapeError, tensor, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { AlbedoMaps } from './albedo.js';
import { bakeTexture } from './uvBake.js';
import type { MorphableModel } from './morphableModel.js';

/** A texture's texels as weighted means of vertices: made once, used for any values. */
export interface VertexTexels {
  readonly size: number;
  /** [size * size * 3] vertices. */
  readonly vertices: Int32Array;
  /** [size * size * 3] their weights, which sum to 1. */
  readonly weights: Float32Array;
}

/**
 * Which vertices each texel of a model's square texture lies between. Texels that no triangle covers take those of the
 * nearest covered one, so that filters at the edge of the charts read what they should.
 * @param size texels of a side. @throws ShapeError unless it is a whole number from 1 to 8192.
 */
export function vertexTexels({ data }: MorphableModel, size: number): VertexTexels {
  if (!Number.isInteger(size) || size < 1 || size > 8192)
    throw new ShapeError(`a texture has 1 to 8192 texels on a side, got ${size}`);
  const { triangles } = data;
  const baked = bakeTexture(data, { height: size, width: size, channels: 3 }, (corner, out) => {
    out.fill(0);
    out[corner % 3] = 1;
  });
  const source = nearestCovered(baked.triangle, size);
  const at = (k: number): [number, number] => [source[Math.floor(k / 3)], k % 3];
  return {
    size,
    vertices: Int32Array.from({ length: 3 * size * size }, (_, k) => {
      const [texel, corner] = at(k);
      return triangles[3 * (baked.triangle[texel] - 1) + corner];
    }),
    weights: Float32Array.from({ length: 3 * size * size }, (_, k) => {
      const [texel, corner] = at(k);
      return baked.values[3 * texel + corner];
    }),
  };
}

/** For each texel the nearest covered one, in steps to the four neighbours. */
function nearestCovered(triangle: Uint32Array, size: number): Int32Array {
  const source = Int32Array.from(triangle, (f, k) => (f > 0 ? k : -1));
  let front = Array.from(source.keys()).filter((k) => source[k] >= 0);
  if (front.length === 0) throw new ShapeError(`no triangle covers the middle of any of ${size} x ${size} texels`);
  while (front.length > 0) {
    const next: number[] = [];
    for (const k of front) {
      const [row, column] = [Math.floor(k / size), k % size];
      for (const [y, x] of [
        [row - 1, column],
        [row + 1, column],
        [row, column - 1],
        [row, column + 1],
      ]) {
        const to = y * size + x;
        if (y < 0 || y >= size || x < 0 || x >= size || source[to] >= 0) continue;
        source[to] = source[k];
        next.push(to);
      }
    }
    front = next;
  }
  return source;
}

/**
 * Values of vertices [V, C] as a texture [size, size, C]. Differentiable in the values.
 * @param texels from `vertexTexels` of the same model.
 *
 * @example
 * const map = textureOfVertices(colours, vertexTexels(model, 512));
 */
export function textureOfVertices(values: Tensor, { size, vertices, weights }: VertexTexels): Tensor {
  if (values.rank !== 2) throw new ShapeError(`values of vertices are [V, C], got [${values.shape.join(', ')}]`);
  const channels = values.shape[1];
  return values
    .indexSelect(0, tensor(vertices))
    .reshape([size * size, 3, channels])
    .mul(tensor(weights, [size * size, 3, 1]))
    .sum(1)
    .reshape([size, size, channels]);
}

/**
 * A texture [H, W, C] at the vertices: [V, C], bilinear. A vertex on a seam takes the texture coordinate of its first
 * corner; one without a triangle that of the texture's corner. Differentiable in the texture.
 */
export function verticesOfTexture({ data, vertexCount }: MorphableModel, texture: Tensor): Tensor {
  const uvs = new Float32Array(2 * vertexCount);
  for (let corner = data.triangles.length - 1; corner >= 0; corner--) {
    const row = data.uvTriangles[corner];
    uvs.set(data.uvs.subarray(2 * row, 2 * row + 2), 2 * data.triangles[corner]);
  }
  return sampleTexture(texture, tensor(uvs, [vertexCount, 2]));
}

/**
 * The maps of a model's reflectance at its vertices, as maps of V rows and one column: with them `albedoOf` gives a
 * face's albedo at some thousand vertices in place of a whole texture. It differs from the texture at the vertices by
 * what a product of two maps changes within a texel.
 */
export async function vertexAlbedoMaps(model: MorphableModel): Promise<AlbedoMaps> {
  const [height, width] = model.skin.shape;
  const { vertexCount, tones, albedoCount } = model;
  const one = (map: Tensor): Tensor => verticesOfTexture(model, map).unsqueeze(1);
  /** [S, H, W, C] -> [S, V, 1, C]; of no modes, none. */
  const all = (modes: Tensor): Tensor => {
    const [count, , , channels] = modes.shape;
    if (count === 0) return zeros([0, vertexCount, 1, channels]);
    const rows = modes.permute([1, 2, 0, 3]).reshape([height, width, count * channels]);
    return verticesOfTexture(model, rows).reshape([vertexCount, count, channels]).permute([1, 0, 2]).unsqueeze(2);
  };
  const maps = {
    meanDiffuse: one(model.meanDiffuse),
    diffuseModes: all(model.diffuseModes),
    meanSpecular: one(model.meanSpecular),
    specularModes: all(model.specularModes),
    skin: one(model.skin),
    tones: {
      ...tones,
      maps: all(tones.maps.reshape([tones.count, height, width, 1])).reshape([tones.count, vertexCount]),
    },
    albedoCount,
  };
  await realize(...Object.values(maps).flatMap((m) => (typeof m === 'number' ? [] : 'maps' in m ? [m.maps] : [m])));
  return maps;
}
