import { Markup, html } from './html.js';
import { script } from './script.js';
import { style } from './style.js';

/** Nothing may be loaded from anywhere: the page says so itself. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** A part of a page under a heading. */
export const section = (title: string, content: Markup, lead?: string): Markup =>
  html`<section>
    <h2>${title}</h2>
    ${lead !== undefined && html`<p class="lead">${lead}</p>`}${content}
  </section>`;

/** The parts of a page; `title` is that of the window. */
export interface PageParts {
  readonly title: string;
  readonly header: Markup;
  readonly main: Markup;
  readonly footer: Markup;
}

/** A page that needs nothing else, neither network nor files beside it: its style, what a click enlarges, its behaviour. */
export const selfContainedPage = ({ title, header, main, footer }: PageParts): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <title>${title}</title>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <header>
          <p class="brand">Chiaro</p>
          ${header}
        </header>
        <main>${main}</main>
        <footer>
          <p>${footer}</p>
        </footer>
        <dialog aria-label="Enlarged image">
          <img alt="" />
          <p></p>
        </dialog>
        <script>
          ${new Markup(script)};
        </script>
      </body>
    </html> `.text;
