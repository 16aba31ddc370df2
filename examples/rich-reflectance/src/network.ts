import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { concat, FormatError, noGrad, randn, tensor, type Generator, type Tensor } from '@chiaro/autograd';
import {
  enhancedFace,
  faceOfAttributes,
  type AttributeFace,
  type AttributeModel,
  type TextureIncrements,
} from '@chiaro/faces';
import {
  Linear,
  Module,
  readSafetensors,
  readTorch,
  resnet152,
  resnet18,
  s2f2DecoderStages,
  stateDictOf,
  TextureDecoder,
  writeSafetensors,
  type ResNet,
  type TextureDecoderStage,
} from '@chiaro/nn';
import { host } from '@chiaro/tensor/host';
import type { Preset } from './config.js';

/** E of section 3: a residual network whose last numbers are the latent, and a fully connected layer to the attributes. */
export class Encoder extends Module {
  readonly resnet: ResNet;
  readonly attributes: Linear;

  /** @param outputs numbers of the attribute vector. It begins close to zeros, which mean the mean face. */
  constructor(
    { encoder, width, latent }: Pick<Preset, 'encoder' | 'width' | 'latent'>,
    outputs: number,
    generator: Generator,
  ) {
    super();
    const make = encoder === 'resnet152' ? resnet152 : resnet18;
    this.resnet = make({ width, classes: latent, generator });
    this.attributes = new Linear(latent, outputs, { generator });
    this.attributes.weight.assign(randn([outputs, latent], { generator }).mul(0.001));
    this.attributes.bias?.assign(0);
  }

  /** Images [B, 3, S, S] in [-0.5, 0.5] -> latents [B, latent], which decoders take and `attributes` makes vectors of. */
  latents(images: Tensor): Tensor {
    return this.resnet.forward(images);
  }

  /** Images [B, 3, S, S] in [-0.5, 0.5] -> attribute vectors [B, outputs]. */
  override forward(images: Tensor): Tensor {
    return this.attributes.forward(this.latents(images));
  }
}

/** Gives the residual network the weights of a file of PyTorch (torchvision's `resnet152`, of 1000 classes). */
export async function loadImageNet({ resnet }: Encoder, file: string): Promise<void> {
  resnet.load(stateDictOf(await readTorch(await host.readFile(file))));
}

type DecoderSize = Pick<Preset, 'texture' | 'decoderChannels' | 'latent'>;

/**
 * Stages of a decoder to `texture` texels: as many of table 4 of S2F2 as double 4 x 4 to that, their channels in proportion
 * to `decoderChannels` of 256; the last convolution gives `outputs`. 256 texels and channels are table 4 itself.
 */
export function decoderStages({ texture, decoderChannels }: DecoderSize, outputs: number): TextureDecoderStage[] {
  const doublings = Math.log2(texture / 4);
  const scaled = (channels: number): number => Math.max(2, Math.round((channels * decoderChannels) / 256));
  return s2f2DecoderStages.slice(0, doublings).map(({ up, convolutions }, k) => ({
    up: scaled(up),
    convolutions: convolutions.map(([channels, kernel], n) => {
      const isLast = k === doublings - 1 && n === convolutions.length - 1;
      return [isLast ? outputs : scaled(channels), kernel] as const;
    }),
  }));
}

/** The largest diffuse and specular increment. */
const incrementRange = [0.5, 0.5, 0.5, 0.1];

/**
 * D_1 and D_2, from latents to increments of the albedos, or one network for both. "Cascade of 7 convolution layers" is all
 * that the paper says: these are S2F2's, see `decoderStages`. Increments are within +-0.5 (diffuse) and +-0.1 (specular),
 * and zero at first.
 */
export class AlbedoDecoders extends Module {
  /** D_1 with three channels, D_2 with one; or one network with four. */
  readonly networks: readonly TextureDecoder[];

  constructor(size: DecoderSize, kind: 'dual' | 'single', generator: Generator) {
    super();
    const { latent: latents, decoderChannels: channels } = size;
    this.networks = (kind === 'dual' ? [3, 1] : [4]).map(
      (outputs) => new TextureDecoder({ latents, channels, stages: decoderStages(size, outputs), generator }),
    );
  }

  /** Latents [B, latent] -> increments [B, M, M, 4], three of the diffuse albedo and one of the specular. */
  override forward(latents: Tensor): Tensor {
    const decoded = this.networks.map((network) => network.forward(latents));
    return concat(decoded, 1).permute([0, 2, 3, 1]).mul(tensor(incrementRange));
  }
}

/** Where a trained network of a row is kept. */
export const networkFile = (folder: string, row: string, seed: number, name: string): string =>
  join(folder, `seed-${seed}`, row, `${name}.safetensors`);

/** Writes the networks of a trained row, by their names, where `networkFile` says. */
export async function saveNetworks(
  folder: string,
  row: string,
  seed: number,
  networks: Readonly<Record<string, Module | undefined>>,
): Promise<void> {
  for (const [name, network] of Object.entries(networks))
    if (network)
      await host.writeFile(networkFile(folder, row, seed, name), writeSafetensors(await network.stateDict(), { row }));
}

/** Gives a network the weights of a file that a row has left. @throws FormatError where there is none, or of another network. */
export async function loadNetwork<N extends Module>(network: N, file: string): Promise<N> {
  if (!existsSync(file)) throw new FormatError(`${file} is not there: train the row first`);
  network.load(readSafetensors(await host.readFile(file))).eval();
  return network;
}

/** The increments of one face of those that `AlbedoDecoders` gives. */
export const incrementsOf = (increments: Tensor, b: number): TextureIncrements => {
  const own = increments.select(0, b);
  return { diffuse: own.narrow(2, 0, 3), specular: own.narrow(2, 3, 1) };
};

/** The faces that networks see in images [B, 3, S, S], one at a time; without decoders, base faces. No gradients. */
export function facesIn(
  of: AttributeModel,
  { encoder, decoders }: { readonly encoder: Encoder; readonly decoders?: AlbedoDecoders | undefined },
  images: Tensor,
): (b: number) => AttributeFace {
  const { vectors, increments } = noGrad(() => {
    const latents = encoder.latents(images);
    return { vectors: encoder.attributes.forward(latents), increments: decoders?.forward(latents) };
  });
  return (b) =>
    noGrad(() => {
      const base = faceOfAttributes(of, vectors.select(0, b));
      return increments ? enhancedFace(base, incrementsOf(increments, b)) : base;
    });
}
