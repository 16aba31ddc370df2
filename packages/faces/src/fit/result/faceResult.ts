import { noGrad, tensor, vertexNormals } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { MorphableModel } from '../../model/index.js';
import { valuesAtPoints } from '../../model/surfacePoints.js';
import { posedFace } from '../../scene/posedFace.js';
import type { FaceTextures } from '../../scene/posedFace.js';
import { textureImage } from '../../scene/surfaceImage.js';
import type { Crop } from '../../crop/index.js';
import type { FaceContext } from '../faceContext.js';
import type { FaceValues } from '../faceVariables.js';
import { outlineIou } from '../metrics.js';
import { landmarkRms } from '../pose/solveLandmarks.js';
import type { View } from '../problem.js';
import type { FitCamera, FitImages, FitMesh, HostImage } from '../types.js';
import type { FaceView } from './faceImages.js';
import { errorImage, hostImage, over } from './hostImages.js';

const triple = (x: ArrayLike<number>): [number, number, number] => [x[0], x[1], x[2]];

/** What a result needs of a view. */
export type SeenView = Omit<View, 'targets'>;

/** What the images of a result are made of. */
interface ImageInputs {
  readonly face: FaceView;
  readonly textures: FaceTextures;
  readonly final: Tensor;
  readonly modelOnly: Tensor;
  readonly at: SeenView;
  readonly mask: Uint8Array;
  readonly roughness: number;
}

/** All images of a result on the host. */
export async function resultImages({
  face,
  textures,
  final,
  modelOnly,
  at,
  mask,
  roughness,
}: ImageInputs): Promise<FitImages> {
  const inside = tensor(Float32Array.from(mask), [at.size, at.size]);
  const on = (image: Tensor): Tensor => image.mul(face.coverage.unsqueeze(2));
  const images: Record<string, Tensor> = noGrad(() => ({
    final,
    modelOnly,
    overlay: over(final, at.photo, inside),
    shading: on(face.maps.shading),
    normals: on(face.normals),
    diffuse: on(textureImage(face.surface, textures.diffuse)),
    specular: on(textureImage(face.surface, textures.specular)),
    roughness: face.coverage.mul(roughness),
    mask: inside,
    error: errorImage(final, at.photo, inside),
  }));
  const entries = await Promise.all(
    Object.entries(images).map(async ([name, image]): Promise<[string, HostImage]> => [name, await hostImage(image)]),
  );
  return { photo: at.image, ...Object.fromEntries(entries) } as unknown as FitImages;
}

/** Landmarks and outline of the fitted face against the detected ones. */
export async function outlineMetrics(
  { model, landmarks }: Pick<FaceContext, 'model' | 'landmarks'>,
  v: FaceValues,
  { camera, size, landmarks: detected }: SeenView,
  face: FaceView,
): Promise<{ rms: number; iou: number }> {
  const projected = Float64Array.from(
    await noGrad(() =>
      camera.toPixels(valuesAtPoints(posedFace(model, v).positions, landmarks)).slice(null, [0, 2]),
    ).data(),
  );
  const eyes = Math.hypot(detected[72] - detected[90], detected[73] - detected[91]);
  const covered = Uint8Array.from(await face.coverage.data(), (c) => Number(c > 0.5));
  return {
    rms: landmarkRms(projected, detected) / eyes,
    iou: outlineIou(detected, projected, covered, size),
  };
}

/** The fitted camera on the host. */
export async function fittedCamera(
  { rotation, translation }: FaceValues,
  { size, intrinsics }: SeenView,
  { left, top, width, height }: Crop,
): Promise<FitCamera> {
  return {
    width: size,
    height: size,
    intrinsics,
    rotation: triple(await rotation.data()),
    translation: triple(await translation.data()),
    crop: [left, top, width, height],
  };
}

/** The fitted face in the head's frame, on the host. */
export async function fittedMesh(model: MorphableModel, v: FaceValues): Promise<FitMesh> {
  const mesh = noGrad(() => model.mesh(model.geometry({ identity: v.identity, blendshapes: v.blendshapes })));
  const [positions, normals] = await Promise.all([
    mesh.positions.data(),
    noGrad(() => vertexNormals(mesh.positions, mesh.topology)).data(),
  ]);
  const { triangles, uvs, uvTriangles } = model.data;
  return { positions: Float32Array.from(positions), normals: Float32Array.from(normals), triangles, uvs, uvTriangles };
}
