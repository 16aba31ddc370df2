import { metricInfo } from '../export/fitJSON.js';
import type { FitJSON } from '../export/fitJSON.js';
import type { FitMetrics } from '../fit/types.js';
import { duration, fixed, significant } from './format.js';
import { html } from './html.js';
import type { Markup } from './html.js';

const nameOf = Object.keys(metricInfo) as (keyof FitMetrics)[];

/** The value as the report prints it, with its unit: shares in percent. */
export const shownMetrics: Readonly<Record<keyof FitMetrics, (x: number) => string>> = {
  ssim: (x) => fixed(x, 3),
  ssimModelOnly: (x) => fixed(x, 3),
  psnr: (x) => `${fixed(x, 1)} dB`,
  photometricRmse8bit: (x) => `${fixed(x, 1)} / 255`,
  landmarkRms: (x) => `${fixed(100 * x, 2)} %`,
  maskIou: (x) => fixed(x, 3),
};

/** The few numbers that say how good the fit is, large. */
export function headline({ metrics, timings }: FitJSON): Markup {
  const cell = (value: string, label: string): Markup =>
    html`<div>
      <dd>${value}</dd>
      <dt>${label}</dt>
    </div>`;
  return html`<dl class="headline">
    ${cell(shownMetrics.ssim(metrics.ssim), 'SSIM in the mask')} ${cell(shownMetrics.psnr(metrics.psnr), 'PSNR')}
    ${cell(shownMetrics.photometricRmse8bit(metrics.photometricRmse8bit), 'error, RMS')}
    ${cell(shownMetrics.landmarkRms(metrics.landmarkRms), 'landmarks, RMS')}
    ${cell(shownMetrics.maskIou(metrics.maskIou), 'mask IoU')} ${cell(duration(timings.totalSeconds), 'time')}
  </dl>`;
}

/** Every metric with its unit, and which way is better. */
export function metricTable({ metrics }: FitJSON): Markup {
  return html`<table>
    <thead>
      <tr>
        <th>Measure</th>
        <th class="number">Value</th>
        <th>Unit</th>
        <th>Better</th>
      </tr>
    </thead>
    <tbody>
      ${nameOf.map((name) => {
        const { title, unit, better } = metricInfo[name];
        return html`<tr>
          <td>${title}</td>
          <td class="number">${significant(metrics[name], 4)}</td>
          <td>${unit}</td>
          <td>${better}</td>
        </tr>`;
      })}
    </tbody>
  </table>`;
}

/** What was fitted, and from what. */
export function facts({ photo, camera, model, adapter, seed }: FitJSON): Markup {
  const [left, top, wide, high] = camera.crop;
  const [fx, , cx, cy] = camera.intrinsics;
  const degrees = (radians: number): string => fixed((radians * 180) / Math.PI, 1);
  const verticalView = 2 * Math.atan(camera.height / 2 / camera.intrinsics[1]);
  const rows: [string, string][] = [
    ['Photograph', `${photo.name}, ${photo.originalWidth} x ${photo.originalHeight} px`],
    [
      'Crop',
      `${significant(wide, 4)} x ${significant(high, 4)} px at (${significant(left, 4)}, ${significant(top, 4)})`,
    ],
    ['Fitted at', `${camera.width} x ${camera.height} px`],
    [
      'Camera',
      `field of view ${degrees(verticalView)}\u00b0, focal length ${fixed(fx, 0)} px, centre (${fixed(cx, 0)}, ${fixed(cy, 0)}) px`,
    ],
    ['Head rotation', `${camera.rotation.map(degrees).join(', ')}\u00b0 (axis times angle)`],
    ['Head position', `${camera.translation.map((x) => fixed(x, 0)).join(', ')} mm from the camera`],
    ['Face model', model],
    ['Adapter', adapter],
    ['Seed', String(seed)],
  ];
  return html`<table>
    <tbody>
      ${rows.map(
        ([name, value]) =>
          html`<tr>
            <th>${name}</th>
            <td>${value}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** A group of numbers as small bars around zero: their shape at a glance. */
function bars(values: readonly number[]): Markup {
  const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
  const step = 560 / values.length;
  const bar = (x: number, k: number): string => {
    const high = (Math.abs(x) / largest) * 22;
    return `M${(k * step).toFixed(2)} 24v${(x > 0 ? -high : high).toFixed(2)}h${(0.8 * step).toFixed(2)}V24z`;
  };
  return html`<svg class="bars" viewBox="0 0 560 48" preserveAspectRatio="none" aria-hidden="true">
    <path d="${values.map(bar).join('')}" />
  </svg>`;
}

/** Most numbers of a group that the page prints; `fit.json` has all of them. */
const mostPrinted = 512;

/** Every fitted number with its unit, folded away. */
export function parameterList({ parameters }: FitJSON): Markup {
  return html`<div class="parameters">
    ${parameters.map(({ name, description, unit, shape, values }) => {
      const size = shape.length === 0 ? '1' : shape.join(' x ');
      const printed = values.slice(0, mostPrinted);
      const rest = values.length - printed.length;
      return html`<details>
        <summary><b>${name}</b> <span>${size}</span> <span>${unit}</span></summary>
        <p>${description}</p>
        ${values.length > 4 && bars(printed)}
        <p class="values">${printed.map((x) => html`<span>${significant(x, 4)}</span> `)}</p>
        ${rest > 0 && html`<p>and ${rest} more in fit.json</p>`}
      </details>`;
    })}
  </div>`;
}
