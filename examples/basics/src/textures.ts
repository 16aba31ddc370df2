// Albedo and roughness textures of a known shape from 24 photographs of it, each under three other lamps.
import { compile, full, Generator, Parameter, tensor, type Tensor } from '@chiaro/autograd';
import { Adam } from '@chiaro/nn';
import { directionalLight, ggx, lookAt, pathTrace, perspective, totalVariation } from '@chiaro/render';
import { glaze, vase } from './objects.js';
import { fitPictures, show, writePictures, type Result, type Run } from './report.js';

/** Texels per side. */
const side = 64;
const photoCount = 24;

interface Glaze {
  readonly albedo: Tensor;
  readonly roughness: Tensor;
}

/** Where the camera stands, [3], and where three lamps shine to, [3, 3], in photograph k. */
function setup(k: number): { eye: Tensor; lamps: Tensor } {
  const turn = k * 2.4; // the golden angle: no view repeats
  const lamps = [-1, 0, 1].map((i) => {
    const [angle, height] = [turn + 0.9 * i + 0.3 * Math.sin(5 * k), 1.1 * Math.sin(1.7 * k + 2.1 * i)];
    return [-Math.sin(angle), -height, -Math.cos(angle)];
  });
  return { eye: tensor([4.2 * Math.sin(turn), 0.8 * Math.cos(k), 4.2 * Math.cos(turn)]), lamps: tensor(lamps) };
}

export async function textures(run: Run): Promise<Result> {
  const { size, spp, steps } = run;
  const mesh = vase();
  const noise = new Generator(1);
  const photograph = ({ albedo, roughness }: Glaze, eye: Tensor, lamps: Tensor, samples: number): Tensor => {
    const bsdf = ggx({ diffuse: albedo, specular: 0.2, roughness });
    const emitters = [0, 1, 2].map((i) => directionalLight({ direction: lamps.select(0, i), irradiance: 1.2 }));
    const camera = perspective({ fovY: 0.55, width: size, height: size, ...lookAt(eye, [0, 0, 0]) });
    return pathTrace({ shapes: [{ mesh, bsdf }], emitters }, camera, { spp: samples, generator: noise }).image;
  };

  const truth = glaze(side);
  const start = { albedo: full([side, side, 3], 0.4), roughness: full([side, side, 1], 0.5) };
  const found = { albedo: new Parameter(start.albedo), roughness: new Parameter(start.roughness) };
  const take = compile((eye: Tensor, lamps: Tensor) => photograph(truth, eye, lamps, spp));
  const photos = Array.from({ length: photoCount }, (_, k) => {
    const { eye, lamps } = setup(k);
    return { eye, lamps, image: take(eye, lamps) };
  });

  const adam = new Adam(found, { lr: 0.02 });
  const step = compile((eye: Tensor, lamps: Tensor, photo: Tensor) => {
    const smooth = totalVariation(found.albedo).add(totalVariation(found.roughness)).mul(1e-3);
    const loss = photograph(found, eye, lamps, 4).sub(photo).abs().mean().add(smooth);
    loss.backward();
    adam.step();
    adam.zeroGrad();
    return loss;
  });
  for (let i = 0; i < steps; i++) {
    if (i === Math.floor(0.7 * steps)) adam.groups[0]!.lr /= 4;
    const { eye, lamps, image } = photos[i % photoCount]!;
    step(eye, lamps, image);
  }

  const error = (a: Tensor, b: Tensor): Promise<number> => a.sub(b).abs().mean().item();
  const errors = async (key: keyof Glaze): Promise<[number, number]> => [
    await error(start[key], truth[key]),
    await error(found[key], truth[key]),
  ];
  const [albedo, roughness] = [await errors('albedo'), await errors('roughness')];
  const { eye, lamps } = setup(0);
  const [target, first, last] = [truth, start, found].map((g) => photograph(g, eye, lamps, spp));
  await writePictures(run, 'textures', fitPictures(target!, first!, last!));
  const flat = (t: Tensor): Tensor =>
    t
      .reshape([side, 1, side, 1, t.shape[2]!])
      .expand([side, 2, side, 2, 3])
      .reshape([2 * side, 2 * side, 3]);
  await writePictures(run, 'textures-flat', {
    albedo: flat(truth.albedo),
    found: flat(found.albedo),
    roughness: flat(truth.roughness),
    foundRoughness: flat(found.roughness),
  });
  return {
    before: albedo[0] + roughness[0],
    after: albedo[1] + roughness[1],
    lines: [
      `mean error of albedo      ${albedo.map(show).join(' -> ')}`,
      `mean error of roughness   ${roughness.map(show).join(' -> ')}`,
    ],
  };
}
