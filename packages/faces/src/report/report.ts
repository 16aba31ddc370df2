import type { FitJSON } from '../export/fitJSON.js';
import type { View } from '../export/views.js';
import { stageTitles } from '../fit/types.js';
import type { FitLight, FitResult } from '../fit/types.js';
import { lossCharts, timings } from './charts.js';
import { comparison, figure, inlineViews, relitStrip, turntable } from './figures.js';
import type { InlinedView } from './figures.js';
import { html } from './html.js';
import type { Markup } from './html.js';
import { lightTable } from './light.js';
import { section, selfContainedPage } from './page.js';
import { facts, headline, metricTable, parameterList } from './tables.js';

const relitLead = 'The same face in other lights; below each face its light from all directions.';

/** What the user should know: the fit's notes, and the stages that did not run. */
function remarks({ notes, stages }: FitJSON): Markup | undefined {
  const skipped = stages.filter((stage) => stage.skipped !== undefined);
  if (notes.length + skipped.length === 0) return undefined;
  return html`<aside aria-label="Remarks">
    <ul>
      ${skipped.map(({ stage, skipped: why }) => html`<li><b>${stageTitles[stage]}</b> did not run: ${why}. What it makes is left out here.</li>`)}
      ${notes.map((note) => html`<li>${note}</li>`)}
    </ul>
  </aside>`;
}

const lightSection = (environment: InlinedView | undefined, light: FitLight): Markup =>
  section(
    'Light',
    html`<div class="light">${environment && figure(environment)}${lightTable(light)}</div>`,
    'The light of the photograph as the fit sees it: spherical harmonics of distant radiance.',
  );

/**
 * The report of a fit: one HTML page that needs nothing else, neither network nor files beside it. What a fit does not
 * have (a stage that did not run, no turntable) is left out.
 * @param created when, in UTC on the page.
 */
export async function reportHTML(
  content: FitJSON,
  result: FitResult,
  views: readonly View[],
  created: Date,
): Promise<string> {
  const inlined = await inlineViews(views);
  const named = (name: string): InlinedView | undefined => inlined.find((view) => view.name === name);
  const framed = (frame: View['frame']): Markup[] => inlined.filter((view) => view.frame === frame).map(figure);
  const [photo, final] = [named('photo'), named('final')];
  const relit = result.relit.length > 0 && section('Relit', await relitStrip(result.relit), relitLead);
  const charts = result.stages.flatMap(lossCharts);
  const day = created.toISOString().slice(0, 16).replace('T', ' ');
  return selfContainedPage({
    title: `${content.photo.name}: a face by Chiaro`,
    header: html`<h1>${content.photo.name}</h1>
      <p class="sub">One photograph, fitted by differentiable ray tracing. ${day} UTC</p>
      ${headline(content)}`,
    main: html`${remarks(content)}
      <section class="hero">
        ${photo && final && comparison(photo, final)} ${result.turntable && (await turntable(result.turntable))}
      </section>
      ${section('Layers', html`<div class="grid">${framed('crop')}</div>`, 'What the photograph was taken apart into. A click enlarges; arrow keys go through.')}
      ${lightSection(named('environment'), result.light)} ${relit}
      ${section('Textures', html`<div class="grid uv">${framed('uv')}</div>`, 'Reflectance over the face, as in face.glb.')}
      ${section('Course of the fit', html`${charts.length > 0 && html`<div class="charts">${charts}</div>`}${timings(result.stages, result.totalSeconds)}`)}
      ${section('Numbers', html`<div class="columns">${metricTable(content)}${facts(content)}</div>`, 'Comparisons inside the face mask, with the photograph.')}
      ${section('Parameters', parameterList(content))}`,
    footer: html`Beside this page: fit.json with all numbers, face.glb, and every image as PNG. Format
    ${content.formatVersion}.`,
  });
}
