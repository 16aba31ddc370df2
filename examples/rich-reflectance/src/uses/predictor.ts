import { Generator } from '@chiaro/autograd';
import {
  cropAroundLandmarks,
  cropRules,
  loadPhoto,
  photoLandmarks,
  resample,
  type AttributeFace,
  type Photo,
  type SeenFace,
} from '@chiaro/faces';
import { srgbOfLinear } from '@chiaro/render';
import { host } from '@chiaro/tensor/host';
import { baseRows, enhancedRows, isEnhanced, type Preset, type Row } from '../config.js';
import { attributeModel, settingOf, type Setting } from '../experiment.js';
import { AlbedoDecoders, Encoder, facesIn, loadNetwork, networkFile } from '../network.js';
import { batchOf, type PhotoBatch } from '../training/photoBatch.js';

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

/** The networks of a row and seed. @throws FormatError where the row is not trained. */
export async function trainedPredictor(preset: Preset, folder: string, row: Row, seed: number): Promise<Predictor> {
  const setting = await settingOf(preset);
  const of = attributeModel(setting, isEnhanced(row) ? baseRows.rays.bands : baseRows[row].bands);
  const generator = new Generator(0);
  const file = (name: 'encoder' | 'decoders'): string => networkFile(folder, row, seed, name);
  const encoder = await loadNetwork(new Encoder(preset, of.layout.size, generator), file('encoder'));
  const decoders = isEnhanced(row)
    ? await loadNetwork(new AlbedoDecoders(preset, enhancedRows[row].decoders, generator), file('decoders'))
    : undefined;
  return predictorOf(setting, ({ images }) => facesIn(of, { encoder, decoders }, images)(0));
}

/** A predictor by networks. @param find the face that they see in a batch of one photograph, whose landmarks are not given. */
export function predictorOf(setting: Setting, find: (batch: PhotoBatch) => AttributeFace): Predictor {
  const { size } = setting.preset;
  return {
    setting,
    predict: async (photo, landmarks) => {
      const crop = cropAroundLandmarks(landmarks, cropRules.richReflectance);
      const { data } = resample(photo.image, crop, size, size);
      const bytes = Uint8Array.from(data, (x) => Math.round(255 * srgbOfLinear(Math.min(1, Math.max(0, x)))));
      const batch = batchOf([{ photo: bytes, landmarks: new Float32Array(136) }], size);
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
export async function photoWithLandmarks(
  path: string,
  note: (text: string) => void,
): Promise<{ photo: Photo; landmarks: Float32Array }> {
  const photo = await loadPhoto(await host.readFile(path), { name: path.split(/[/\\]/).at(-1) });
  for (const text of photo.notes) note(text);
  return { photo, landmarks: await photoLandmarks(photo, { onNote: note }) };
}
