import { ChiaroError, DeviceError, Generator } from '@chiaro/autograd';
import {
  cropAroundLandmarks,
  cropRules,
  landmarksInCrop,
  loadPhoto,
  photoLandmarks,
  resample,
  type AttributeFace,
  type Crop,
  type Photo,
  type SeenFace,
} from '@chiaro/faces';
import { linearToBytes } from '@chiaro/render';
import { host } from '@chiaro/tensor/host';
import { baseRows, enhancedRows, isEnhanced, type Preset, type Row } from '../config.js';
import { attributeModel, settingOf, type Setting } from '../experiment.js';
import { AlbedoDecoders, Encoder, facesIn, loadNetwork, networkFile } from '../network.js';
import { adaptNetworks } from '../training/adaptNetworks.js';
import { batchOf, type PhotoBatch } from '../training/photoBatch.js';
import { baseStage, jointStage } from '../training/stages.js';
import type { TrainingWatch } from '../training/trainStage.js';
import type { WorldPhoto } from '../world.js';

/** A photograph whose face a network has seen. */
export interface Prediction extends SeenFace {
  /** Of the networks alone, after a first pass. */
  readonly milliseconds: number;
}

/** Finds faces with the networks of a trained row. */
export interface Predictor {
  readonly setting: Setting;
  /** The face of a photograph whose landmarks [68 * 2] are known. */
  predict(photo: Photo, landmarks: ArrayLike<number>): Promise<Prediction>;
}

/** Photographs that networks go on learning from before they take them apart. */
export interface OwnPhotos extends TrainingWatch {
  /** Of one face each. */
  readonly photographs: readonly KnownPhoto[];
  readonly steps: number;
}

/** A photograph and the landmarks [68 * 2] of its face, pixels. */
export interface KnownPhoto {
  readonly photo: Photo;
  readonly landmarks: ArrayLike<number>;
}

/**
 * The networks of a row and seed; those that have gone on learning from photographs of the user's, if there are some.
 * @throws FormatError where the row is not trained.
 */
export async function trainedPredictor(
  preset: Preset,
  folder: string,
  row: Row,
  seed: number,
  own?: OwnPhotos,
): Promise<Predictor> {
  const setting = await settingOf(preset);
  const of = attributeModel(setting, isEnhanced(row) ? baseRows.rays.bands : baseRows[row].bands);
  const generator = new Generator(0);
  const file = (name: 'encoder' | 'decoders'): string => networkFile(folder, row, seed, name);
  const encoder = await loadNetwork(new Encoder(preset, of.layout.size, generator), file('encoder'));
  const decoders = isEnhanced(row)
    ? await loadNetwork(new AlbedoDecoders(preset, enhancedRows[row].decoders, generator), file('decoders'))
    : undefined;
  if (own) {
    const { decoders: second, joint } = preset.epochs;
    const loss =
      isEnhanced(row) && decoders
        ? jointStage(setting, row, { of, encoder, decoders }, second + joint - 1)
        : baseStage(setting, isEnhanced(row) ? 'rays' : row, { of, encoder });
    await adaptNetworks(setting, loss, squaresOf(own, preset.size), { ...own, row, seed, folder });
  }
  return predictorOf(setting, ({ images }) => facesIn(of, { encoder, decoders }, images)(0));
}

/** The square of a photograph that networks take, and where it lies. */
function squareOf(
  { photo, landmarks }: KnownPhoto,
  size: number,
): { readonly crop: Crop; readonly square: WorldPhoto } {
  const crop = cropAroundLandmarks(landmarks, cropRules.richReflectance);
  const { data } = resample(photo.image, crop, size, size);
  return { crop, square: { photo: linearToBytes(data), landmarks: landmarksInCrop(landmarks, crop, size) } };
}

/** The squares of photographs to learn from. */
export const squaresOf = ({ photographs }: Pick<OwnPhotos, 'photographs'>, size: number): WorldPhoto[] =>
  photographs.map((known) => squareOf(known, size).square);

/** A predictor by networks. @param find the face that they see in a batch of one photograph, with its landmarks. */
export function predictorOf(setting: Setting, find: (batch: PhotoBatch) => AttributeFace): Predictor {
  const { size } = setting.preset;
  return {
    setting,
    predict: async (photo, landmarks) => {
      const { crop, square } = squareOf({ photo, landmarks }, size);
      const batch = batchOf([square], size);
      const found = async () => {
        const face = find(batch);
        const { textures, mesh, attributes, normalMap } = face;
        const maps = normalMap ? [textures.diffuse, normalMap] : [textures.diffuse];
        await Promise.all([...maps, mesh.positions, attributes.light].map((t) => t.data()));
        return face;
      };
      await found(); // kernels are made
      const begun = performance.now();
      const face = await found();
      return { photo, landmarks, crop, focal: setting.focal, face, milliseconds: performance.now() - begun };
    },
  };
}

/** Reads a photograph and finds the landmarks of its largest face. @throws FormatError for no photograph, ChiaroError for no face. */
export async function photoWithLandmarks(path: string, note: (text: string) => void): Promise<KnownPhoto> {
  const photo = await loadPhoto(await host.readFile(path), { name: path.split(/[/\\]/).at(-1) });
  for (const text of photo.notes) note(text);
  return { photo, landmarks: await photoLandmarks(photo, { onNote: note }) };
}

/** Those of the photographs that have a face to learn from; the others are told of. */
export async function photosToLearnFrom(
  listed: readonly { readonly path: string }[],
  note: (text: string) => void,
): Promise<KnownPhoto[]> {
  const found: KnownPhoto[] = [];
  for (const { path } of listed)
    try {
      found.push(await photoWithLandmarks(path, (text) => note(`${path}: ${text}`)));
    } catch (error) {
      if (!(error instanceof ChiaroError) || error instanceof DeviceError) throw error;
      note(`not learned from: ${error.message}`);
    }
  return found;
}
