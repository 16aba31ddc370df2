import type { SurfaceTree } from '../../geometry/surfaceTree.js';
import type { FaceAlbedoData, FaceModelData } from '../faceModelData.js';
import type { SourceColours } from '../files/sourceModel.js';
import { bakeTexture, fillTexture } from '../uvBake.js';
import type { Baked, UvLayout } from '../uvBake.js';

/** A mesh with texture coordinates, in the frame of the reference's surface. */
export interface TexturedMesh extends UvLayout {
  readonly positions: ArrayLike<number>;
  readonly triangles: Uint32Array;
}

/** The reference model, and its surface laid onto the mesh. */
export interface ReferenceSurface {
  readonly data: FaceModelData;
  readonly tree: SurfaceTree;
}

type Vector = readonly [number, number, number];

/** Numbers of the corners over the texels of a square texture; what lies farther from the axis hides what is behind. */
function bake(
  { positions, triangles, uvs, uvTriangles }: TexturedMesh,
  size: number,
  channels: number,
  corner: (corner: number, out: Float64Array) => void,
): Baked {
  const radius = (f: number): number =>
    [0, 1, 2].reduce((sum, c) => {
      const v = triangles[3 * f + c];
      return sum + positions[3 * v] ** 2 + Math.max(0, positions[3 * v + 2]) ** 2;
    }, 0);
  const far = Float64Array.from({ length: triangles.length / 3 }, (_, f) => radius(f));
  const order = Array.from(far.keys()).sort((a, b) => far[a] - far[b]);
  const sorted = Uint32Array.from(
    { length: uvTriangles.length },
    (_, k) => uvTriangles[3 * order[Math.floor(k / 3)] + (k % 3)],
  );
  return bakeTexture({ uvs, uvTriangles: sorted }, { height: size, width: size, channels }, (k, out) =>
    corner(3 * order[Math.floor(k / 3)] + (k % 3), out),
  );
}

const filled = (values: Float32Array, known: ArrayLike<number>, size: number, channels: number): Float32Array =>
  fillTexture(values, known, { height: size, width: size, channels });

/** Numbers of a texture [H * W * channels] at texture coordinates, bilinear, row 0 at v = 1. */
function texel(
  texture: Float32Array,
  { height, width }: { readonly height: number; readonly width: number },
  channels: number,
  u: number,
  v: number,
  out: Float32Array,
  at: number,
): void {
  const limit = (x: number, n: number): number => Math.min(n - 1, Math.max(0, x));
  const [x, y] = [limit(u * width - 0.5, width), limit((1 - v) * height - 0.5, height)];
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [x1, y1] = [limit(x0 + 1, width), limit(y0 + 1, height)];
  for (let c = 0; c < channels; c++) {
    const read = (row: number, column: number): number => texture[(row * width + column) * channels + c];
    const upper = read(y0, x0) * (1 - (x - x0)) + read(y0, x1) * (x - x0);
    const lower = read(y1, x0) * (1 - (x - x0)) + read(y1, x1) * (x - x0);
    out[at + c] = upper * (1 - (y - y0)) + lower * (y - y0);
  }
}

/** Textures of the reference, rows of `channels`, at each texel of the mesh's own texture: from the nearest point. */
function carried(
  mesh: TexturedMesh,
  { data, tree }: ReferenceSurface,
  size: number,
  textures: readonly { readonly values: Float32Array; readonly channels: number }[],
): Float32Array[] {
  const places = bake(mesh, size, 3, (corner, out) => {
    for (let k = 0; k < 3; k++) out[k] = mesh.positions[3 * mesh.triangles[corner] + k];
  });
  const results = textures.map(({ channels }) => new Float32Array(size * size * channels));
  places.triangle.forEach((triangle, t) => {
    if (triangle === 0) return;
    const hit = tree.closest(Array.from(places.values.subarray(3 * t, 3 * t + 3)) as unknown as Vector);
    const [u, v] = [0, 1].map((axis) =>
      hit.weights.reduce((sum, w, k) => sum + w * data.uvs[2 * data.uvTriangles[3 * hit.triangle + k] + axis], 0),
    );
    textures.forEach(({ values, channels }, k) => texel(values, data.albedo, channels, u, v, results[k], t * channels));
  });
  return results.map((values, k) => filled(values, places.triangle, size, textures[k].channels));
}

/** The modes of a texture, one after the other. */
const modesOf = (modes: Float32Array, channels: number, texels: number): Float32Array[] =>
  Array.from({ length: modes.length / (channels * texels) }, (_, k) =>
    modes.subarray(k * channels * texels, (k + 1) * channels * texels),
  );

function joined(rows: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  rows.reduce((at, row) => (result.set(row, at), at + row.length), 0);
  return result;
}

/**
 * The reference's albedo on the texture of another mesh: mean and modes of skins, specular albedo, skin; without its
 * tones, whose maps know the reference's own texture.
 */
export function carriedAlbedo(mesh: TexturedMesh, reference: ReferenceSurface, size: number): FaceAlbedoData {
  const { albedo } = reference.data;
  const texels = albedo.height * albedo.width;
  const colour = (values: Float32Array): { values: Float32Array; channels: number } => ({ values, channels: 3 });
  const grey = (values: Float32Array): { values: Float32Array; channels: number } => ({ values, channels: 1 });
  const modes = modesOf(albedo.modes, 3, texels);
  const results = carried(mesh, reference, size, [
    colour(albedo.mean),
    grey(albedo.specular),
    grey(albedo.skin),
    ...modes.map(colour),
    ...modesOf(albedo.specularModes, 1, texels).map(grey),
  ]);
  return {
    ...{ height: size, width: size, tones: [] },
    mean: results[0],
    specular: results[1],
    skin: results[2],
    modes: joined(results.slice(3, 3 + modes.length)),
    specularModes: joined(results.slice(3 + modes.length)),
  };
}

/** The same colour everywhere; skin as the reference has it. */
export function constantAlbedo(
  mesh: TexturedMesh,
  reference: ReferenceSurface,
  size: number,
  colour: readonly [number, number, number],
): FaceAlbedoData {
  const { albedo } = reference.data;
  const [skin, specular] = carried(mesh, reference, size, [
    { values: albedo.skin, channels: 1 },
    { values: albedo.specular, channels: 1 },
  ]);
  return {
    ...{ height: size, width: size, tones: [], skin, specular },
    mean: Float32Array.from({ length: 3 * size * size }, (_, k) => colour[k % 3]),
    modes: new Float32Array(0),
    specularModes: new Float32Array(0),
  };
}

/** The model's own colours as a texture, of their first `most` modes; what they lack comes from the reference. */
export function colourAlbedo(
  mesh: TexturedMesh,
  colours: SourceColours,
  reference: ReferenceSurface,
  size: number,
  most: number,
): FaceAlbedoData {
  const vertices = colours.mean.length / 3;
  const count = Math.min(most, colours.modes.length / (3 * vertices));
  const known = bake(mesh, size, 1, () => undefined).triangle;
  const texture = (values: Float32Array, channels: number): Float32Array => {
    const baked = bake(mesh, size, channels, (corner, out) => {
      const v = mesh.triangles[corner];
      for (let k = 0; k < channels; k++) out[k] = values[channels * v + k];
    });
    return filled(baked.values, known, size, channels);
  };
  const { albedo } = reference.data;
  const [skin, specular] = carried(mesh, reference, size, [
    { values: albedo.skin, channels: 1 },
    { values: albedo.specular, channels: 1 },
  ]);
  const rows = (values: Float32Array, channels: number): Float32Array[] =>
    modesOf(values, channels, vertices).slice(0, count);
  const { specularModes } = colours;
  return {
    ...{ height: size, width: size, tones: [], skin },
    mean: texture(colours.mean, 3).map((x) => Math.min(1, Math.max(0, x))),
    modes: joined(rows(colours.modes, 3).map((row) => texture(row, 3))),
    specular: colours.specular ? texture(colours.specular, 1) : specular,
    specularModes: specularModes
      ? joined(rows(specularModes, 1).map((row) => texture(row, 1)))
      : new Float32Array(count * size * size),
  };
}
