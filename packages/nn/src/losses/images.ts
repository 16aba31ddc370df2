import { ShapeError, structure, type Tensor } from '../engine.js';
import { reduced, sameShape, type LossOptions } from './difference.js';

/** Differences of neighbours along a dimension. */
const slope = (x: Tensor, dim: number): Tensor => {
  const n = x.shape[dim]!;
  return x.narrow(dim, 1, n - 1).sub(x.narrow(dim, 0, n - 1));
};

function expectImages(loss: string, x: Tensor, least: number): void {
  if (x.rank < 2 || x.shape.slice(-2).some((n) => n < least)) {
    throw new ShapeError(
      `${loss}: images [..., H, W] of at least ${least} x ${least} pixels, got [${x.shape.join(', ')}]`,
    );
  }
}

/**
 * Total variation of images [..., H, W]: the mean magnitude of the differences of neighbours, along rows plus along
 * columns; anisotropic (Rudin et al. 1992 without the root).
 */
export function totalVariation(x: Tensor): Tensor {
  expectImages('totalVariation', x, 2);
  return slope(x, x.rank - 1)
    .abs()
    .mean()
    .add(
      slope(x, x.rank - 2)
        .abs()
        .mean(),
    );
}

/** Mean |difference| of the gradients of two images [..., H, W] along rows and columns: edges where the target has them. */
export function gradientLoss(x: Tensor, target: Tensor): Tensor {
  sameShape('gradientLoss', x, target);
  expectImages('gradientLoss', x, 2);
  return totalVariation(x.sub(target));
}

/** |difference| of the five-point Laplacians of two images [..., H, W], where all five points are inside. */
export function laplacianLoss(x: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  sameShape('laplacianLoss', x, target);
  expectImages('laplacianLoss', x, 3);
  const d = x.sub(target);
  const [H, W] = [d.shape[d.rank - 2]!, d.shape[d.rank - 1]!];
  const part = (top: number, left: number): Tensor => d.narrow(-2, top, H - 2).narrow(-1, left, W - 2);
  const around = part(0, 1).add(part(2, 1)).add(part(1, 0)).add(part(1, 2));
  return reduced(around.sub(part(1, 1).mul(4)).abs(), options);
}

/**
 * 1 less the structural similarity of two images [..., H, W] in [0, peak], at least 11 x 11: 0 for equal ones, at most 2. The
 * mean over all images and all places where the Gaussian window of 11 pixels fits (Wang et al. 2004, eq. 13).
 * @param peak largest value of the images: 1.
 */
export function ssimLoss(x: Tensor, target: Tensor, { peak = 1 }: { readonly peak?: number } = {}): Tensor {
  sameShape('ssimLoss', x, target);
  expectImages('ssimLoss', x, 11);
  const found = structure(x, target, { rows: -2, columns: -1, peak });
  return found.luminance.mul(found.structure).mean().neg().add(1);
}
