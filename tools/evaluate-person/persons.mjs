// Persons to photograph several times: faces of the fitted model with bumps that none of its modes has.
import { Generator, tensor } from '@chiaro/autograd';
import { axisAngle, ggx, linearToBytes, vertexNormals } from '@chiaro/render';
import { cameraOf } from '../evaluate-fit/faces.mjs';
import { exposed, lightMap, photoLight } from '../evaluate-fit/lights.mjs';
import { paintSkin } from '../evaluate-fit/skin.mjs';
import { picture } from '../evaluate-fit/truth.mjs';
import { randomSource } from '../face-model/random.mjs';

const extent = 280; // mm across the picture
const yaws = [-0.5, -0.17, 0.17, 0.5];

/** [V * 3] smooth bumps of up to 3 mm, to be added to positions. */
async function bumpsOf(model, rest, between) {
  const bumps = Array.from({ length: 14 }, () => ({
    at: [between(-70, 70), between(-90, 60), between(60, 120)],
    size: between(12, 30),
    height: between(-3, 3),
  }));
  const normals = await vertexNormals(tensor(rest, [model.vertexCount, 3]), model.mesh().topology).data();
  return rest.map((_, i) => {
    const v = i - (i % 3);
    const push = bumps.reduce((sum, { at, size, height }) => {
      const square = [0, 1, 2].reduce((s, c) => s + (rest[v + c] - at[c]) ** 2, 0);
      return sum + height * Math.exp(-square / (2 * size * size));
    }, 0);
    return push * normals[i];
  });
}

/** Landmarks [136] with the errors of a detector: normal, in parts of the distance of the outer corners of the eyes. */
export function blurred(landmarks, part, random) {
  const eyes = Math.hypot(landmarks[72] - landmarks[90], landmarks[73] - landmarks[91]);
  return Float32Array.from(landmarks, (x) => x + part * eyes * random.normal());
}

/**
 * Person `number`: { neutral [V * 3] mm, faces: [{ photo, landmarks }] }, a face for each of `views` pictures with an expression,
 * a pose, a distance and a light of its own. Equal numbers give equal persons.
 * @param blur error of the landmarks, see `blurred`.
 */
export async function personOf(model, number, { views, size, spp, blur }) {
  const random = randomSource(7919 * number + 5);
  const between = (low, high) => low + (high - low) * random.uniform();
  const { identity } = model.sample(new Generator(1000 + number), { spread: 0.8 });
  const shape = Float32Array.from(await model.geometry({ identity }).data());
  const bumps = await bumpsOf(model, shape, between);
  const skin = paintSkin(model.data, random);
  const column = (values) => tensor(values, [model.vertexCount, 3]);
  const bsdf = ggx({ diffuse: column(skin.diffuse), specular: column(skin.specular), roughness: between(0.42, 0.55) });
  const faces = [];
  for (let view = 0; view < views; view++) {
    const yaw = yaws[view % yaws.length] + between(-0.06, 0.06);
    const [pitch, roll, distance] = [between(-0.15, 0.15), between(-0.08, 0.08), between(800, 1600)];
    const { blendshapes } = model.sample(new Generator(31 * number + view), { spread: 0, expression: 0.6 });
    const moved = await model.geometry({ identity, blendshapes }).data();
    const rest = Float32Array.from(moved, (x, i) => x + bumps[i]);
    const turned = axisAngle(tensor([0, 0, roll])).apply(
      axisAngle(tensor([pitch, 0, 0])).apply(axisAngle(tensor([0, yaw, 0])).apply(column(rest))),
    );
    const ids = model.landmarkIds({ yaw, pitch });
    const positions = Float32Array.from(await turned.data());
    const middle = (c) => {
      const values = Array.from(ids, (v) => positions[3 * v + c]);
      return (Math.min(...values) + Math.max(...values)) / 2;
    };
    const offset = [-middle(0), -middle(1) - 15, -distance];
    positions.forEach((x, i) => (positions[i] = x + offset[i % 3]));
    const place = column(positions);
    const camera = cameraOf(size, (size * distance) / extent);
    const mesh = { ...model.mesh(place), rest: positions, normals: vertexNormals(place, model.mesh().topology) };
    const dark = photoLight(17 * number + view, yaw);
    const trial = await picture({ mesh, bsdf }, camera, lightMap(dark), { spp: 16, seed: 1 }).data();
    const lit = [...trial].filter((x) => x > 0).sort((a, b) => a - b);
    const light = lightMap(exposed(dark, 0.7 / lit[Math.floor(0.95 * lit.length)]));
    const image = picture({ mesh, bsdf }, camera, light, { spp, seed: 2, background: true });
    const data = Float32Array.from(await image.clamp(0, 1).data());
    const square = { width: size, height: size };
    const points = await camera.toPixels(model.landmarks(place, { yaw, pitch })).slice(null, [0, 2]).flatten().data();
    faces.push({
      photo: {
        name: `person ${number}, picture ${view + 1}`,
        image: { ...square, channels: 3, data },
        srgb: linearToBytes(data),
        ...square,
        originalWidth: size,
        originalHeight: size,
        notes: [],
      },
      landmarks: blurred(points, blur, random),
    });
  }
  return { neutral: shape.map((x, i) => x + bumps[i]), faces };
}
