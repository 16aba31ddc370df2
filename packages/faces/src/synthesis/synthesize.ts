import type { ArrayToStore } from '@chiaro/nn';
import {
  axisAngle,
  environment,
  irradianceSH,
  pathTrace,
  pinhole,
  projectEnvironment,
  tensor,
  texelDirections,
} from '../engine.js';
import type { Tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import { verticesOfTexture } from '../model/textureTransfer.js';
import { faceBsdf, posedFace } from '../scene/posedFace.js';
import { coverage, interpolateImage, surfaceImage } from '../scene/surfaceImage.js';
import type { FaceScene } from './faceScene.js';

/** A picture of a face and everything that is true about it. Images are row-major, linear RGB. */
export interface SyntheticFace {
  readonly scene: FaceScene;
  /** [S, S, 3] I_l: Lambert shading by the light's spherical harmonics up to band 8 at the vertices, no shadows; black behind. */
  readonly local: Float32Array;
  /** [S, S, 3] I_g: path traced, with shadows and highlights. */
  readonly traced: Float32Array;
  /** [S, S, 3] R = I_g - I_l: what local illumination lacks, and the tracer's noise. */
  readonly residual: Float32Array;
  /** [S, S, 3] diffuse albedo at the pixels' middles; 0 behind the face. */
  readonly albedo: Float32Array;
  /** [S, S, 3] unit normals in the camera's frame; 0 behind the face. */
  readonly normals: Float32Array;
  /** [S, S] mm along the camera's axis; 0 behind the face. */
  readonly depth: Float32Array;
  /** [S, S, 2] texture coordinates; 0 behind the face. */
  readonly uv: Float32Array;
  /** [S, S] 1 where the middle of the pixel shows the head. */
  readonly mask: Float32Array;
  /** [S, S] the model's face mask there: 1 on the face proper. */
  readonly faceMask: Float32Array;
  /** [68 * 2] landmarks in pixels, on the surface, seen or not. */
  readonly landmarks: Float32Array;
  /** [81 * 3] the light's spherical harmonics. */
  readonly light: Float32Array;
}

/** How finely a face is rendered. */
export interface SynthesizeOptions {
  /** Samples per pixel of the path tracer (default 64). */
  readonly spp?: number;
}

/** Rows of the map of radiance. */
const lightRows = 64;

/** Lat-long radiance of a scene's light [H, 2 H, 3]. */
function lightMap({ ambient, lamps }: FaceScene): Tensor {
  const size = { height: lightRows, width: 2 * lightRows };
  const directions = texelDirections(size);
  const data = new Float32Array(size.height * size.width * 3);
  for (let t = 0; t < data.length; t += 3) {
    for (let c = 0; c < 3; c++) data[t + c] = ambient[c];
    for (const { direction: d, irradiance, sharpness } of lamps) {
      const cosine = directions[t] * d[0] + directions[t + 1] * d[1] + directions[t + 2] * d[2];
      // the integral of exp(k (cos - 1)) over the sphere is nearly 2 pi / k
      const value = (Math.exp(sharpness * (cosine - 1)) * sharpness) / (2 * Math.PI);
      for (let c = 0; c < 3; c++) data[t + c] += irradiance[c] * value;
    }
  }
  return tensor(data, [size.height, size.width, 3]);
}

/**
 * Renders a scene locally and by path tracing, with exact ground truth. The same scene gives the same numbers. Depth, normals,
 * texture coordinates and albedo are those of the point that the middle of a pixel shows; pictures are means over pixels.
 *
 * @example
 * const face = await synthesize(model, await drawFaceScene(model, 7, { size: 128 }), { spp: 64 });
 */
export async function synthesize(
  model: MorphableModel,
  scene: FaceScene,
  { spp = 64 }: SynthesizeOptions = {},
): Promise<SyntheticFace> {
  const { size, focal } = scene;
  const vector = (values: readonly number[]): Tensor => tensor(Float32Array.from(values), [values.length]);
  const [identity, blendshapes] = [vector(scene.identity), vector(scene.blendshapes)];
  const [rotation, translation] = [vector(scene.rotation), vector(scene.translation)];
  const posed = posedFace(model, { rotation, translation, identity, blendshapes });
  // the tree over triangles is cut for where the face is
  const positions = Float32Array.from(await posed.positions.data());
  const mesh = { ...posed, rest: positions };
  const camera = pinhole({
    ...{ width: size, height: size, near: 50, far: 5000 },
    intrinsics: tensor([focal, focal, size / 2, size / 2]),
  });
  const textures = model.albedo({
    ...(model.albedoCount > 0 && { albedo: vector(scene.albedo) }),
    tint: vector(scene.tint),
  });
  const [diffuse, specular] = [textures.diffuse, textures.specular].map((map) => verticesOfTexture(model, map));
  const map = lightMap(scene);
  const light = projectEnvironment(map);
  const normals = mesh.normals!;
  const radiance = diffuse.mul(irradianceSH(normals, light)).div(Math.PI);

  const fine = surfaceImage(mesh, camera, 3);
  const middle = surfaceImage(mesh, camera, 1);
  const at = (values: Tensor): Tensor => interpolateImage(middle, values, mesh.triangles);
  const local = interpolateImage(fine, radiance, mesh.triangles).mul(coverage(fine).unsqueeze(2));
  const bsdf = faceBsdf(model, { diffuse, specular });
  const { image } = pathTrace(
    { shapes: [{ mesh, bsdf }], emitters: [environment(map, { background: false })] },
    camera,
    { spp, seed: scene.seed },
  );
  const n = at(normals);
  const points = axisAngle(rotation)
    .apply(model.landmarks(model.geometry({ identity, blendshapes })))
    .add(translation);
  const read = async (t: Tensor): Promise<Float32Array> => Float32Array.from(await t.data());
  const mask = coverage(middle);
  const [localData, traced] = [await read(local), await read(image)];
  return {
    scene,
    local: localData,
    traced,
    residual: traced.map((x, k) => x - localData[k]),
    albedo: await read(at(diffuse)),
    normals: await read(n.div(n.square().sum(2, true).sqrt().clamp(1e-9))),
    depth: await read(at(mesh.positions).narrow(2, 2, 1).neg()),
    uv: await read(middle.uv.mul(middle.hit.unsqueeze(1))),
    mask: await read(mask),
    faceMask: await read(at(model.faceMask.unsqueeze(1))),
    landmarks: await read(camera.toPixels(points).slice(null, [0, 2])),
    light: await read(light),
  };
}

/** A synthetic face as arrays for `writeDataset`: images as halves, what is measured as float32, the scene as text in bytes. */
export function sampleArrays(face: SyntheticFace): Readonly<Record<string, ArrayToStore>> {
  const { size } = face.scene;
  const image = (data: Float32Array, ...channels: number[]): ArrayToStore => ({
    type: 'F16',
    shape: [size, size, ...channels],
    data,
  });
  const scene = new TextEncoder().encode(JSON.stringify(face.scene));
  return {
    local: image(face.local, 3),
    traced: image(face.traced, 3),
    albedo: image(face.albedo, 3),
    normals: image(face.normals, 3),
    depth: { type: 'F32', shape: [size, size], data: face.depth },
    uv: { type: 'F32', shape: [size, size, 2], data: face.uv },
    mask: { type: 'U8', shape: [size, size], data: face.mask },
    faceMask: image(face.faceMask),
    landmarks: { type: 'F32', shape: [68, 2], data: face.landmarks },
    light: { type: 'F32', shape: [81, 3], data: face.light },
    scene: { type: 'U8', shape: [scene.length], data: scene },
  };
}
