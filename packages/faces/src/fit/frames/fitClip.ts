import { noGrad, tensor, vertexNormals } from '../../engine.js';
import { loadFaceModel } from '../../model/files/loadFaceModel.js';
import type { MorphableModel } from '../../model/index.js';
import type { Photo } from '../../photo/photo.js';
import type { FitMesh, FitOptions } from '../types.js';
import { fitFrames } from './fitFrames.js';
import type { FitFramesOptions, FittedFrames } from './fitFrames.js';
import { clipCrop, frameImages, identityOf } from './frameImages.js';
import type { FrameImages } from './frameImages.js';
import type { FrameSource } from './frameReader.js';
import type { FittedFrame } from './frameState.js';

/** What `fitClip` takes: a model's name or file instead of a model. */
export type FitClipOptions = Omit<FitFramesOptions, 'model'> & Pick<FitOptions, 'model'>;

/** A fitted clip, and what it can be shown by. */
export interface FittedClip {
  readonly clip: FittedFrames;
  /** Names of the expression's weights, in their order. */
  readonly blendshapeNames: readonly string[];
  /** The person's head without expression. */
  readonly head: FitMesh;
  /** A frame as pictures of the same part of every frame. */
  readonly pictures: (frame: FittedFrame, photo: Photo) => Promise<FrameImages>;
}

/** The head of a clip's person without expression. */
async function headOf(model: MorphableModel, { person }: FittedFrames): Promise<FitMesh> {
  const mesh = noGrad(() => model.mesh(model.geometry({ identity: tensor(Float32Array.from(identityOf(person[0]))) })));
  const [positions, normals] = await Promise.all([
    mesh.positions.data(),
    noGrad(() => vertexNormals(mesh.positions, mesh.topology)).data(),
  ]);
  const { triangles, uvs, uvTriangles } = model.data;
  return { positions: Float32Array.from(positions), normals: Float32Array.from(normals), triangles, uvs, uvTriangles };
}

/** The whole way from the frames of a clip: loads the face model and fits them with `fitFrames`. */
export async function fitClip(
  frames: readonly FrameSource[],
  { model: path, ...options }: FitClipOptions,
): Promise<FittedClip> {
  const model = await loadFaceModel({ path });
  const clip = await fitFrames(frames, { ...options, model });
  const crop = clipCrop(clip);
  return {
    clip,
    blendshapeNames: model.data.blendshapeNames,
    head: await headOf(model, clip),
    pictures: (frame, photo) => frameImages(model, clip, frame, photo, crop),
  };
}
