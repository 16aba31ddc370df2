import { compile, noGrad, tensor, type Tensor } from '@chiaro/autograd';
import { fromSfsnet } from '../sphericalHarmonics.js';
import type { Decomposer } from '../networks/decomposition.js';

/** What one image of S x S pixels is taken apart into, on the host, linear RGB; maps are [S * S * 3]. */
export interface TakenApart {
  /** A of eq. 1 */
  readonly albedo: ArrayLike<number>;
  /** N, unit or, where there is no surface, 0. */
  readonly normals: ArrayLike<number>;
  /** L, [27]: radiance in Chiaro's convention, colour fastest. */
  readonly light: ArrayLike<number>;
  /** R of eq. 2; undefined from a network without. */
  readonly residual: ArrayLike<number> | undefined;
}

/** Images of one pass; the last pass is filled up, so that there is one compiled step. */
const passSize = 8;

type Pass = (image: Tensor) => Tensor[];
const passes = new WeakMap<Decomposer, Pass>();

/** A network's compiled pass: A, N, L in Chiaro's convention, R if there is one. Recorded at its first use. */
function passOf(network: Decomposer): Pass {
  let pass = passes.get(network);
  if (!pass) {
    pass = compile((image: Tensor) =>
      noGrad(() => {
        const { albedo, normals, light, residual } = network.decompose(image);
        return [albedo, normals, fromSfsnet(light), ...(residual ? [residual] : [])];
      }),
    );
    passes.set(network, pass);
  }
  return pass;
}

/**
 * Takes images apart with a network in its mode for use; afterwards it is in the mode that it was in.
 * @param images [S * S * 3] each, linear RGB in 0..1.
 */
export async function takeApart(
  network: Decomposer,
  images: readonly ArrayLike<number>[],
  size: number,
): Promise<TakenApart[]> {
  const { training } = network;
  network.eval();
  try {
    const forward = passOf(network);
    const found: TakenApart[] = [];
    for (let first = 0; first < images.length; first += passSize) {
      const values = new Float32Array(passSize * size * size * 3);
      const here = images.slice(first, first + passSize);
      here.forEach((image, k) => values.set(image, k * size * size * 3));
      const results = forward(tensor(values, [passSize, size, size, 3]));
      const [albedo, normals, light, residual] = await Promise.all(results.map((t) => t.data()));
      for (const t of results) t.dispose();
      const part = (all: ArrayLike<number>, k: number): Float32Array => {
        const each = all.length / passSize;
        return Float32Array.from((all as Float32Array).subarray(k * each, (k + 1) * each));
      };
      here.forEach((_, k) =>
        found.push({
          albedo: part(albedo, k),
          normals: part(normals, k),
          light: part(light, k),
          residual: results.length > 3 ? part(residual, k) : undefined,
        }),
      );
    }
    return found;
  } finally {
    network.train(training);
  }
}
