import {
  compile,
  deviceInfo,
  Generator,
  idle,
  memory,
  noGrad,
  Parameter,
  rand,
  realize,
  tensor,
  zeros,
  type Tensor,
} from '@chiaro/autograd';
import {
  albedoAtlas,
  baseEnergy,
  faceOfAttributes,
  MorphableModel,
  subdivideFaceModel,
  type AttributeModel,
  type BaseWeights,
} from '@chiaro/faces';
import { pinhole } from '@chiaro/render';
import { baseRows, type Preset } from './config.js';
import { attributeModel, settingOf } from './experiment.js';
import { AlbedoDecoders, Encoder } from './network.js';

/** Least and median of so many runs after a first one that makes the kernels, milliseconds. */
async function timed(runs: number, work: () => Promise<unknown>): Promise<{ least: number; median: number }> {
  await work();
  await idle();
  const times: number[] = [];
  for (let k = 0; k < runs; k++) {
    const begun = performance.now();
    await work();
    await idle();
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  return { least: times[0], median: times[runs >> 1] };
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/** Vertices that a face must at least have. */
const leastVertices = 9000;

/** What is measured besides the world's setting. */
export interface CostPlan {
  /** Samples per pixel, and factors of the energy whose gradient is taken. */
  readonly spp: number;
  readonly weights: BaseWeights;
  /** What networks make of one picture [1, 3, S, S], by the lines' names; each is called several times, without gradients. */
  readonly networks: (images: Tensor, outputs: number, generator: Generator) => Readonly<Record<string, () => Tensor>>;
}

/** A gradient step of one picture: what the papers do for each image of a batch, without the networks. */
async function imageCost(
  of: AttributeModel,
  { size, lightHeight }: Preset,
  { spp, weights }: CostPlan,
  focal: number,
  runs: number,
) {
  const camera = pinhole({
    ...{ width: size, height: size, near: 50, far: 5000 },
    intrinsics: tensor([focal, focal, 0.5, 0.5].map((x) => x * size)),
  });
  const generator = new Generator(1);
  const photo = rand([size, size, 3], { generator });
  const ones = tensor(new Float32Array(68).fill(1));
  const targets = { landmarks: zeros([68, 2]), tangents: zeros([68, 2]).add(1), slide: ones, sigma: 1 };
  const vector = new Parameter(zeros([of.layout.size]));
  const step = compile(() => {
    const rays = { spp, depth: 2, lightHeight, generator };
    const face = faceOfAttributes(of, vector);
    const loss = baseEnergy(of.model, face, { photo, camera, targets }, rays, weights).sum();
    loss.backward();
    const gradient = vector.grad!;
    vector.grad = null;
    return [loss, gradient];
  });
  const time = await timed(runs, async () => realize(...step()));
  step.dispose();
  return time;
}

/**
 * What a preset costs on this machine, as a table: forward and backward of one picture through the differentiable ray tracer
 * on a mesh of at least 9,000 vertices (the model's triangles in four, once or more), and one picture through networks. Times
 * are the least and the median of `runs` after a first run that makes the kernels.
 */
export async function costTable(preset: Preset, plan: CostPlan, runs = 5): Promise<string> {
  const setting = await settingOf(preset);
  let { model } = setting;
  while (model.vertexCount < leastVertices) model = new MorphableModel(subdivideFaceModel(model.data));
  const { layout } = attributeModel(setting, 9);
  const of = { model, layout, atlas: albedoAtlas(model, preset.texture) };
  const image = await imageCost(of, preset, plan, setting.focal, runs);
  const { liveBytes, pooledBytes } = memory();
  const generator = new Generator(2);
  const images = rand([1, 3, preset.size, preset.size], { generator });
  const row = (what: string, { least, median }: { least: number; median: number }): string =>
    `| ${what} | ${least.toFixed(0)} | ${median.toFixed(0)} |`;
  const rows = [row('ray tracing, forward and backward', image)];
  for (const [name, network] of Object.entries(plan.networks(images, layout.size, generator)))
    rows.push(row(name, await timed(runs, () => realize(noGrad(network)))));
  const { size } = preset;
  return [
    `${(await deviceInfo()).name}; ${size} x ${size} pixels, ${plan.spp} samples, ${model.vertexCount} vertices`,
    '',
    '| one picture | least [ms] | median [ms] |',
    '| --- | ---: | ---: |',
    ...rows,
    '',
    `GPU buffers after the ray traced picture, in use or kept for the next step: ${megabytes(liveBytes + pooledBytes)}`,
  ].join('\n');
}

/** The rows of this paper: the base reconstruction by rays, E, and both decoders. */
export const richCost = (preset: Preset): CostPlan => ({
  ...{ spp: baseRows.rays.spp, weights: baseRows.rays.weights },
  networks: (images, outputs, generator) => {
    const encoder = new Encoder(preset, outputs, generator).eval();
    const decoders = new AlbedoDecoders(preset, 'dual', generator).eval();
    const latents = noGrad(() => encoder.latents(images));
    return {
      [`E (${preset.encoder})`]: () => encoder.forward(images),
      'D1 and D2': () => decoders.forward(latents),
    };
  },
});
