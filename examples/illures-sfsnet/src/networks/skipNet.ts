import type { Generator, Tensor } from '@chiaro/autograd';
import { Linear, UpBlock, type Conv2d } from '@chiaro/nn';
import { Decomposer, compose, toPixels, toPlanes, type Decomposition } from './decomposition.js';
import { ConvNorm, convolution } from './layers.js';

/** How often the encoder halves its images. */
const stages = 4;

/**
 * SfSNet's source of pseudo labels: a plain encoder-decoder with skips, trained on renders, whose decompositions of real
 * frames SfSNet is then trained with. S is a multiple of 16.
 */
export class SkipNet extends Decomposer {
  readonly down: readonly ConvNorm[];
  /** For normals, and for albedo. */
  readonly up: readonly (readonly UpBlock[])[];
  readonly heads: readonly Conv2d[];
  readonly light: Linear;

  constructor({ channels }: { readonly channels: number }, generator: Generator) {
    super();
    const widths = Array.from({ length: stages }, (_, k) => Math.min(channels, (channels / 4) * 2 ** k));
    const inputs = [3, ...widths.slice(0, -1)];
    this.down = widths.map((width, k) => new ConvNorm(inputs[k], width, 3, generator, 2));
    const decoder = (): UpBlock[] =>
      [...inputs].reverse().map((skip, k) => {
        const from = widths[stages - 1 - k];
        return new UpBlock(from, skip, k === stages - 1 ? channels / 4 : skip, generator);
      });
    this.up = [decoder(), decoder()];
    this.heads = [convolution(channels / 4, 3, 1, generator), convolution(channels / 4, 3, 1, generator)];
    this.light = new Linear(widths[stages - 1], 27, { generator });
  }

  override decompose(image: Tensor): Decomposition {
    const skips: Tensor[] = [];
    let deep = toPlanes(image);
    for (const layer of this.down) {
      skips.unshift(deep);
      deep = layer.forward(deep).relu();
    }
    const [normals, albedo] = this.up.map((blocks, k) =>
      toPixels(this.heads[k].forward(blocks.reduce((h, block, i) => block.join(h, skips[i]), deep))),
    );
    return compose(albedo, normals, this.light.forward(deep.mean([2, 3])));
  }
}
