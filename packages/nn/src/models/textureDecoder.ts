import { ShapeError, type Generator, type Tensor } from '../engine.js';
import { BatchNorm2d, Conv2d, ConvTranspose2d, ELU, Linear, Module, Sequential, Tanh } from '../layers/index.js';

/** A stage of `TextureDecoder`: a transposed convolution that doubles the size, then convolutions that keep it. */
export interface TextureDecoderStage {
  /** Channels behind the transposed convolution. */
  readonly up: number;
  /** Channels and kernel size of each convolution; sizes are odd. */
  readonly convolutions: readonly (readonly [channels: number, kernel: number])[];
}

/** Table 4 of Dib et al. 2022 (S2F2), which ends in three channels at 64 times the first size. */
export const s2f2DecoderStages: readonly TextureDecoderStage[] = [
  { up: 160, convolutions: [[256, 1]] },
  { up: 256, convolutions: [[128, 3], [192, 3]] }, // prettier-ignore
  { up: 192, convolutions: [[96, 3], [128, 3]] }, // prettier-ignore
  { up: 128, convolutions: [[64, 3], [64, 3]] }, // prettier-ignore
  { up: 64, convolutions: [[32, 3], [42, 3]] }, // prettier-ignore
  { up: 42, convolutions: [[21, 3], [3, 3]] }, // prettier-ignore
];

/** Options of `TextureDecoder`. */
export interface TextureDecoderOptions {
  /** Numbers per code. */
  readonly latents: number;
  /** `s2f2DecoderStages` unless given; the last one's last convolution gives the channels of the texture. */
  readonly stages?: readonly TextureDecoderStage[];
  /** Channels of the first 4 x 4 image: 256. */
  readonly channels?: number;
  readonly generator?: Generator;
}

/** Side of the first image. */
const start = 4;

/**
 * A decoder from codes [B, latents] to textures [B, C, S, S] in (-1, 1), S = 4 times 2 to the number of stages: a fully
 * connected layer to 256 x 4 x 4, then stages of a 3 x 3 transposed convolution with stride 2 and of convolutions, each
 * followed by batch normalisation and ELU, the last one by tanh. The last layer begins at zero, so that the first textures
 * are: what is decoded is an increment. Dib et al. 2022 (S2F2), table 4, with 6,579,291 parameters for codes of 1000
 * numbers; the fully connected layer, padding and biases are not in the table.
 *
 * @example
 * const decoder = new TextureDecoder({ latents: 1000 });
 * const increment = decoder.forward(encoder.forward(images)); // [B, 3, 256, 256]
 */
export class TextureDecoder extends Module {
  readonly expand: Linear;
  readonly stages: Sequential;
  readonly #channels: number;

  /** @throws ShapeError where there is no stage, a stage has no convolution, or a kernel is of even size. */
  constructor({ latents, stages = s2f2DecoderStages, channels = 256, generator }: TextureDecoderOptions) {
    super();
    const convolutions = stages.flatMap((stage) => stage.convolutions);
    if (stages.length === 0 || stages.some((s) => s.convolutions.length === 0)) {
      throw new ShapeError(
        `TextureDecoder: needs stages of at least one convolution each, got ${stages.length} stages`,
      );
    }
    const even = convolutions.find(([, kernel]) => kernel % 2 !== 1);
    if (even) throw new ShapeError(`TextureDecoder: a kernel of ${even[1]} does not keep the size; it must be odd`);
    this.#channels = channels;
    this.expand = new Linear(latents, channels * start * start, { generator });
    const modules: Module[] = [];
    let inputs = channels;
    const add = (layer: Module, outputs: number): void => {
      modules.push(layer, new BatchNorm2d(outputs), new ELU());
      inputs = outputs;
    };
    for (const { up, convolutions: kept } of stages) {
      add(new ConvTranspose2d(inputs, up, 3, { stride: 2, padding: 1, outputPadding: 1, generator }), up);
      for (const [out, kernel] of kept) add(new Conv2d(inputs, out, kernel, { padding: kernel >> 1, generator }), out);
    }
    const head = modules.at(-3)!;
    modules.splice(-2, 2, new Tanh());
    for (const p of head.parameters()) p.assign(0);
    this.stages = new Sequential(modules);
  }

  override forward(codes: Tensor): Tensor {
    return this.stages.forward(this.expand.forward(codes).reshape([-1, this.#channels, start, start]));
  }
}
