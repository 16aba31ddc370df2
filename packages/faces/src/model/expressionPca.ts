import { symmetricEigen } from './symmetricEigen.js';

/** Expressions as orthonormal modes: what weights of N(0, 1) mean in terms of blendshapes. */
export interface ExpressionPca {
  readonly count: number;
  /** [P * B] row k: the blendshape weights that mode k is at its standard deviation, sigma included. */
  readonly toBlendshapes: Float32Array;
  /** [P] standard deviation of each mode along its unit vector in the space of all 3 V coordinates, mm. */
  readonly sigma: Float32Array;
}

/**
 * Principal components of the faces that blendshape weights w ~ N(0, deviation^2), independent, give: with the
 * displacements B [blendshapes, 3 V] the eigenvectors of deviation^2 B B' tell how to mix the shapes, so that the modes
 * are orthogonal over all vertices and zero is the neutral face. Modes of less than a millionth of the first one's
 * variance are left out.
 */
export function expressionPca(blendshapes: Float32Array, count: number, deviation: number): ExpressionPca {
  const size = count === 0 ? 0 : blendshapes.length / count;
  const gram = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    const a = blendshapes.subarray(i * size, (i + 1) * size);
    for (let j = i; j < count; j++) {
      const b = blendshapes.subarray(j * size, (j + 1) * size);
      let sum = 0;
      for (let k = 0; k < size; k++) sum += a[k] * b[k];
      gram[i * count + j] = sum * deviation * deviation;
    }
  }
  const { values, vectors } = symmetricEigen(gram, count);
  const kept = values.findIndex((x) => x <= 1e-6 * values[0]);
  const modes = kept < 0 ? count : kept;
  // with G = d^2 B B', the mode u_k = d B' v_k / sigma_k is a unit vector, and sigma_k u_k is the mixture d v_k
  return {
    count: modes,
    toBlendshapes: Float32Array.from(vectors.subarray(0, modes * count), (x) => x * deviation),
    sigma: Float32Array.from(values.subarray(0, modes), Math.sqrt),
  };
}
