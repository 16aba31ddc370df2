import { concat, type Generator, type Tensor } from '@chiaro/autograd';
import { AvgPool2d, ConvTranspose2d, Module, type BatchNorm2d, type Conv2d } from '@chiaro/nn';
import { storedOf, toPixels, toPlanes, unitNormals } from './decomposition.js';
import { ConvNorm, convolution, normalisation, residualBlocks, type ResidualBlock } from './layers.js';
import type { NetworkSize } from './sfsNet.js';

/** CT of the appendix: twice as large, [B, from, H, W] -> [B, to, 2 H, 2 W], and normalised. */
class UpNorm extends Module {
  readonly up: ConvTranspose2d;
  readonly norm: BatchNorm2d;

  constructor(from: number, to: number, generator: Generator) {
    super();
    this.up = new ConvTranspose2d(from, to, 4, { stride: 2, padding: 1, generator });
    this.norm = normalisation(to);
  }

  override forward(x: Tensor): Tensor {
    return this.norm.forward(this.up.forward(x));
  }
}

/** Of LeakyReLU. */
const slope = 0.2;

/**
 * AlignNet, figure 9: a map of frame i and the contours of frames i and j to the map of frame j, eq. 5 and 6. Normals turn
 * with the head, so that they have a network of their own, whose results are made unit.
 */
export class AlignNet extends Module {
  readonly down: readonly ConvNorm[];
  readonly pool = new AvgPool2d(2);
  readonly blocks: readonly ResidualBlock[];
  readonly up: readonly UpNorm[];
  readonly head: Conv2d;

  constructor(
    readonly maps: 'albedo' | 'normals',
    { channels, blocks }: NetworkSize,
    generator: Generator,
  ) {
    super();
    this.down = [
      new ConvNorm(5, channels / 2, 7, generator),
      new ConvNorm(channels / 2, channels, 3, generator),
      new ConvNorm(channels, channels, 3, generator),
    ];
    this.blocks = residualBlocks(blocks, channels, generator);
    this.up = [
      new UpNorm(channels, channels, generator),
      new UpNorm(channels, channels / 2, generator),
      new UpNorm(channels / 2, channels / 4, generator),
    ];
    this.head = convolution(channels / 4, 3, 3, generator);
  }

  /** Maps with contours, [B, 5, S, S], to maps, [B, 3, S, S]; S is a multiple of 8. */
  override forward(x: Tensor): Tensor {
    const small = this.down.reduce((h, layer) => this.pool.forward(layer.forward(h).leakyRelu(slope)), x);
    const deep = this.blocks.reduce((h, block) => block.forward(h), small);
    return this.head.forward(this.up.reduce((h, layer) => layer.forward(h).leakyRelu(slope), deep));
  }

  /**
   * phi(C_i, C_j, X_i) of eq. 5 and 6.
   * @param contoursI [B, S, S, 1]
   * @param contoursJ [B, S, S, 1]
   * @param map albedo, or unit normals, of frame i: [B, S, S, 3].
   * @returns the same of frame j.
   */
  align(contoursI: Tensor, contoursJ: Tensor, map: Tensor): Tensor {
    const isNormals = this.maps === 'normals';
    const input = concat([isNormals ? storedOf(map) : map, contoursI, contoursJ], 3);
    const output = toPixels(this.forward(toPlanes(input)));
    return isNormals ? unitNormals(output) : output;
  }
}
