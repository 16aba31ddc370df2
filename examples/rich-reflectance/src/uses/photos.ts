import { mkdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { ChiaroError, DeviceError, noGrad, tensor, type Tensor } from '@chiaro/autograd';
import {
  attributeResult,
  faceBsdf,
  interpolateImage,
  resultFiles,
  surfaceImage,
  type AttributeFace,
  type AttributeResultOptions,
  type FitResult,
  type HostImage,
} from '@chiaro/faces';
import { pinhole, renderVertices, saveImage } from '@chiaro/render';
import { host } from '@chiaro/tensor/host';
import { photoWithLandmarks, type Prediction, type Predictor } from './predictor.js';

/** What is made of a face besides taking it apart. */
export interface FaceUses {
  /** The photograph without the shadows that the face casts on itself. */
  readonly removeShadows?: boolean;
  /** Faces, by name, whose light, or whose skin, this one is shown with. */
  readonly light?: NamedFace | undefined;
  readonly albedo?: NamedFace | undefined;
  /** Faces that are also shown over the photograph, by the names of their pictures. */
  readonly others?: readonly NamedFace[] | undefined;
}

/** A face with a name. */
export interface NamedFace extends Pick<Prediction, 'face'> {
  readonly name: string;
}

/** How results are drawn. */
export type PhotoDrawing = Omit<AttributeResultOptions, 'seconds'>;

/** What a folder of results is drawn with: half a minute with a software driver. */
export const photoDrawing: PhotoDrawing = { size: 256, spp: 32, smallSize: 128, smallSpp: 16, lights: 6, frames: 12 };

const nothingMore = { lights: 0, frames: 0 } as const;

/** Writes a picture. */
const savePicture = (path: string, { data, width, height }: HostImage): Promise<void> =>
  saveImage(path, tensor(data, [height, width, 3]));

/** Finds the face of a photograph; what people should know goes to `note`. @throws ChiaroError where there is none. */
export async function predictPhoto(
  predictor: Predictor,
  path: string,
  note: (text: string) => void,
): Promise<Prediction & NamedFace> {
  const { photo, landmarks } = await photoWithLandmarks(path, (text) => note(`${path}: ${text}`));
  return { ...(await predictor.predict(photo, landmarks)), name: parse(path).name };
}

/** What people should know: notes on photographs, and which of them nothing can be done with. */
export interface PhotoNotes {
  readonly note: (text: string) => void;
  readonly failed: (text: string) => void;
}

/** Does something with the face of each photograph; what cannot be done is told, and the next one follows. */
export async function forEachFace(
  predictor: Predictor,
  listed: readonly { readonly path: string; readonly name: string }[],
  { note, failed }: PhotoNotes,
  work: (seen: Prediction & NamedFace, path: string) => Promise<void>,
): Promise<void> {
  for (const { path, name } of listed)
    try {
      await work({ ...(await predictPhoto(predictor, path, note)), name }, path);
    } catch (error) {
      if (!(error instanceof ChiaroError) || error instanceof DeviceError) throw error;
      failed(error.message);
    }
}

/**
 * Takes a photograph apart into a folder: everything that `resultFiles` writes of a fit (`overlay.png`, `final.png`,
 * `shading.png`, `normals.png`, `diffuse.png`, `specular.png`, `environment.png`, `face.glb`, `fit.json`, `report.html`),
 * `relit-NAME.png` in studio lights, `turntable-NNN.png`, and what `uses` asks for: `without-shadows.png`,
 * `light-of-NAME.png`, `albedo-of-NAME.png`, and those of `others`.
 */
export async function takeApart(
  predictor: Predictor,
  seen: Prediction,
  folder: string,
  { removeShadows = false, light, albedo, others = [] }: FaceUses = {},
  drawing = photoDrawing,
): Promise<void> {
  const { model } = predictor.setting;
  const seconds = seen.milliseconds / 1000;
  const result = await attributeResult(model, seen, { ...drawing, seconds });
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of await resultFiles(seen.photo, result)) await host.writeFile(join(folder, name), bytes);
  for (const { label, image } of result.relit)
    await savePicture(join(folder, `relit-${label.replace(/\W+/g, '-')}.png`), image);
  for (const [k, frame] of (result.turntable?.frames ?? []).entries())
    await savePicture(join(folder, `turntable-${String(k).padStart(3, '0')}.png`), frame);

  if (removeShadows) {
    const free = await unshadowed(predictor, seen, drawing.size);
    await savePicture(join(folder, 'without-shadows.png'), withoutShadows(result, free));
  }
  const { face } = seen;
  const changed: readonly NamedFace[] = [
    ...(light ? [{ name: `light-of-${light.name}`, face: inLight(face, light.face.attributes.light) }] : []),
    ...(albedo ? [{ name: `albedo-of-${albedo.name}`, face: { ...face, textures: albedo.face.textures } }] : []),
    ...others,
  ];
  for (const { name, face: other } of changed) {
    const { images } = await attributeResult(model, { ...seen, face: other }, { ...drawing, ...nothingMore, seconds });
    await savePicture(join(folder, `${name}.png`), images.overlay);
  }
}

/** A face in another light, [K, 3] SH coefficients. */
export const inLight = (face: AttributeFace, light: Tensor): AttributeFace => ({
  ...face,
  attributes: { ...face.attributes, light },
});

/** The face by the vertex-based renderer, [S, S, 3]: the same surface in the same light, without shadows. */
async function unshadowed(
  { setting: { model } }: Predictor,
  { face, focal }: Prediction,
  size: number,
): Promise<Float32Array> {
  const camera = pinhole({
    ...{ width: size, height: size, near: 50, far: 10000 },
    intrinsics: tensor([focal * size, focal * size, size / 2, size / 2]),
  });
  const { mesh, textures, attributes } = face;
  const image = noGrad(() => {
    const { colors } = renderVertices({ mesh, bsdf: faceBsdf(model, textures) }, attributes.light, camera);
    return interpolateImage(surfaceImage(mesh, camera), colors.clamp(0), mesh.triangles);
  });
  return Float32Array.from(await image.data());
}

/** What shadows may at most have taken of the light, and what both pictures get added, so that black divides. */
const [mostFactor, least] = [3, 0.01];

/**
 * The photograph times what the face would be without its own shadows over what it is with them: details that the rebuilt
 * face does not have stay.
 */
function withoutShadows({ images }: FitResult, free: Float32Array): HostImage {
  const { photo: picture, final, mask } = images;
  const data = picture.data.map((x, i) => {
    const factor = (free[i] + least) / (final.data[i] + least);
    return mask.data[Math.floor(i / 3)] > 0 ? x * Math.min(mostFactor, Math.max(1, factor)) : x;
  });
  return { ...picture, data };
}
