// One mesh under several photographed skies, and under what is left of them in a few spherical harmonics.
import { concat, tensor, type Tensor } from '@chiaro/autograd';
import {
  environment,
  environmentFromSH,
  ggx,
  l1,
  lookAt,
  pathTrace,
  perspective,
  projectEnvironment,
  type PathTraced,
} from '@chiaro/render';
import { sky, suzanne } from './objects.js';
import { show, writePictures, type Result, type Run } from './report.js';

const names = ['sunset', 'city', 'forest'] as const;
const degrees = [0, 2, 8];

export async function relight(run: Run): Promise<Result> {
  const { size, spp } = run;
  const bsdf = ggx({ diffuse: tensor([0.5, 0.35, 0.25]), specular: 0.04, roughness: 0.3 });
  const shape = { mesh: await suzanne(), bsdf };
  const camera = perspective({ fovY: 0.6, width: size, height: size, ...lookAt([1.2, 0.5, 3.4], [0, 0, 0]) });
  const render = (emitter: ReturnType<typeof environment>): PathTraced =>
    pathTrace({ shapes: [shape], emitters: [emitter] }, camera, { spp, seed: 1 });

  const pictures: { sky: Tensor; harmonics: Tensor }[] = [];
  const errors: number[][] = [];
  for (const name of names) {
    const map = (await sky(name)).mul(0.6);
    const { image, mask } = render(environment(map));
    // the sky as (degree + 1)^2 numbers per colour
    const lit = degrees.map((degree) => render(environmentFromSH(projectEnvironment(map, { degree }), { height: 64 })));
    const difference = (other: Tensor): Promise<number> =>
      l1(other.unsqueeze(0), image.unsqueeze(0), { mask: mask.reshape([1, size, size, 1]) }).item();
    errors.push(await Promise.all(lit.map((l) => difference(l.image))));
    pictures.push({ sky: image, harmonics: lit.at(-1)!.image });
  }
  const row = (key: 'sky' | 'harmonics'): Tensor =>
    concat(
      pictures.map((p) => p[key]),
      1,
    );
  await writePictures(run, 'relight', { skies: row('sky'), harmonics: row('harmonics') }, 'vertical');
  const mean = (k: number): number => errors.reduce((sum, e) => sum + e[k]!, 0) / errors.length;
  return {
    before: mean(0),
    after: mean(degrees.length - 1),
    lines: [
      `mean difference on the mesh to the sky's light, by the bands that its light has kept`,
      `            ${degrees.map((l) => `l <= ${l}`.padEnd(9)).join('')}`,
      ...names.map((name, i) => `${name.padEnd(12)}${errors[i]!.map((e) => show(e).padEnd(9)).join('')}`),
    ],
  };
}
