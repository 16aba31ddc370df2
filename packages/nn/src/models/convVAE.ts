import { ChiaroError, randn, type Generator, type Tensor } from '../engine.js';
import { Conv2d, ConvTranspose2d, LeakyReLU, Linear, Module, Sequential } from '../layers/index.js';
import { klNormal } from '../losses/index.js';

/** Options of `ConvVAE`. */
export interface ConvVAEOptions {
  /** Height and width of the images: a multiple of 2 to the number of `widths`. */
  readonly size: number;
  /** Channels of the images: 3. */
  readonly channels?: number;
  /** Channels of the encoder's layers, each of which halves the image; the decoder's are the same in reverse. */
  readonly widths: readonly number[];
  readonly latents: number;
  /** Draws the first weights and, in training mode, the latents; put it into the state of a `Trainer`. */
  readonly generator?: Generator;
}

/** A normal distribution of latents per image, both [B, latents]. */
export interface LatentDistribution {
  readonly mean: Tensor;
  readonly logVariance: Tensor;
}

/**
 * A convolutional variational autoencoder (Kingma and Welling 2014): 4 x 4 convolutions with stride 2 and leaky ReLU down to a
 * normal distribution of latents, and transposed ones back to an image without a last activation.
 *
 * @example
 * const vae = new ConvVAE({ size: 64, widths: [16, 32, 64], latents: 32, generator });
 * const { reconstruction, divergence } = vae.pass(images);
 * const loss = mseLoss(reconstruction, images, { reduction: 'sum' }).div(batch).add(divergence);
 */
export class ConvVAE extends Module {
  readonly encoder: Sequential;
  readonly mean: Linear;
  readonly logVariance: Linear;
  readonly expand: Linear;
  readonly decoder: Sequential;
  readonly #seed: readonly [channels: number, size: number];
  readonly #generator: Generator | undefined;

  /** @throws ChiaroError for a size that cannot be halved so often. */
  constructor({ size, channels = 3, widths, latents, generator }: ConvVAEOptions) {
    super();
    const small = size / 2 ** widths.length;
    if (widths.length === 0 || !Number.isInteger(small)) {
      throw new ChiaroError(`ConvVAE: a size of ${size} cannot be halved ${widths.length} times`);
    }
    const around = { stride: 2, padding: 1, generator };
    const through = [channels, ...widths];
    this.encoder = new Sequential(
      widths.flatMap((out, i) => [new Conv2d(through[i]!, out, 4, around), new LeakyReLU(0.2)]),
    );
    const deepest = widths.at(-1)!;
    const features = deepest * small * small;
    this.mean = new Linear(features, latents, { generator });
    this.logVariance = new Linear(features, latents, { generator });
    this.expand = new Linear(latents, features, { generator });
    const back = [...through].reverse();
    this.decoder = new Sequential(
      widths.flatMap((_, i) => [new LeakyReLU(0.2), new ConvTranspose2d(back[i]!, back[i + 1]!, 4, around)]),
    );
    this.#seed = [deepest, small];
    this.#generator = generator;
  }

  /** The distribution of latents of images [B, channels, size, size]. */
  encode(images: Tensor): LatentDistribution {
    const features = this.encoder.forward(images).flatten(1);
    return { mean: this.mean.forward(features), logVariance: this.logVariance.forward(features) };
  }

  /** A draw of latents, differentiable in the distribution. */
  sample({ mean, logVariance }: LatentDistribution): Tensor {
    const noise = randn(mean.shape, this.#generator ? { generator: this.#generator } : {});
    return logVariance.mul(0.5).exp().mul(noise).add(mean);
  }

  /** Images of latents [B, latents]. */
  decode(latents: Tensor): Tensor {
    const [channels, size] = this.#seed;
    return this.decoder.forward(this.expand.forward(latents).reshape([-1, channels, size, size]));
  }

  /**
   * Through the bottleneck: with drawn latents in training mode, with their means in use.
   * @returns images of the input's shape, and the divergence of the latents from the standard normal distribution, summed
   *   over latents and averaged over the batch.
   */
  pass(images: Tensor): { readonly reconstruction: Tensor; readonly divergence: Tensor } {
    const distribution = this.encode(images);
    const { mean, logVariance } = distribution;
    return {
      reconstruction: this.decode(this.training ? this.sample(distribution) : mean),
      divergence: klNormal(mean, logVariance, { reduction: 'sum' }).div(images.shape[0]!),
    };
  }

  /** The reconstruction alone. */
  override forward(images: Tensor): Tensor {
    return this.pass(images).reconstruction;
  }
}
