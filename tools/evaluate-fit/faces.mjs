// Faces to photograph: of another model than the one that is fitted, posed before a camera, with a skin of their own.
import { readFileSync } from 'node:fs';
import { Generator, tensor } from '@chiaro/autograd';
import { MorphableModel, loadFaceModel, parseICTFace } from '@chiaro/faces';
import { axisAngle, ggx, pinhole, vertexNormals } from '@chiaro/render';
import { randomSource } from '../face-model/random.mjs';
import { paintSkin } from './skin.mjs';

/**
 * The model that the true faces are of: the ICT model's compact file, or without one the model that is fitted, whose
 * faces then get bumps that none of its modes has.
 */
export async function truthModel(path) {
  if (path === undefined) return { model: await loadFaceModel(), bumps: 14 };
  return { model: new MorphableModel(parseICTFace(readFileSync(path))), bumps: 0 };
}

/** A square picture whose principal point is its middle; `focal` in pixels. */
export const cameraOf = (size, focal) =>
  pinhole({ width: size, height: size, near: 50, far: 5000, intrinsics: tensor([focal, focal, size / 2, size / 2]) });

/** Millimetres that the picture shows at the head's distance. */
const extent = 225;

/** Rest positions [V * 3] with smooth bumps of a few millimetres along the normals. */
async function withBumps(model, rest, count, between) {
  const bumps = Array.from({ length: count }, () => ({
    at: [between(-70, 70), between(-90, 60), between(60, 120)],
    size: between(12, 30),
    height: between(-3, 3),
  }));
  const normals = await vertexNormals(tensor(rest, [model.vertexCount, 3]), model.mesh().topology).data();
  return rest.map((x, i) => {
    const v = i - (i % 3);
    let push = 0;
    for (const { at, size, height } of bumps) {
      const square = [0, 1, 2].reduce((sum, c) => sum + (rest[v + c] - at[c]) ** 2, 0);
      push += height * Math.exp(-square / (2 * size * size));
    }
    return x + push * normals[i];
  });
}

/**
 * Face `number`: { mesh (in the camera's frame), camera, yaw, bsdf, diffuse [V, 3], landmarks [136] }. Equal numbers give equal
 * faces.
 */
export async function trueFace({ model, bumps }, number, size) {
  const random = randomSource(104729 * number + 1);
  const between = (low, high) => low + (high - low) * random.uniform();
  const { identity, blendshapes } = model.sample(new Generator(number), { spread: 0.8, expression: 0.6 });
  const shape = Float32Array.from(await model.geometry({ identity, blendshapes }).data());
  const rest = bumps > 0 ? await withBumps(model, shape, bumps, between) : shape;
  const [pitch, yaw, roll] = [between(-0.15, 0.15), between(-0.4, 0.4), between(-0.08, 0.08)];
  const distance = between(800, 1600);

  const ids = model.landmarkIds({ yaw, pitch });
  const turned = axisAngle(tensor([0, 0, roll])).apply(
    axisAngle(tensor([pitch, 0, 0])).apply(axisAngle(tensor([0, yaw, 0])).apply(tensor(rest, [model.vertexCount, 3]))),
  );
  const positions = Float32Array.from(await turned.data());
  // landmarks end at the brows: the middle of the picture is a little higher than theirs
  const middle = (c) => {
    const values = Array.from(ids, (v) => positions[3 * v + c]);
    return (Math.min(...values) + Math.max(...values)) / 2;
  };
  const offset = [-middle(0), -middle(1) - 15, -distance];
  positions.forEach((x, i) => (positions[i] = x + offset[i % 3]));

  const place = tensor(positions, [model.vertexCount, 3]);
  const camera = cameraOf(size, (size * distance) / extent);
  const skin = paintSkin(model.data, random);
  const [diffuse, specular] = [skin.diffuse, skin.specular].map((values) => tensor(values, [model.vertexCount, 3]));
  const mesh = model.mesh(place);
  return {
    mesh: { ...mesh, rest: positions, normals: vertexNormals(place, mesh.topology) },
    positions,
    camera,
    yaw,
    diffuse,
    bsdf: ggx({ diffuse, specular, roughness: between(0.42, 0.55) }),
    landmarks: await camera.toPixels(model.landmarks(place, { yaw, pitch })).slice(null, [0, 2]).flatten().data(),
  };
}
