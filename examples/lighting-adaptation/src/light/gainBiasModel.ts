import { concat, resizeBilinear, ShapeError, type Generator, type Tensor } from '@chiaro/autograd';
import { AvgPool2d, Conv2d, ConvTranspose2d, heNormal, LeakyReLU, Linear, Module, Sequential } from '@chiaro/nn';
import type { LightInputs, LightModel, Relit } from './lightModel.js';

/** How large G is. */
export interface GainBiasSize {
  /** Groups of lamps; a code has three numbers of each. 50 in the paper. */
  readonly groups: number;
  /** Texels of a side of the maps before they are enlarged: 256 in the paper, a multiple of 64. */
  readonly mapSize: number;
  /** All channels are this share of the paper's: 1. */
  readonly width: number;
}

const slope = 0.2;

/** Two fully connected layers of equal width. */
const perceptron = (inputs: number, width: number, generator: Generator): Sequential =>
  new Sequential([
    ...[new Linear(inputs, width, { generator }), new LeakyReLU(slope)],
    ...[new Linear(width, width, { generator }), new LeakyReLU(slope)],
  ]);

/**
 * G of eq. 3: gain and bias maps of a light code, the head's rotation, the view and the fully lit texture; figure 10. Where the
 * paper's prose counts layers otherwise (both perceptrons to 256, four transposed convolutions before the join, two in each
 * branch) it could not join features of 16 x 16 with a texture that was halved four times; the figure's numbers can:
 *
 * - code 150 to 256 to 256; rotation and view 6 to 128 to 128; together 384, to 4096 = 256 @ 4 x 4; convolution 256; transposed
 *   to 256 @ 8 and 128 @ 16
 * - texture 3 @ 256, four times convolution (64, 64, 128, 128) and halved, to 128 @ 16
 * - together 256 @ 16; two branches of transposed convolutions 128, 64, 32, 3, to 256 x 256; bilinear to the texture's size
 *
 * Kernels 4 x 4 with stride 2, or 3 x 3, leaky ReLU of slope 0.2, no last activation. The gain starts at 1, the bias at 0.
 * 5,502,086 parameters at the paper's size.
 */
export class GainBiasModel extends Module implements LightModel {
  readonly lightFeatures: Sequential;
  readonly poseFeatures: Sequential;
  readonly seed: Linear;
  readonly lightLayers: Sequential;
  readonly textureLayers: Sequential;
  readonly gainBranch: Sequential;
  readonly biasBranch: Sequential;
  readonly codeSize: number;
  readonly #mapSize: number;
  readonly #seedChannels: number;

  /** @throws ShapeError for maps that cannot be halved six times. */
  constructor({ groups, mapSize, width }: GainBiasSize, generator: Generator) {
    super();
    if (mapSize < 64 || mapSize % 64 !== 0) {
      throw new ShapeError(`GainBiasModel: the side of the maps must be a multiple of 64, got ${mapSize}`);
    }
    const of = (channels: number): number => Math.max(1, Math.round(channels * width));
    const up = (inputs: number, outputs: number) =>
      new ConvTranspose2d(inputs, outputs, 4, { stride: 2, padding: 1, generator });
    const same = (inputs: number, outputs: number) => new Conv2d(inputs, outputs, 3, { padding: 1, generator });
    const leaky = new LeakyReLU(slope);
    const side = mapSize / 64;
    this.codeSize = 3 * groups;
    this.lightFeatures = perceptron(this.codeSize, of(256), generator);
    this.poseFeatures = perceptron(6, of(128), generator);
    this.seed = new Linear(of(256) + of(128), of(256) * side * side, { generator });
    this.lightLayers = new Sequential([
      ...[leaky, same(of(256), of(256)), leaky],
      ...[up(of(256), of(256)), leaky, up(of(256), of(128)), leaky],
    ]);
    const seen = [3, of(64), of(64), of(128), of(128)];
    this.textureLayers = new Sequential(
      seen.slice(1).flatMap((out, k) => [same(seen[k], out), leaky, new AvgPool2d(2)]),
    );
    const branch = (): Sequential => {
      const widths = [2 * of(128), of(128), of(64), of(32), 3];
      return new Sequential(widths.slice(1).flatMap((out, k) => [...(k > 0 ? [leaky] : []), up(widths[k], out)]));
    };
    [this.gainBranch, this.biasBranch] = [branch(), branch()];
    heNormal(this, { slope, generator });
    for (const [layers, start] of [
      [this.gainBranch, 1],
      [this.biasBranch, 0],
    ] as const) {
      // prettier-ignore
      const last = layers.modules[layers.modules.length - 1] as ConvTranspose2d;
      last.weight.assign(0);
      last.bias!.assign(start);
    }
    this.#mapSize = mapSize;
    this.#seedChannels = of(256);
  }

  /** @throws ShapeError for codes of another length. */
  relight({ textures, light, rotations, views }: LightInputs): Relit {
    const [batch, size] = textures.shape;
    if (light.shape[light.rank - 1] !== this.codeSize) {
      throw new ShapeError(`GainBiasModel: codes have ${this.codeSize} numbers, got [${light.shape.join(', ')}]`);
    }
    const codes = light.expand([batch, this.codeSize]);
    const ofLight = this.lightFeatures.forward(codes);
    const ofPose = this.poseFeatures.forward(concat([rotations, views], 1));
    const side = this.#mapSize / 64;
    const seed = this.seed.forward(concat([ofLight, ofPose], 1)).reshape([batch, this.#seedChannels, side, side]);
    const pixels = textures.permute([0, 3, 1, 2]);
    const small = size > this.#mapSize ? new AvgPool2d(size / this.#mapSize).forward(pixels) : pixels;
    const ofTexture = this.textureLayers.forward(small);
    const joined = concat([this.lightLayers.forward(seed), ofTexture], 1);
    const map = (branch: Sequential): Tensor => {
      const values = branch.forward(joined);
      return (size === this.#mapSize ? values : resizeBilinear(values, [size, size])).permute([0, 2, 3, 1]);
    };
    const [gain, bias] = [map(this.gainBranch), map(this.biasBranch)];
    return { textures: textures.mul(gain).add(bias), gain, bias };
  }

  /** Gain and bias beside each other have no one input: see `relight`. */
  override forward(joined: Tensor): Tensor {
    return this.gainBranch.forward(joined);
  }
}
