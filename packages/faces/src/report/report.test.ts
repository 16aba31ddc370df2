import { beforeAll, expect, it } from 'vitest';
import { decodePixels } from '../engine.js';
import { fitJSON } from '../export/fitJSON.js';
import { resultViews } from '../export/views.js';
import type { FitResult } from '../fit/types.js';
import { lossCharts, niceTicks } from './charts.js';
import { duration, significant } from './format.js';
import { html } from './html.js';
import { summarizeLight } from './light.js';
import { reportHTML } from './report.js';
import { sampleResult } from './sample.testing.js';

const { photo, result } = sampleResult(32);
const reportOf = (of: FitResult): Promise<string> => {
  const views = resultViews(of);
  return reportHTML(fitJSON(photo, of, views), of, views, new Date(0));
};
let page: string;
beforeAll(async () => {
  page = await reportOf(result);
});

const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found]) => found);

it('the page needs nothing but itself', () => {
  const links = matches(page, /\b(?:src|href|action|poster|data)\s*=\s*["']([^"']{0,40})/g);
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter((link) => !link.startsWith('data:image/jpeg;base64,'))).toEqual([]);
  const text = page.replace(/data:image\/jpeg;base64,[\w+/=]+/g, '');
  expect(text).not.toMatch(/https?:|\/\/\w|url\(|@import|\bfetch\(|XMLHttp|import\(/);
  expect(text).toMatch(/Content-Security-Policy" content="default-src &#39;none&#39;/);
});

it('every image decodes and has an alternative text', async () => {
  const images = matches(page, /<img\b([^>]*)>/g).filter((attributes) => attributes.includes('src='));
  expect(images.length).toBe(14 + 2 + 1 + 2 * 6); // views, comparison, turntable, relit with their lights
  for (const attributes of images) {
    const [alt] = matches(attributes, /alt="([^"]*)"/g);
    expect(alt.length).toBeGreaterThan(10);
    const [data] = matches(attributes, /base64,([\w+/=]+)/g);
    const { width, height } = await decodePixels(new Uint8Array(Buffer.from(data, 'base64')));
    const [wide, high] = [matches(attributes, /width="(\d+)"/g)[0], matches(attributes, /height="(\d+)"/g)[0]];
    if (wide) expect([width, height]).toEqual([Number(wide), Number(high)]);
    else expect([width, height]).toEqual([16 * 24, 16]); // the strip of the turntable
  }
});

it('tags are closed, names of files are escaped', () => {
  const open: string[] = [];
  const without = page.replace(/<(style|script)>[^]*?<\/\1>/g, '');
  for (const [, slash, name, rest] of without.matchAll(/<(\/?)([a-z][a-z0-9]*)\b((?:"[^"]*"|[^>"])*)>/g)) {
    if (slash) expect(open.pop()).toBe(name);
    else if (!/^(meta|img|input)$/.test(name) && !rest.endsWith('/')) open.push(name);
  }
  expect(open).toEqual([]);
  expect(page).toContain('an egg &lt;with&gt; &quot;a face&quot;.jpg');
  expect(page).not.toContain('<with>');
  expect(html`<b>${['<', html`<i>${0}</i>`, undefined, false]}</b>`.text).toBe('<b>&lt;<i>0</i></b>');
});

it('what did not run is left out, and the page says so', async () => {
  const { modelOnly: _, normals: __, ...images } = result.images;
  const stages = result.stages.map((s) => (s.stage === 'texture' ? { ...s, curves: [], skipped: 'no time left' } : s));
  const less = await reportOf({ ...result, images, stages, turntable: undefined, relit: [], notes: [] });
  expect(less).toContain('<b>Textures</b> did not run: no time left');
  for (const text of ['Model only', 'Normals', 'class="turn"', '>Relit<']) {
    expect(page).toContain(text);
    expect(less).not.toContain(text);
  }
});

it('numbers are printed for people', () => {
  expect([0.42, 8.13, 59.96, 247.4, 4330].map(duration)).toEqual([
    '0.42 s',
    '8.1 s',
    '1 min 00 s',
    '4 min 07 s',
    '1 h 12 min',
  ]);
  expect([0, 1234.5, 0.012345, -3e-7, NaN].map((x) => significant(x))).toEqual([
    '0',
    '1230',
    '0.0123',
    '-3.00e-7',
    '-',
  ]);
  expect(page).toContain('7 min 48 s');
  expect(page).toContain('1.83 %');
});

it('charts have round ticks, survive odd values, and are left out where there is nothing', () => {
  expect(niceTicks(0, 1, 4)).toEqual([0, 0.5, 1]);
  expect(niceTicks(-3, 7, 5)).toEqual([-2, 0, 2, 4, 6]);
  const stage = (...values: number[]) =>
    ({
      stage: 'pose',
      seconds: 1,
      steps: values.length,
      curves: [{ name: 'x', steps: values.map((_, k) => k), values }],
    }) as const;
  expect(lossCharts(stage())).toEqual([]);
  expect(lossCharts(stage(1))).toEqual([]);
  const [curve] = stage(3, 2, 1).curves;
  const phases = ['coarse', 'fine', 'fine'].map((phase) => ({ ...curve, phase }));
  const charts = lossCharts({ ...stage(), curves: phases }).map(({ text }) => text);
  expect(charts.map((text) => matches(text, /class="(line)"/g).length)).toEqual([1, 2]);
  expect(charts[1]).toContain('<b>Camera and pose: fine</b>');
  for (const chart of [stage(2, 2, 2), stage(1e-9, 1, NaN, 1e6), stage(-1, 0, 5), stage(...Array(5000).keys())]) {
    const [{ text }] = lossCharts(chart);
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
    const [path] = matches(text, /class="line"[^>]*d="([^"]+)"/g);
    const numbers = path.match(/[\d.]+/g)!.map(Number);
    expect(numbers.length).toBeLessThan(1010);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(400);
  }
});

it('the light in numbers: mean, direction and bands of one lamp', () => {
  // even radiance 2 and a linear lobe of 1 along a direction 30 degrees right and 45 degrees up
  const [right, up] = [Math.PI / 6, Math.PI / 4];
  const d = [Math.cos(up) * Math.sin(right), Math.sin(up), Math.cos(up) * Math.cos(right)];
  const y1 = Math.sqrt((4 * Math.PI) / 3);
  const sh = new Float32Array(81 * 3);
  sh.fill(2 * Math.sqrt(4 * Math.PI), 0, 3);
  [d[1], d[2], d[0]].forEach((x, k) => sh.fill(x * y1, 3 * (k + 1), 3 * (k + 2)));
  const { mean, direction, power } = summarizeLight({ sh });
  mean.forEach((c) => expect(c).toBeCloseTo(2, 5));
  expect(direction!.right).toBeCloseTo(30, 3);
  expect(direction!.up).toBeCloseTo(45, 3);
  expect(power.length).toBe(9);
  expect(power[1] / power[0]).toBeCloseTo(1 / 3 / 4, 5); // mean square of the lobe over that of the even light
  expect(summarizeLight({ sh: sh.slice(0, 3) }).direction).toBeUndefined();
});
