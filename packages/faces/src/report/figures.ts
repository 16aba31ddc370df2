import type { ImageData8 } from '../engine.js';
import { displayImage, errorRange, errorScale } from '../export/display.js';
import type { View } from '../export/views.js';
import type { RelitImage, Turntable } from '../fit/types.js';
import { significant } from './format.js';
import { dataURI, html } from './html.js';
import type { Markup } from './html.js';

/** A view with its image as a data URI. */
export interface InlinedView extends View {
  readonly uri: string;
}

/** Encodes every view once. */
export const inlineViews = (views: readonly View[]): Promise<InlinedView[]> =>
  Promise.all(views.map(async (view) => ({ ...view, uri: await dataURI(view.pixels) })));

const errorLegend = (): Markup =>
  html`<span class="scale" aria-hidden="true">
    0<i style="background:linear-gradient(90deg,${errorScale.map((c) => `rgb(${c.join(',')})`).join(',')})"></i
    >${errorRange}+
  </span>`;

/** One image with its title; a click enlarges it. */
export function figure({ name, title, description, uri, exposure, pixels, frame }: InlinedView): Markup {
  const factor = exposure === 1 ? '' : `; shown ${significant(exposure, 2)} times as bright`;
  return html`<figure class="${frame}">
    <button class="zoom" type="button" aria-label="Enlarge: ${title}">
      <img src="${uri}" width="${pixels.width}" height="${pixels.height}" alt="${title}. ${description}." />
    </button>
    <figcaption><b>${title}</b>${description}${factor}.${name === 'error' && errorLegend()}</figcaption>
  </figure>`;
}

/** Photograph and reconstruction in one frame, divided by a slider. */
export function comparison(photo: InlinedView, final: InlinedView): Markup {
  const { width, height } = photo.pixels;
  return html`<figure class="compare">
    <div class="stage" style="aspect-ratio:${width}/${height}">
      <img src="${final.uri}" width="${width}" height="${height}" alt="${final.title}. ${final.description}." />
      <img
        class="front"
        src="${photo.uri}"
        width="${width}"
        height="${height}"
        alt="${photo.title}. ${photo.description}."
      />
      <span class="tag left" aria-hidden="true">${photo.title}</span>
      <span class="tag right" aria-hidden="true">${final.title}</span>
      <span class="line" aria-hidden="true"></span>
      <input type="range" min="0" max="100" step="0.1" value="50" aria-label="Share of the photograph, percent" />
    </div>
  </figure>`;
}

/** All frames side by side, as one image. */
function filmStrip({ frames }: Turntable): ImageData8 {
  const { width, height } = frames[0];
  const data = new Uint8Array(width * height * frames.length * 3);
  frames.forEach((frame, k) => {
    const { pixels } = displayImage(frame, 'color');
    for (let y = 0; y < height; y++) {
      const row = pixels.data.subarray(3 * y * width, 3 * (y + 1) * width);
      data.set(row, 3 * (y * width * frames.length + k * width));
    }
  });
  return { width: width * frames.length, height, channels: 3, data };
}

/** The rotating view: a strip of frames behind a window, moved by a slider or by itself. */
export async function turntable(table: Turntable): Promise<Markup> {
  const { width, height } = table.frames[0];
  const degrees = table.angles.map((angle) => Math.round((angle * 180) / Math.PI));
  const last = degrees.length - 1;
  // a full turn goes round and round, any other swings back
  const round = Math.abs(degrees[last] - degrees[0]) >= 360 * (last / (last + 1)) - 1;
  const start = degrees.reduce((best, angle, k) => (Math.abs(angle) < Math.abs(degrees[best]) ? k : best), 0);
  return html`<figure class="turn" data-angles="${degrees.join(' ')}" data-round="${round ? 'yes' : 'no'}">
    <div class="stage" style="aspect-ratio:${width}/${height}">
      <img
        src="${await dataURI(filmStrip(table))}"
        style="width:${100 * (last + 1)}%;transform:translateX(${(-100 * start) / (last + 1)}%)"
        alt="The reconstructed face turned from ${degrees[0]} to ${degrees[last]} degrees."
      />
    </div>
    <div class="controls">
      <button type="button" aria-pressed="false">Turn</button>
      <input type="range" min="0" max="${last}" value="${start}" aria-label="Angle of the face" />
      <output>${degrees[start]}&deg;</output>
    </div>
  </figure>`;
}

/** The face in other lights, each above its environment. */
export async function relitStrip(relit: readonly RelitImage[]): Promise<Markup> {
  const one = async ({ label, image, environment }: RelitImage): Promise<Markup> => {
    const sphere = environment && displayImage(environment, 'exposed').pixels;
    return html`<figure class="relit">
      <button class="zoom" type="button" aria-label="Enlarge: ${label}">
        <img
          src="${await dataURI(displayImage(image, 'color').pixels)}"
          width="${image.width}"
          height="${image.height}"
          alt="The face in the light: ${label}."
        />
      </button>
      ${
        sphere &&
        html`<img
          class="sphere"
          src="${await dataURI(sphere)}"
          width="${sphere.width}"
          height="${sphere.height}"
          alt="The light from all directions: ${label}."
        />`
      }
      <figcaption>${label}</figcaption>
    </figure>`;
  };
  return html`<div class="strip" tabindex="0" role="group" aria-label="Relit images">
    ${await Promise.all(relit.map(one))}
  </div>`;
}
