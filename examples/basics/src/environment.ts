// The light around a known object, as 25 numbers per colour, from one image of it: by path tracing, shadows included.
import { compile, Generator, Parameter, tensor, type Tensor } from '@chiaro/autograd';
import { Adam } from '@chiaro/nn';
import {
  environmentFromSH,
  environmentOfSH,
  ggx,
  lookAt,
  pathTrace,
  perspective,
  projectEnvironment,
} from '@chiaro/render';
import { backdrop, sky, suzanne } from './objects.js';
import { fitPictures, show, writePictures, type Result, type Run } from './report.js';

export async function environment(run: Run): Promise<Result> {
  const { size, spp, steps } = run;
  const shape = {
    mesh: await suzanne(),
    bsdf: ggx({ diffuse: 0.3, specular: 0.5, roughness: 0.25 }),
  };
  const camera = perspective({ fovY: 0.6, width: size, height: size, ...lookAt([1.2, 0.5, 3.4], [0, 0, 0]) });
  const map = (await sky('sunset')).mul(0.7);
  const image = (light: Tensor, samples: number, generator: Generator): Tensor => {
    const emitter = { ...environmentFromSH(light, { height: 32 }), background: false };
    return pathTrace({ shapes: [shape], emitters: [emitter] }, camera, { spp: samples, generator }).image;
  };
  const target = pathTrace({ shapes: [shape], emitters: [backdrop(map)] }, camera, { spp, seed: 3 }).image;

  // grey light from everywhere, of the image's brightness
  const start = tensor(Array.from({ length: 25 }, (_, k) => new Array<number>(3).fill(k === 0 ? 1 : 0)));
  const light = new Parameter(start);
  const noise = new Generator(1);
  const adam = new Adam([light], { lr: 0.03 });
  const step = compile(() => {
    const loss = image(light, 4, noise).sub(target).square().mean();
    loss.backward();
    adam.step();
    adam.zeroGrad();
    return loss;
  });
  for (let i = 0; i < steps; i++) {
    if (i === Math.floor(0.7 * steps)) adam.groups[0]!.lr /= 5;
    step();
  }

  const truth = projectEnvironment(map, { degree: 4 });
  const rms = (x: Tensor): Promise<number> => x.square().mean().sqrt().item();
  const [before, after] = [await rms(start.sub(truth)), await rms(light.sub(truth))];
  const [first, last] = [image(start, spp, new Generator(2)), image(light, spp, new Generator(2))];
  await writePictures(run, 'environment', fitPictures(target, first, last));
  const around = { height: 64, width: 128 };
  await writePictures(run, 'environment-map', {
    true: environmentOfSH(truth, around),
    start: environmentOfSH(start, around),
    found: environmentOfSH(light, around),
    sky: map,
  });
  return {
    before,
    after,
    lines: [
      `RMS error of the 25 x 3 coefficients     ${show(before)} -> ${show(after)} (RMS of the true ones ${show(await rms(truth))})`,
      `RMS error of the image                   ${show(await rms(first.sub(target)))} -> ${show(await rms(last.sub(target)))}`,
    ],
  };
}
