import { compileToJS } from '../engine.js';
import type { BsdfKind } from '../bsdf/index.js';
import { gaussLegendre } from '../math/quadrature.js';

/** Directional albedo: int f cos over the hemisphere, float64, for a viewer at cosine c. */
export function albedo(kind: BsdfKind, values: number[], c: number): number {
  const f = compileToJS(kind.evaluate);
  const polar = gaussLegendre(80);
  const azimuth = gaussLegendre(60);
  const wo = [Math.sqrt(1 - c * c), 0, c];
  let sum = 0;
  polar.nodes.forEach((t, i) => {
    const theta = ((t + 1) * Math.PI) / 4;
    azimuth.nodes.forEach((a, j) => {
      const s = (a + 1) / 2; // crowded about the mirror direction, both halves alike
      const phi = Math.PI * (1 - s ** 3);
      const wi = [Math.sin(theta) * Math.cos(phi), Math.sin(theta) * Math.sin(phi), Math.cos(theta)];
      const area = polar.weights[i] * (Math.PI / 4) * azimuth.weights[j] * 3 * Math.PI * s * s;
      sum += f(...wi, ...wo, ...values)[0] * wi[2] * Math.sin(theta) * area;
    });
  });
  return sum;
}
