import { elementwise, expr, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { radicalInverse } from '../math/radicalInverse.js';
import { texture } from '../texture/index.js';

/** Sides of the table, and samples for each of its values. */
const tableSize = 32;
const sampleCount = 512;

/**
 * What a GGX lobe with Schlick's Fresnel term reflects of a white furnace to a viewer of cosine c: F0 a + b, as [a, b].
 * Visible normals, evenly sampled; height-correlated Smith masking, as `ggx` has it. Float64, to 0.003.
 */
export function glossAlbedo(c: number, roughness: number): [a: number, b: number] {
  const alpha = Math.max(roughness * roughness, 1e-3);
  const [vx, vz] = [Math.sqrt(1 - c * c), c];
  const stretch = Math.hypot(vx * alpha, vz);
  const [sx, sz] = [(vx * alpha) / stretch, vz / stretch];
  const lambda = (z: number): number => Math.sqrt(1 + (alpha * alpha * (1 - z * z)) / (z * z)) / 2 - 0.5;
  let [a, b] = [0, 0];
  for (let k = 0; k < sampleCount; k++) {
    const phi = Math.PI * radicalInverse(k); // the other half is alike
    const z = (1 - (k + 0.5) / sampleCount) * (1 + sz) - sz; // Dupuy and Benyoub 2023, as ggxVisibleNormal
    const r = Math.sqrt(Math.max(0, 1 - z * z));
    const h = [(r * Math.cos(phi) + sx) * alpha, r * Math.sin(phi) * alpha, z + sz];
    const length = Math.hypot(...h);
    const cosine = (h[0] * vx + h[2] * vz) / length;
    const out = (2 * cosine * h[2]) / length - vz;
    if (out <= 0) continue;
    const share = (1 + lambda(vz)) / (1 + lambda(vz) + lambda(out)); // G2 / G1
    const fresnel = Math.max(0, 1 - cosine) ** 5;
    a += share * (1 - fresnel);
    b += share * fresnel;
  }
  return [a / sampleCount, b / sampleCount];
}

let values: Float32Array | undefined;

/** [32, 32, 2]: columns are cosines, rows roughnesses, upwards, both at the centres of texels. */
function albedoTable(): Tensor {
  if (values === undefined) {
    values = new Float32Array(2 * tableSize ** 2);
    for (let row = 0, at = 0; row < tableSize; row++) {
      for (let column = 0; column < tableSize; column++, at += 2) {
        const place = (k: number): number => k / (tableSize - 1);
        values.set(glossAlbedo(Math.max(place(column) ** 2, 1e-3), place(tableSize - 1 - row)), at);
      }
    }
  }
  return tensor(values, [tableSize, tableSize, 2]);
}

/** Where the table has a cosine and a roughness: its first and last texels' centres are 0 and 1; roots of cosines. */
const placeInTable = expr`
  fn placeInTable(c: f32, roughness: f32) -> vec2f {
    let at = vec2f(sqrt(clamp(c, 1e-3, 1.0)), saturate(roughness));
    return (at * ${tableSize - 1}.0 + 0.5) / ${tableSize}.0;
  }`;

const reflectedShare = expr`fn reflectedShare(gloss: vec4f, ab: vec2f) -> vec3f { return gloss.rgb * ab.x + ab.y; }`;

/**
 * The second sum of the split-sum approximation: the share of even light from all around that a glossy lobe reflects,
 * [..., 3], for viewers of cosines [...]; `gloss` [..., 4] is F0 and roughness. From a table: to 0.004 where roughness is 0.1
 * or more, to 0.01 at grazing angles of smoother ones.
 */
export function glossShare(gloss: Tensor, cosines: Tensor): Tensor {
  const roughness = gloss.narrow(-1, 3, 1).squeeze(-1);
  return elementwise(reflectedShare, gloss, texture(albedoTable(), elementwise(placeInTable, cosines, roughness)));
}
