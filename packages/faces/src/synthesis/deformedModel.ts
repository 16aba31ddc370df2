import { MorphableModel } from '../model/index.js';
import type { FaceModelData } from '../model/index.js';

/** Deformations that the world's faces have besides the model's modes, their width and root mean square in mm. */
const [bumps, width, amplitude] = [24, 22, 1];
/** How many of the model's own modes they share. */
const sharedModes = 60;

/**
 * A face model for a held-out world: the first modes of the given model, and local deformations that no mode of it has, bumps
 * at places of the skin in directions of their own, less what the model's modes explain of them. What is rebuilt with the
 * given model from its faces cannot come out exactly, as with real faces. Triangles and vertices are the same.
 * @param random uniform numbers in [0, 1), that say where the deformations are.
 */
export function deformedModel(data: FaceModelData, random: () => number): MorphableModel {
  const { positions, mask } = data;
  const size = positions.length;
  const skin = Array.from(mask.keys()).filter((v) => mask[v] > 0.5);
  const count = data.identity.length / size;
  const extra = Array.from({ length: bumps }, () => {
    const centre = skin[Math.floor(random() * skin.length)];
    const direction = [0, 1, 2].map(() => 2 * random() - 1);
    const bump = Float64Array.from({ length: size }, (_, i) => {
      const v = Math.floor(i / 3);
      const square = [0, 1, 2].reduce((s, c) => s + (positions[3 * v + c] - positions[3 * centre + c]) ** 2, 0);
      return direction[i % 3] * Math.exp(-square / (2 * width ** 2));
    });
    for (let k = 0; k < count; k++) {
      const mode = data.identity.subarray(k * size, (k + 1) * size);
      let [along, length] = [0, 0];
      for (let i = 0; i < size; i++) {
        along += bump[i] * mode[i];
        length += mode[i] ** 2;
      }
      for (let i = 0; i < size; i++) bump[i] -= (along / length) * mode[i];
    }
    return bump;
  });
  // together they move the skin by the amplitude
  const square = extra.reduce(
    (sum, b) => sum + skin.reduce((s, v) => s + b[3 * v] ** 2 + b[3 * v + 1] ** 2 + b[3 * v + 2] ** 2, 0),
    0,
  );
  const scale = amplitude / Math.sqrt(square / skin.length);
  const shared = Math.min(count, sharedModes);
  const identity = new Float32Array((shared + bumps) * size);
  identity.set(data.identity.subarray(0, shared * size));
  extra.forEach((bump, k) =>
    identity.set(
      Float32Array.from(bump, (x) => scale * x),
      (shared + k) * size,
    ),
  );
  return new MorphableModel({ ...data, name: `${data.name}, world`, identity });
}
