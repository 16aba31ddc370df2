import { linearToBytes } from '../engine.js';
import type { FitLight } from '../fit/types.js';
import { fixed } from './format.js';
import { html } from './html.js';
import type { Markup } from './html.js';

/** What a light of spherical harmonics is like, in numbers that people can check against the photograph. */
export interface LightSummary {
  /** Mean radiance over the sphere, linear RGB. */
  readonly mean: readonly [number, number, number];
  /** Where most light comes from, degrees as seen from the camera: to its right, and upwards; undefined for even light. */
  readonly direction?: { readonly right: number; readonly up: number };
  /** Share of every band l in the light's energy (sum of squares over m and RGB). */
  readonly power: readonly number[];
}

/**
 * Mean, direction and bands of a light [bands^2, 3] in the camera's frame. The direction is that of the linear band of
 * luminance: Y_1m = sqrt(3 / 4 pi) (y, z, x) for m = -1, 0, 1. Right is +X and an angle of 0 looks along +Z, from the
 * face to the camera; 180 is behind the face.
 */
export function summarizeLight({ sh }: Pick<FitLight, 'sh'>): LightSummary {
  const at = (k: number, c: number): number => sh[3 * k + c] ?? 0;
  const luminance = (k: number): number => 0.2126 * at(k, 0) + 0.7152 * at(k, 1) + 0.0722 * at(k, 2);
  const y00 = 1 / Math.sqrt(4 * Math.PI);
  const [y, z, x] = [luminance(1), luminance(2), luminance(3)];
  const length = Math.hypot(x, y, z);
  const degrees = 180 / Math.PI;
  const bands = Math.sqrt(sh.length / 3);
  const energy = Array.from({ length: bands }, (_, l) =>
    sh.subarray(3 * l * l, 3 * (l + 1) * (l + 1)).reduce((sum, c) => sum + c * c, 0),
  );
  const all = energy.reduce((a, b) => a + b, 0) || 1;
  return {
    mean: [at(0, 0) * y00, at(0, 1) * y00, at(0, 2) * y00],
    ...(length > 1e-3 * Math.abs(luminance(0)) && {
      direction: { right: Math.atan2(x, z) * degrees, up: Math.asin(y / length) * degrees },
    }),
    power: energy.map((e) => e / all),
  };
}

/** The summary of a light as a table, with the energy of its bands. */
export function lightTable(light: FitLight): Markup {
  const { mean, direction, power } = summarizeLight(light);
  const brightest = Math.max(...mean, 1e-6);
  const swatch = linearToBytes(mean.map((c) => (0.8 * c) / brightest)).join(', ');
  const from = direction && [
    `${fixed(Math.abs(direction.right), 0)}\u00b0 to the ${direction.right < 0 ? 'left' : 'right'}`,
    `${fixed(Math.abs(direction.up), 0)}\u00b0 ${direction.up < 0 ? 'down' : 'up'}`,
  ];
  return html`<div>
    <table>
      <tbody>
        <tr>
          <th>Mean radiance</th>
          <td>
            <span class="swatch" style="background:rgb(${swatch})"></span>${mean.map((c) => fixed(c, 3)).join(', ')}
          </td>
        </tr>
        <tr>
          <th>Most light from</th>
          <td>${from ? from.join(', ') : 'no side'}</td>
        </tr>
        <tr>
          <th>Bands</th>
          <td>0 to ${power.length - 1}, ${light.sh.length / 3} coefficients per channel</td>
        </tr>
      </tbody>
    </table>
    <figure class="chart">
      <div
        class="power"
        role="img"
        aria-label="Energy by band: ${power.map((p, l) => `${l}: ${fixed(100 * p, 1)} %`).join(', ')}"
      >
        ${power.map((p) => html`<span style="height:${(100 * Math.sqrt(p)).toFixed(1)}%"></span>`)}
      </div>
      <figcaption>Amplitude of the bands, from even light on the left to the finest detail.</figcaption>
    </figure>
  </div>`;
}
