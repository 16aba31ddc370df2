import { stageTitles } from '../fit/types.js';
import type { LossCurve, StageRecord } from '../fit/types.js';
import { duration, significant } from './format.js';
import { Markup, html } from './html.js';

/** Colours of lines on the dark page; far apart in lightness as well as in hue. */
const colors = ['#e8b866', '#7cb7dd', '#c993d6', '#8fc98f', '#e88a7d', '#c8c8c8'];

const [width, height] = [400, 200];
const frame = { left: 46, right: 12, top: 10, bottom: 28 };
/** Points of a line: more than the pixels it crosses help nobody. */
const mostPoints = 500;

/** Round numbers that divide a range into about `count` parts: steps of 1, 2 or 5 times a power of ten. */
export function niceTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((n) => n * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
    ticks.push(Number((k * step).toPrecision(12)));
  }
  return ticks;
}

/** An axis of values: linear, or logarithmic where all values are positive and range over more than a factor of 10. */
interface Axis {
  readonly logarithmic: boolean;
  readonly ticks: readonly number[];
  /** 0 at the low end, 1 at the high one. */
  place(value: number): number;
}

function valueAxis(values: readonly number[]): Axis {
  let low = values.reduce((a, b) => Math.min(a, b), Infinity);
  let high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > 0 && high > 10 * low) {
    const [bottom, top] = [Math.log10(low), Math.log10(high)];
    const decades = Array.from({ length: Math.ceil(top) - Math.floor(bottom) + 1 }, (_, k) => Math.floor(bottom) + k);
    const mantissas = top - bottom > 3 ? [1] : [1, 2, 5];
    const ticks = decades.flatMap((k) => mantissas.map((m) => Number((m * 10 ** k).toPrecision(3))));
    return {
      logarithmic: true,
      ticks: ticks.filter((t) => t >= low && t <= high),
      place: (value) => (Math.log10(value) - bottom) / (top - bottom),
    };
  }
  if (low > 0 && low < 0.5 * high) low = 0;
  if (high === low) [low, high] = [low - 0.5 * (Math.abs(low) || 1), high + 0.5 * (Math.abs(high) || 1)];
  return { logarithmic: false, ticks: niceTicks(low, high, 4), place: (value) => (value - low) / (high - low) };
}

/** The finite points of a curve, thinned evenly; the last one stays. */
function points({ steps, values }: LossCurve): [number, number][] {
  const all = Array.from(values, (value, k): [number, number] => [steps[k], value]).filter((p) =>
    p.every(Number.isFinite),
  );
  const stride = Math.ceil(all.length / mostPoints);
  return all.filter((_, k) => k % stride === 0 || k === all.length - 1);
}

/** The curves of a stage over its steps, one chart for each of its phases; none where there is nothing to draw. */
export function lossCharts({ stage, curves }: StageRecord): Markup[] {
  const phases = [...new Set(curves.map(({ phase }) => phase))];
  return phases
    .map((phase) =>
      lossChart(
        phase === undefined ? stageTitles[stage] : `${stageTitles[stage]}: ${phase}`,
        curves.filter((curve) => curve.phase === phase),
      ),
    )
    .filter((chart) => chart !== undefined);
}

/** Curves as an SVG with a legend; undefined if there is nothing to draw. */
function lossChart(title: string, curves: readonly LossCurve[]): Markup | undefined {
  const lines = curves.map((curve) => ({ name: curve.name, points: points(curve) })).filter((l) => l.points.length > 1);
  if (lines.length === 0) return undefined;
  const all = lines.flatMap((line) => line.points);
  const [first, last] = all.reduce(([a, b], [step]) => [Math.min(a, step), Math.max(b, step)], [Infinity, -Infinity]);
  const axis = valueAxis(all.map(([, value]) => value));
  const x = (step: number): number =>
    frame.left + ((step - first) / (last - first || 1)) * (width - frame.left - frame.right);
  const y = (value: number): number => height - frame.bottom - axis.place(value) * (height - frame.top - frame.bottom);
  const at = (n: number): string => n.toFixed(1);
  const path = (line: [number, number][]): string => `M${line.map(([s, v]) => `${at(x(s))} ${at(y(v))}`).join('L')}`;
  const ends = lines.map(
    ({ name, points: p }) => `${name} from ${significant(p[0][1])} to ${significant(p.at(-1)![1])}`,
  );
  const color = (k: number): string => colors[k % colors.length];
  return html`<figure class="chart">
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}: ${ends.join('; ')}">
      <g class="rules">
        ${axis.ticks.map((tick) => html`<path d="M${frame.left} ${at(y(tick))}H${width - frame.right}" />`)}
      </g>
      <g class="ticks">
        ${axis.ticks.map(
          (tick) => html`<text x="${frame.left - 8}" y="${at(y(tick) + 4)}" class="end">${significant(tick, 2)}</text>`,
        )}
        ${niceTicks(first, last, 5).map(
          (tick) => html`<text x="${at(x(tick))}" y="${height - 8}" class="middle">${tick}</text>`,
        )}
      </g>
      ${lines.map((line, k) => html`<path class="line" stroke="${color(k)}" d="${path(line.points)}" />`)}
    </svg>
    <figcaption>
      <b>${title}</b>, by step${axis.logarithmic && ', logarithmic'}
      <span class="legend">
        ${lines.map(
          ({ name, points: p }, k) =>
            html`<span><i style="background:${color(k)}"></i>${name} <em>${significant(p.at(-1)![1])}</em></span>`,
        )}
      </span>
    </figcaption>
  </figure>`;
}

/** Seconds per stage as one bar with a table below it. */
export function timings(stages: readonly StageRecord[], totalSeconds: number): Markup {
  const ran = stages.filter(({ skipped }) => skipped === undefined);
  const sum = ran.reduce((total, { seconds }) => total + seconds, 0);
  const color = (k: number): string => colors[k % colors.length];
  const rest = totalSeconds - sum;
  return html`<div class="timings">
    <div class="bar" aria-hidden="true">
      ${ran.map(({ seconds }, k) => html`<span style="flex:${(seconds / (totalSeconds || 1)).toFixed(4)};background:${color(k)}"></span>`)}
      ${rest > 0.01 * totalSeconds && html`<span style="flex:${(rest / totalSeconds).toFixed(4)}"></span>`}
    </div>
    <table>
      <thead>
        <tr>
          <th>Stage</th>
          <th class="number">Time</th>
          <th class="number">Steps</th>
          <th class="number">Steps/s</th>
        </tr>
      </thead>
      <tbody>
        ${ran.map(
          ({ stage, seconds, steps }, k) =>
            html`<tr>
              <td><i style="background:${color(k)}"></i>${stageTitles[stage]}</td>
              <td class="number">${duration(seconds)}</td>
              <td class="number">${steps}</td>
              <td class="number">${steps > 1 && seconds > 0 ? significant(steps / seconds, 2) : ''}</td>
            </tr>`,
        )}
      </tbody>
      <tfoot>
        <tr>
          <th>All, with loading and compiling</th>
          <td class="number">${duration(totalSeconds)}</td>
          <td></td>
          <td></td>
        </tr>
      </tfoot>
    </table>
  </div>`;
}
