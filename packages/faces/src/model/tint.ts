import { exp, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';

/**
 * Extinction relative to green in a camera's red, green and blue band (about 610, 550, 465 nm). Melanin falls with
 * lambda^-3.48 (Jacques 1998); oxygenated haemoglobin after Prahl's table of molar extinction (1.5, 43, 39 thousand),
 * its red value raised for the width of the band.
 */
const extinction = [
  [0.697, 1, 1.794],
  [0.09, 1, 0.91],
];

/** What one standard deviation of melanin and of haemoglobin adds to the optical depth in green. */
const deviations = [0.14, 0.07];

/**
 * A change of skin colour by its two pigments, after the absorption law of Beer and Lambert: the factor
 * exp(-mask (m e_melanin + h e_haemoglobin)) per channel. A simple stand-in for light that scatters in layers; it
 * gives the right directions of change (paler to darker, paler to ruddier), not concentrations.
 * @param coefficients [2] melanin and haemoglobin, N(0, 1); positive is more of it.
 * @param skin [H, W, 1] in [0, 1] how much of a texel is skin.
 * @returns [H, W, 3] factors.
 */
export function pigmentTint(coefficients: Tensor, skin: Tensor): Tensor {
  const depth = tensor(extinction.map((row, k) => row.map((e) => -e * deviations[k])));
  return exp(skin.mul(coefficients.matmul(depth)));
}
