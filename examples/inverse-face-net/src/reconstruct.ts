import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tensor } from '@chiaro/autograd';
import { faceToGLB, loadPhoto, photoLandmarks, textureOfVertices, vertexTexels, type HostImage } from '@chiaro/faces';
import { srgbOfLinear, vertexNormals } from '@chiaro/render';
import { host } from '@chiaro/tensor/host';
import { saveSheet } from './figures.js';
import { geometryOf, type FaceRenderer } from './model/faceRenderer.js';
import { part } from './model/parameters.js';
import { cropPhoto, type FaceCrop } from './photo.js';

/** A photograph that was reconstructed. */
export interface Reconstruction {
  /** The crop at the size that results are shown in. */
  readonly crop: FaceCrop;
  /** [m] */
  readonly theta: Float32Array;
  /** Of finding the face; of cropping it; of the network alone. */
  readonly milliseconds: { readonly landmarks: number; readonly network: number };
  readonly notes: readonly string[];
}

/** Pixels of a side of what is shown. */
export const shownSize = 256;

/** One forward pass for a photograph. @param size pixels of a side that the network takes. @throws FormatError for a file that is none, ChiaroError where it shows no face. */
export async function reconstruct(
  file: string,
  size: number,
  predict: (images: Uint8Array) => Promise<Float32Array>,
): Promise<Reconstruction> {
  const begun = performance.now();
  const photo = await loadPhoto(await host.readFile(file), { name: file.split(/[/\\]/).at(-1) });
  const notes = [...photo.notes];
  const landmarks = await photoLandmarks(photo, { onNote: (text) => notes.push(text) });
  const data = photo.image.data.map(srgbOfLinear);
  const picture: HostImage = { ...photo.image, data };
  const { image } = cropPhoto(picture, landmarks, size);
  const found = performance.now();
  const theta = await predict(image);
  const milliseconds = { landmarks: found - begun, network: performance.now() - found };
  return { crop: cropPhoto(picture, landmarks, shownSize), theta, milliseconds, notes };
}

/** A grey face by its normals, lit from the camera. */
const shaded = (normals: Float32Array, mask: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: normals.length }, (_, i) => {
    const p = Math.floor(i / 3);
    return mask[p] ? Math.round(255 * srgbOfLinear(0.1 + 0.7 * Math.max(0, normals[3 * p + 2]))) : 0;
  });

/** Borders of masks on a picture: red the photograph's, green ours. */
function contours(picture: Uint8Array, photo: Uint8Array, ours: Uint8Array, size: number): Uint8Array {
  const result = Uint8Array.from(picture);
  for (const [mask, colour] of [
    [photo, [255, 40, 40]],
    [ours, [40, 255, 40]],
  ] as const) {
    for (let p = 0; p < mask.length; p++) {
      const [x, y] = [p % size, Math.floor(p / size)];
      const out = (dx: number, dy: number): boolean => {
        const [u, v] = [x + dx, y + dy];
        return u < 0 || v < 0 || u >= size || v >= size || mask[v * size + u] === 0;
      };
      if (mask[p] && (out(1, 0) || out(-1, 0) || out(0, 1) || out(0, -1))) result.set(colour, 3 * p);
    }
  }
  return result;
}

/** Light from the side: what relit pictures show. theta_k of all channels. */
const sideLight = [0.75, 0.1, 0.1, 0.55, 0, 0, 0, 0, 0] as const;

/** theta in another light: nine numbers for all channels, or 27. */
function relit(theta: Float32Array, { model }: FaceRenderer, light: ArrayLike<number>): Float32Array {
  const result = theta.slice();
  part(result, model.layout, 'illumination').forEach(
    (_, i, list) => (list[i] = light.length === 27 ? light[i] : light[Math.floor(i / 3)]),
  );
  return result;
}

/** theta whose reflectance modes are scaled and moved. */
function withReflectance(
  theta: Float32Array,
  { model }: FaceRenderer,
  edit: (weight: number, mode: number) => number,
): Float32Array {
  const result = theta.slice();
  part(result, model.layout, 'reflectance').forEach((w, k, list) => (list[k] = edit(w, k)));
  return result;
}

/** Photo, overlay, geometry, reflectance, contours, relit: [S * S * 3] sRGB bytes each. */
async function views(
  renderer: FaceRenderer,
  { crop, theta }: Pick<Reconstruction, 'crop' | 'theta'>,
): Promise<Uint8Array[]> {
  const { images, masks } = await renderer.render(theta);
  const { albedo, normals, mask } = await renderer.surface(theta);
  const { images: lit } = await renderer.render(relit(theta, renderer, sideLight));
  const overlay = crop.surroundings.map((v, i) => (masks[Math.floor(i / 3)] ? images[i] : v));
  return [
    crop.surroundings,
    overlay,
    shaded(normals, mask),
    Uint8Array.from(albedo, (a) => Math.round(255 * srgbOfLinear(a))),
    contours(overlay, crop.mask, masks, renderer.size),
    lit,
  ];
}

const textureSize = 256;

/** The face as binary glTF with its reflectance as a texture. */
async function toGLB(renderer: FaceRenderer, theta: Float32Array, name: string): Promise<Uint8Array> {
  const { base, layout, reflectance } = renderer.model;
  const positions = geometryOf(renderer.model, theta);
  const weights = part(theta, layout, 'reflectance');
  const colours = reflectance.mean.map((mean, i) =>
    weights.reduce((sum, w, k) => sum + w * reflectance.vectors[k * reflectance.mean.length + i], mean),
  );
  const texels = vertexTexels(base, textureSize);
  const rows = tensor(
    colours.map((x) => Math.min(0.98, Math.max(0.002, x))),
    [base.vertexCount, 3],
  );
  const data = Float32Array.from(await textureOfVertices(rows, texels).data());
  const even = (value: number): HostImage => ({ width: 1, height: 1, channels: 1, data: Float32Array.of(value) });
  const normals = await vertexNormals(tensor(positions, [base.vertexCount, 3]), base.mesh().topology).data();
  return faceToGLB({
    name,
    mesh: {
      ...{ positions, triangles: base.data.triangles, normals: Float32Array.from(normals) },
      ...{ uvs: base.data.uvs, uvTriangles: base.data.uvTriangles },
    },
    textures: {
      diffuse: { width: textureSize, height: textureSize, channels: 3, data },
      ...{ specular: even(0.04), roughness: even(base.roughness) },
    },
  });
}

/** What is changed of a face before it is drawn again. */
export interface Edit {
  /** Numbers of light [27], say those of another photograph. */
  readonly light?: ArrayLike<number>;
  /** Factor of the weights of reflectance: 0 gives the mean skin, more than 1 exaggerates. */
  readonly reflectance?: number;
}

/** The photograph with the edited face in the place of its own: [S * S * 3] sRGB bytes. */
async function edited(renderer: FaceRenderer, { crop, theta }: Reconstruction, edit: Edit): Promise<Uint8Array> {
  const { light, reflectance = 1 } = edit;
  const changed = withReflectance(light ? relit(theta, renderer, light) : theta, renderer, (w) => reflectance * w);
  const { images, masks } = await renderer.render(changed);
  return crop.surroundings.map((v, i) => (masks[Math.floor(i / 3)] ? images[i] : v));
}

/** The light of a reconstruction, for `Edit`. */
export const lightOf = ({ model }: FaceRenderer, { theta }: Reconstruction): Float32Array =>
  part(theta, model.layout, 'illumination');

/**
 * Writes what was found of a photograph: a sheet of views (the edited face last), the numbers, the face as GLB.
 *
 * @param renderer one of `shownSize`.
 */
export async function saveReconstruction(
  folder: string,
  renderer: FaceRenderer,
  name: string,
  found: Reconstruction,
  edit?: Edit,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const pictures = await views(renderer, found);
  if (edit) pictures.push(await edited(renderer, found, edit));
  await saveSheet(join(folder, `${name}.png`), pictures, { columns: pictures.length });
  await host.writeFile(join(folder, `${name}.glb`), await toGLB(renderer, found.theta, name));
  const { layout } = renderer.model;
  const theta = Object.fromEntries(
    (Object.keys(layout.counts) as (keyof typeof layout.counts)[]).map((group) => [
      group,
      Array.from(part(found.theta, layout, group)),
    ]),
  );
  const json = { formatVersion: 1, theta, milliseconds: found.milliseconds, notes: found.notes };
  await host.writeFile(
    join(folder, `${name}.json`),
    new TextEncoder().encode(`${JSON.stringify(json, undefined, 2)}\n`),
  );
}
