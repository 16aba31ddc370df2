import { Cell, concat, randn, ShapeError, tensor, type Generator, type Tensor } from '@chiaro/autograd';
import {
  Conv2d,
  ConvTranspose2d,
  klNormal,
  LeakyReLU,
  Linear,
  Module,
  Sequential,
  WeightNorm,
  type LatentDistribution,
} from '@chiaro/nn';
import type { Mesh } from '@chiaro/render';
import type { Avatar, DecodedFaces } from './avatar.js';

/** How wide a Deep Appearance Model is. */
export interface AppearanceSize {
  /** Numbers of a code. */
  readonly codeSize: number;
  /** Channels of the encoder's layers, each of which halves the texture, down to 4 x 4. */
  readonly encoder: readonly number[];
  /** Channels of the decoder's layers but the last, which has 3; as many layers as the encoder's. */
  readonly decoder: readonly number[];
  /** Features of mesh, texture and code: 256 in the published model. */
  readonly features: number;
}

/** What networks see, normalised: (value - mean) / scale, all of the training set. */
export interface AppearanceStatistics {
  /** [V * 3] mm; one scale for all. */
  readonly positions: ArrayLike<number>;
  readonly positionScale: number;
  /** [M * M * 3] */
  readonly texture: ArrayLike<number>;
  readonly textureScale: number;
}

/** Faces that it is trained on, B of them. */
export interface AppearanceBatch {
  /** [B, M, M, 3] means over all cameras. */
  readonly averages: Tensor;
  /** [B, V, 3] mm, head's frame. */
  readonly positions: Tensor;
  /** [B, M, M, 3] as one camera saw it, and [B, M, M, 1] where it did. */
  readonly textures: Tensor;
  readonly visible: Tensor;
  /** [B, 3] */
  readonly views: Tensor;
}

/** Features of the view vector. */
const viewFeatures = 8;
const corner = 4;
const slope = 0.2;
const around = { stride: 2, padding: 1 };

/**
 * A Deep Appearance Model (Lombardi et al. 2018; layers as in its published successor): a conditional variational autoencoder
 * of mesh and view-dependent texture. The encoder sees mesh and the texture averaged over views; the decoder gives the mesh by
 * the code alone, and the texture by code and view vector, through transposed convolutions with a bias of its own for every
 * channel and texel. All weights are normalised. What the paper calls D is `decode`.
 */
export class DeepAppearanceModel extends Module implements Avatar {
  readonly textureEncoder: Sequential;
  readonly textureFeatures: WeightNorm;
  readonly meshFeatures: WeightNorm;
  readonly mean: WeightNorm;
  readonly logDeviation: WeightNorm;
  readonly codeFeatures: WeightNorm;
  readonly viewFeatures: WeightNorm;
  readonly meshDecoder: WeightNorm;
  readonly textureSeed: WeightNorm;
  readonly textureDecoder: Sequential;
  readonly meanPositions: Cell;
  readonly positionScale: Cell;
  readonly meanTexture: Cell;
  readonly textureScale: Cell;
  readonly codeSize: number;
  readonly textureSize: number;
  /** Draws codes in training; put it into the state of a `Trainer`. */
  readonly generator: Generator;
  readonly #mesh: Mesh;
  readonly #activation = new LeakyReLU(slope);

  /** @throws ShapeError where encoder and decoder differ in layers. */
  constructor(mesh: Mesh, size: AppearanceSize, statistics: AppearanceStatistics, generator: Generator) {
    super();
    const { codeSize, encoder, decoder, features } = size;
    if (encoder.length !== decoder.length + 1) {
      throw new ShapeError(
        `DeepAppearanceModel: ${encoder.length} layers of the encoder need ${encoder.length - 1} widths of the decoder, ` +
          `whose last layer has 3 channels; got ${decoder.length}`,
      );
    }
    const vertices = mesh.topology.vertexCount;
    const linear = (inputs: number, outputs: number) => new WeightNorm(new Linear(inputs, outputs, { generator }));
    const through = [3, ...encoder];
    this.textureEncoder = new Sequential(
      encoder.flatMap((out, k) => [
        new WeightNorm(new Conv2d(through[k], out, 4, { ...around, generator })),
        new LeakyReLU(slope),
      ]),
    );
    this.textureFeatures = linear(through[encoder.length] * corner * corner, features);
    this.meshFeatures = linear(3 * vertices, features);
    this.mean = linear(2 * features, codeSize);
    this.logDeviation = linear(2 * features, codeSize);
    this.codeFeatures = linear(codeSize, features);
    this.viewFeatures = linear(3, viewFeatures);
    this.meshDecoder = linear(features, 3 * vertices);
    this.textureSeed = linear(features + viewFeatures, codeSize * corner * corner);
    const back = [codeSize, ...decoder, 3];
    this.textureDecoder = new Sequential(
      encoder.flatMap((_, k) => {
        const untiedBias = corner * 2 ** (k + 1);
        const layer = new ConvTranspose2d(back[k], back[k + 1], 4, { ...around, untiedBias, generator });
        return [new LeakyReLU(slope), new WeightNorm(layer)];
      }),
    );
    this.codeSize = codeSize;
    this.textureSize = corner * 2 ** encoder.length;
    const { positions, positionScale, texture, textureScale } = statistics;
    this.meanPositions = new Cell(tensor(Float32Array.from(positions), [vertices, 3]));
    this.positionScale = new Cell(tensor(positionScale));
    this.meanTexture = new Cell(tensor(Float32Array.from(texture), [this.textureSize, this.textureSize, 3]));
    this.textureScale = new Cell(tensor(textureScale));
    this.#mesh = mesh;
    this.generator = generator;
  }

  get mesh(): Mesh {
    return { ...this.#mesh, positions: this.meanPositions };
  }

  /** Distributions of the codes of faces: their mean textures over all views [B, M, M, 3], and positions [B, V, 3]. */
  encode(averages: Tensor, positions: Tensor): LatentDistribution {
    const active = (x: Tensor): Tensor => this.#activation.forward(x);
    const seen = averages.sub(this.meanTexture).div(this.textureScale).permute([0, 3, 1, 2]);
    const shape = positions.sub(this.meanPositions).div(this.positionScale).flatten(1);
    const ofTexture = active(this.textureFeatures.forward(this.textureEncoder.forward(seen).flatten(1)));
    const ofMesh = active(this.meshFeatures.forward(shape));
    const both = concat([ofTexture, ofMesh], 1);
    // small at first, so that training begins near the standard normal distribution
    return { mean: this.mean.forward(both).mul(0.1), logVariance: this.logDeviation.forward(both).mul(0.02) };
  }

  decode(codes: Tensor, views: Tensor): DecodedFaces {
    const active = (x: Tensor): Tensor => this.#activation.forward(x);
    const batch = codes.shape[0];
    const features = active(this.codeFeatures.forward(codes));
    const offsets = this.meshDecoder.forward(features).reshape([batch, -1, 3]);
    const seed = this.textureSeed.forward(concat([features, active(this.viewFeatures.forward(views))], 1));
    const texels = this.textureDecoder.forward(seed.reshape([batch, this.codeSize, corner, corner]));
    return {
      positions: offsets.mul(this.positionScale).add(this.meanPositions),
      textures: texels.permute([0, 2, 3, 1]).mul(this.textureScale).add(this.meanTexture),
    };
  }

  /** Textures [B, M, M, 3] of codes and view vectors side by side, [B, Z + 3]. */
  override forward(x: Tensor): Tensor {
    return this.decode(x.narrow(1, 0, this.codeSize), x.narrow(1, this.codeSize, 3)).textures;
  }

  /**
   * Terms of the training loss, in units of the training set's deviations: mean squared positions, mean squared visible
   * texels, and the divergence of the codes, 0.01 times its mean over codes.
   */
  terms({
    averages,
    positions,
    textures,
    visible,
    views,
  }: AppearanceBatch): Record<'mesh' | 'texture' | 'code', Tensor> {
    const { mean, logVariance } = this.encode(averages, positions);
    const noise = randn(mean.shape, { generator: this.generator });
    const found = this.decode(logVariance.mul(0.5).exp().mul(noise).add(mean), views);
    const squares = found.textures.sub(textures).div(this.textureScale).square().mul(visible);
    return {
      mesh: found.positions.sub(positions).div(this.positionScale).square().mean(),
      texture: squares.sum().div(visible.sum().mul(3).maximum(1)),
      code: klNormal(mean, logVariance).mul(0.01),
    };
  }
}
