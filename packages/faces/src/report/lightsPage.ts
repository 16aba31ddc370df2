import type { RelitImage, Turntable } from '../fit/types.js';
import { relitStrip, turntable } from './figures.js';
import { html } from './html.js';
import { section, selfContainedPage } from './page.js';

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
  return selfContainedPage({
    title: `${title}, relit by Chiaro`,
    header: html`<h1>${title}, relit</h1>`,
    main: html`${section('In other lights', await relitStrip(relit))}
    ${turned && section('Turned', await turntable(turned))}
    ${orbited && section('The light moved round', await turntable(orbited))}`,
    footer: html`Beside this page: every picture as PNG.`,
  });
}
