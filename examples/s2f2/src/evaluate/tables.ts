import { measureTitles } from '@chiaro/example-rich-reflectance';
import { coarseRows, type CoarseRow, type LaterRow } from '../config.js';
import type { Entry } from './entries.js';
import type { Measure } from './measures.js';

const names: Readonly<Record<Entry['row'], string>> = {
  mean: 'mean face, even light',
  light: 'mean face, light refitted',
  start: 'E before all rows',
  coarse: 'rays and vertices (coarse)',
  rays: 'rays only',
  strongRays: 'rays only, weight x 1.5',
  raysAndEdges: 'rays with gradients of edges',
  coarseNoLandmarks: 'rays and vertices, no landmarks',
  raysNoLandmarks: 'rays only, no landmarks',
  strongRaysNoLandmarks: 'rays only, weight x 1.5, no landmarks',
  raysAndEdgesNoLandmarks: 'rays with gradients of edges, no landmarks',
  coarseLonger: 'coarse loss for as long as fine',
  medium: 'medium',
  fine: 'fine',
  fineFree: 'fine without symmetry and consistency',
};

const titles: Readonly<Record<Measure, string>> = {
  ...measureTitles,
  band: 'at silhouettes and lips [mm]',
  ...{ normalGeometry: 'normals, furrows', normalPaint: 'normals, paint', normalShared: 'normals, the same for all' },
  ...{ diffuseGeometry: 'albedo, furrows', diffusePaint: 'albedo, paint' },
};

interface Columns {
  readonly title: string;
  readonly rows: readonly Entry['row'][];
  readonly columns: readonly Measure[];
}

const later: readonly LaterRow[] = ['coarseLonger', 'medium', 'fine', 'fineFree'];

/** One table for each claim of the paper's section 5. */
const tables: readonly Columns[] = [
  {
    title: 'The vertex-based term',
    rows: ['mean', 'light', 'start', ...(Object.keys(coarseRows) as CoarseRow[])],
    columns: ['vertices', 'band', 'normals', 'under20', 'under25', 'under30'],
  },
  {
    title: 'The stages',
    rows: ['mean', 'light', 'start', 'coarse', ...later],
    columns: ['ssim', 'psnr', 'normals', 'albedo', 'diffuseSsim', 'leak', 'shine', 'relit'],
  },
  {
    title: 'The swap test',
    rows: ['fine', 'fineFree'],
    columns: ['normalGeometry', 'normalPaint', 'normalShared', 'diffuseGeometry', 'diffusePaint'],
  },
];

const average = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

/** The tables of the rows that there are: means over photographs, averaged over seeds, with the least and largest of them. */
export function tableText(entries: readonly Entry[]): string {
  return tables
    .map(({ title, rows, columns }) => {
      const lines = rows.flatMap((row) => {
        const of = entries.filter((entry) => entry.row === row);
        if (of.length === 0) return [];
        const cells = columns.map((name) => {
          const means = of.flatMap(({ scores }) => scores[name]?.mean ?? []);
          if (means.length === 0) return '-';
          const ends = [Math.min(...means), Math.max(...means)].map((x) => x.toFixed(3));
          return `${average(means).toFixed(3)}${means.length > 1 ? ` (${ends.join(' to ')})` : ''}`;
        });
        const minutes = average(of.map(({ seconds }) => seconds)) / 60;
        return [`| ${[names[row], of.length, minutes.toFixed(1), ...cells].join(' | ')} |`];
      });
      const heads = ['row', 'seeds', 'minutes', ...columns.map((name) => titles[name])];
      const rule = heads.map((_, k) => (k === 0 ? ' --- ' : ' ---: ')).join('|');
      return [`## ${title}`, '', `| ${heads.join(' | ')} |`, `|${rule}|`, ...lines].join('\n');
    })
    .join('\n\n');
}
