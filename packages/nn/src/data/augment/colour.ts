import { concat, ShapeError, type Tensor } from '../../engine.js';
import { expectRange, perImage, uniform, type Range, type ValueAugmentation } from './augmentation.js';

/** Options of `randomColour`. Each is a range of factors but `hue`. */
export interface RandomColourOptions {
  /** Of all values: [1, 1]. */
  readonly brightness?: Range;
  /** Of the distance from the image's mean luma: [1, 1]. */
  readonly contrast?: Range;
  /** Of the distance from the pixel's own luma, 0 making it grey: [1, 1]. */
  readonly saturation?: Range;
  /** Degrees by which colours turn about the grey axis at equal luma, from red towards yellow: [0, 0]. */
  readonly hue?: Range;
}

/** What channels give to luma, by their number; of red, green and blue by ITU-R BT.601, as in torchvision. */
const channelWeights: Readonly<Record<number, readonly number[]>> = { 1: [1], 3: [0.299, 0.587, 0.114] };

/** How blue and red less luma are scaled in YUV (ITU-R BT.470): its plane of chroma is the one in which hue turns. */
const [ofBlue, ofRed] = [0.492111, 0.877283];

/**
 * Brightness, contrast, saturation and hue of images [B, 3, H, W], in this order; images of one channel have no hue and no
 * saturation. Unlike torchvision's `ColorJitter` it never clips in between (a later step could not bring back what an earlier
 * one cut off) and turns hue in YUV instead of in HSV: the whole is one affine map of colours for each image.
 * @throws ShapeError when drawing for other numbers of channels.
 */
export function randomColour({
  brightness = [1, 1],
  contrast = [1, 1],
  saturation = [1, 1],
  hue = [0, 0],
}: RandomColourOptions): ValueAugmentation {
  expectRange('randomColour: brightness', brightness, [0, Infinity]);
  expectRange('randomColour: contrast', contrast, [0, Infinity]);
  expectRange('randomColour: saturation', saturation, [0, Infinity]);
  expectRange('randomColour: hue', hue);
  return {
    kind: 'value',
    draw: (frame) => {
      const weights = channelWeights[frame.channels];
      if (!weights) throw new ShapeError(`randomColour: takes images of 1 or 3 channels, got ${frame.channels}`);
      const [bright, far, vivid, turn] = [brightness, contrast, saturation, hue].map((range) =>
        uniform(frame, range),
      ) as [Tensor, Tensor, Tensor, Tensor];
      const angle = turn.mul(Math.PI / 180);
      return (images) => {
        const lit = images.mul(perImage(bright));
        const grey = weigh(lit, weights);
        const middle = grey.mean([1, 2, 3], true);
        const contrasted = (x: Tensor): Tensor => x.sub(middle).mul(perImage(far)).add(middle);
        if (weights.length === 1) return contrasted(lit);
        return coloured(contrasted(lit), contrasted(grey), angle.cos().mul(vivid), angle.sin().mul(vivid));
      };
    },
  };
}

/** Images of a luma [B, 1, H, W] and the chroma of images [B, 3, H, W], turned and stretched. */
function coloured(images: Tensor, luma: Tensor, cosine: Tensor, sine: Tensor): Tensor {
  const [c, s] = [perImage(cosine), perImage(sine)];
  const grey = weigh(images, channelWeights[3]!);
  const [u, v] = [images.narrow(1, 2, 1).sub(grey).mul(ofBlue), images.narrow(1, 0, 1).sub(grey).mul(ofRed)];
  const blue = u.mul(c).sub(v.mul(s)).div(ofBlue);
  const red = u.mul(s).add(v.mul(c)).div(ofRed);
  const [r, g, b] = channelWeights[3] as [number, number, number];
  const green = red.mul(r).add(blue.mul(b)).div(-g); // the three have no luma together
  return concat(
    [red, green, blue].map((chroma) => chroma.add(luma)),
    1,
  );
}

/** One channel [B, 1, H, W] of all. */
const weigh = (images: Tensor, weights: readonly number[]): Tensor =>
  weights.map((w, c) => images.narrow(1, c, 1).mul(w)).reduce((a, b) => a.add(b));
