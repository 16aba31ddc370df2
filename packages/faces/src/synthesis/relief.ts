import { tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import { Draws } from './draws.js';
import { unit } from './frames.js';

/**
 * Furrows over a face that no model of faces has: as geometry, normals that lean as those of the furrows do, or painted,
 * with the albedo darker in the furrows. The same seed draws the same furrows either way, so that what a method takes one
 * for can be told from what it takes the other for.
 */
export interface FaceRelief {
  readonly as: 'geometry' | 'paint';
  readonly seed: number;
  /** From one furrow to the next, mm on the mean face; keep it above three edges of the mesh. */
  readonly period: number;
  /** Geometry: height of the waves, mm; they lean by up to about 2 pi depth / period. */
  readonly depth: number;
  /** Paint: share of the albedo that the darkest places lose. */
  readonly strength: number;
}

/** A relief as inputs of the renderer: by how much normals lean [V, 3], and factors of the albedo [V, 1]. */
export function reliefInputs(
  { data, vertexCount }: MorphableModel,
  { as, seed, period, depth, strength }: FaceRelief,
): Readonly<Record<string, Tensor>> {
  const draws = new Draws(seed, 0x7265);
  const rate = (2 * Math.PI) / period;
  // across the face, as most furrows are, with a slower wave that bends and ends them
  const waves = [1, 0.35].map((share) => {
    const tilt = draws.between(-0.6, 0.6);
    const direction = unit(share === 1 ? [tilt, 1, draws.between(-0.3, 0.3)] : [1, tilt, 0]);
    return { direction, rate: rate * share, phase: draws.between(0, 2 * Math.PI) };
  });
  const lean = new Float32Array(3 * vertexCount);
  const tone = new Float32Array(vertexCount).fill(1);
  for (let v = 0; v < vertexCount; v++) {
    const p = data.positions.subarray(3 * v, 3 * v + 3);
    const at = waves.map(({ direction: d, rate: k, phase }) => k * (d[0] * p[0] + d[1] * p[1] + d[2] * p[2]) + phase);
    const [sines, cosines] = [at.map(Math.sin), at.map(Math.cos)];
    if (as === 'paint') {
      tone[v] = 1 - strength * data.mask[v] * Math.max(0, -sines[0] * sines[1]);
    } else {
      for (let c = 0; c < 3; c++) {
        const slope =
          waves[0].rate * cosines[0] * sines[1] * waves[0].direction[c] +
          waves[1].rate * sines[0] * cosines[1] * waves[1].direction[c];
        lean[3 * v + c] = -depth * data.mask[v] * slope;
      }
    }
  }
  return { reliefLean: tensor(lean, [vertexCount, 3]), reliefTone: tensor(tone, [vertexCount, 1]) };
}

/** Unit normals [V, 3] that lean by the part of the inputs that lies in the surface. */
export function leaning(normals: Tensor, lean: Tensor): Tensor {
  const within = lean.sub(normals.mul(normals.mul(lean).sum(1, true)));
  const sum = normals.add(within);
  return sum.div(sum.square().sum(1, true).sqrt());
}
