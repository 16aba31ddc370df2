import type { RelitImage, Turntable } from '../fit/types.js';
import { relitStrip, turntable } from './figures.js';
import { Markup, html } from './html.js';
import { script } from './script.js';
import { style } from './style.js';

const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** What a page of a face in other lights shows. */
export interface LightsPage {
  readonly title: string;
  readonly relit: readonly RelitImage[];
  /** The head turned, and the light moved round it. */
  readonly turned?: Turntable;
  readonly orbited?: Turntable;
}

/** A page of a face in other lights, which needs no files beside it. */
export async function lightsPage({ title, relit, turned, orbited }: LightsPage): Promise<string> {
  const section = (heading: string, content: Markup): Markup =>
    html`<section>
      <h2>${heading}</h2>
      ${content}
    </section>`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <title>${title}, relit by Chiaro</title>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <header>
          <p class="brand">Chiaro</p>
          <h1>${title}, relit</h1>
        </header>
        <main>
          ${section('In other lights', await relitStrip(relit))} ${turned && section('Turned', await turntable(turned))}
          ${orbited && section('The light moved round', await turntable(orbited))}
        </main>
        <footer><p>Beside this page: every picture as PNG.</p></footer>
        <dialog aria-label="Enlarged image">
          <img alt="" />
          <p></p>
        </dialog>
        <script>
          ${new Markup(script)};
        </script>
      </body>
    </html> `;
  return page.text;
}
