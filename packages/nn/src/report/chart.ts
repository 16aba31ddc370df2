import { ChiaroError } from '../engine.js';
import { binned, linearAxis, valueAxis, type Axis, type Bin, type Curve } from './curves.js';
import { significant } from './format.js';

const [width, height] = [640, 260];
const frame = { left: 56, right: 14, top: 12, bottom: 30 };
const colors = ['#7cb7dd', '#e8b866', '#c993d6', '#8fc98f'];
/** Bins along a line; more than can be told apart help nobody. */
const resolution = 280;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for HTML. */
export const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => escapes[c]!);

interface Line extends Curve {
  readonly bins: readonly Bin[];
}

/** What can be drawn of curves; empty where there are no two points. */
function linesOf(curves: readonly Curve[]): Line[] {
  const lines = curves
    .map((curve) => ({ ...curve, bins: binned(curve.points, resolution) }))
    .filter(({ bins }) => bins.length > 0);
  return lines.flatMap((line) => line.bins).length < 2 ? [] : lines;
}

const colorOf = (k: number): string => colors[k % colors.length]!;
const endOf = ({ bins }: Line): string => significant(bins.at(-1)!.mean);

/** Curves over steps as an SVG picture that stands alone, named in a corner. */
export function chartPicture(title: string, curves: readonly Curve[]): string {
  const lines = linesOf(curves);
  if (lines.length === 0) throw new ChiaroError(`chart of ${title}: there are no two points to draw`);
  const names = lines.map(
    ({ name }, k) =>
      `<text x="${width - frame.right}" y="${26 + 17 * k}" text-anchor="end" style="fill:${colorOf(k)}">${escaped(title)}, ${escaped(name)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif">
<rect width="${width}" height="${height}" fill="#1c1c1e"/>
${drawing(lines).svg}
${names.join('\n')}
</svg>
`;
}

/** Curves over steps with a caption for a page, from 0 and never logarithmic if `linear`; nothing where there are no two points. */
export function chart(title: string, curves: readonly Curve[], { linear = false } = {}): string {
  const lines = linesOf(curves);
  if (lines.length === 0) return '';
  const label = escaped(`${title}: ${lines.map((line) => `${line.name} ends at ${endOf(line)}`).join(', ')}`);
  const { svg, logarithmic } = drawing(lines, linear);
  const legend = lines.map(
    (line, k) => `<span><i style="background:${colorOf(k)}"></i>${escaped(line.name)} <em>${endOf(line)}</em></span>`,
  );
  return `<figure>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
${svg}
</svg>
<figcaption><b>${escaped(title)}</b> by step${logarithmic ? ', logarithmic' : ''}
${legend.join('\n')}
</figcaption>
</figure>`;
}

/** Axes and lines. */
function drawing(lines: readonly Line[], linear = false): { readonly svg: string; readonly logarithmic: boolean } {
  const bins = lines.flatMap((line) => line.bins);
  const x = linearAxis(0, Math.max(...bins.map((bin) => bin.x)), 6, { whole: true });
  const [low, high] = [Math.min(...bins.map((bin) => bin.low)), Math.max(...bins.map((bin) => bin.high))];
  const y = linear ? linearAxis(Math.min(low, 0), high, 4) : valueAxis(low, high);
  const left = (value: number): string => (frame.left + x.place(value) * (width - frame.left - frame.right)).toFixed(1);
  const top = (value: number): string =>
    (height - frame.bottom - y.place(value) * (height - frame.top - frame.bottom)).toFixed(1);
  const drawnLines = lines.map((line, k) => drawn(line, colorOf(k), left, top));
  return {
    svg: `<style>text{fill:#9a9a9a;font-size:12px}.rule{stroke:#3a3a3c}.line{fill:none;stroke-width:1.8;stroke-linejoin:round}.band{opacity:.22}</style>
${rules(x, y, left, top)}
${drawnLines.join('\n')}`,
    logarithmic: y.logarithmic,
  };
}

type Placing = (value: number) => string;

const rules = (x: Axis, y: Axis, left: Placing, top: Placing): string =>
  [
    ...y.ticks.map(
      (tick) =>
        `<path class="rule" d="M${frame.left} ${top(tick)}H${width - frame.right}"/>` +
        `<text x="${frame.left - 8}" y="${top(tick)}" dy="4" text-anchor="end">${significant(tick)}</text>`,
    ),
    ...x.ticks.map((tick) => `<text x="${left(tick)}" y="${height - 8}" text-anchor="middle">${tick}</text>`),
  ].join('\n');

function drawn({ bins, dots }: Line, color: string, left: Placing, top: Placing): string {
  const path = (pick: (bin: Bin) => number, list: readonly Bin[] = bins): string =>
    list.map((bin) => `${left(bin.x)} ${top(pick(bin))}`).join('L');
  const line = `<path class="line" stroke="${color}" d="M${path((bin) => bin.mean)}"/>`;
  if (dots) {
    return (
      line + bins.map((bin) => `<circle cx="${left(bin.x)}" cy="${top(bin.mean)}" r="3.2" fill="${color}"/>`).join('')
    );
  }
  const band = `M${path((bin) => bin.high)}L${path((bin) => bin.low, [...bins].reverse())}Z`;
  return `<path class="band" fill="${color}" d="${band}"/>${line}`;
}
