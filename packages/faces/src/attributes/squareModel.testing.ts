import { MorphableModel } from '../model/index.js';
import { smallModel } from '../model/smallModel.testing.js';

/** The small model with a square texture of 8 x 8 texels. */
export function squareModel(): MorphableModel {
  const data = smallModel();
  const texels = 64;
  const field = (count: number, mean: number, spread: number): Float32Array =>
    Float32Array.from({ length: count }, (_, k) => mean + spread * Math.sin(1 + 0.05 * k));
  const albedo = {
    ...data.albedo,
    ...{ height: 8, width: 8, mean: field(3 * texels, 0.5, 0.2), modes: field(6 * texels, 0, 0.08) },
    ...{ specular: field(texels, 0.05, 0.02), specularModes: field(2 * texels, 0, 0.005) },
    skin: field(texels, 0.5, 0.5),
  };
  return new MorphableModel({ ...data, mask: new Float32Array(data.mask.length).fill(1), albedo });
}
