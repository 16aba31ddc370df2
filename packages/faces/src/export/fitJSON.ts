import type { FitCamera, FitMetrics, FitParameter, FitResult, FitStage, LossCurve } from '../fit/types.js';
import type { Photo } from '../photo/photo.js';
import type { View } from './views.js';

/** Units of the metrics, and which way is better. */
export const metricInfo: Readonly<
  Record<keyof FitMetrics, { readonly title: string; readonly unit: string; readonly better: 'higher' | 'lower' }>
> = {
  ssim: { title: 'Structural similarity', unit: '', better: 'higher' },
  ssimModelOnly: { title: 'Structural similarity, model only', unit: '', better: 'higher' },
  psnr: { title: 'Peak signal to noise', unit: 'dB', better: 'higher' },
  photometricRmse8bit: { title: 'Root mean square error', unit: '8-bit sRGB steps', better: 'lower' },
  landmarkRms: { title: 'Landmarks, root mean square', unit: 'share of inter-ocular distance', better: 'lower' },
  maskIou: { title: 'Mask, intersection over union', unit: '', better: 'higher' },
};

/** What `fit.json` holds; numbers that are not finite are null in the file. */
export interface FitJSON {
  readonly formatVersion: 1;
  readonly photo: Omit<Photo, 'image' | 'srgb'>;
  readonly metrics: FitMetrics;
  readonly metricUnits: Readonly<Record<keyof FitMetrics, string>>;
  readonly timings: {
    readonly totalSeconds: number;
    /** Seconds of every stage that ran. */
    readonly stages: Readonly<Partial<Record<FitStage, number>>>;
  };
  readonly adapter: string;
  readonly model: string;
  readonly seed: number;
  readonly camera: FitCamera;
  /** Every fitted number with its unit. */
  readonly parameters: readonly (Omit<FitParameter, 'values'> & { readonly values: readonly number[] })[];
  readonly stages: readonly {
    readonly stage: FitStage;
    readonly seconds: number;
    readonly steps: number;
    readonly skipped?: string;
    readonly curves: readonly (Omit<LossCurve, 'steps' | 'values'> & {
      readonly steps: readonly number[];
      readonly values: readonly number[];
    })[];
  }[];
  /** Image files: what each shows, and the factor that its light was multiplied with before it was stored. */
  readonly images: Readonly<Record<string, { readonly description: string; readonly exposure: number }>>;
  readonly notes: readonly string[];
}

/** Seven digits: all that a float32 has. */
const rounded = (values: ArrayLike<number>): number[] => Array.from(values, (x) => Number(x.toPrecision(7)));

const curve = ({ steps, values, ...names }: LossCurve) => ({
  ...names,
  steps: Array.from(steps),
  values: rounded(values),
});

/** The numbers of a result as they stand in `fit.json`. */
export function fitJSON(photo: Photo, result: FitResult, views: readonly View[]): FitJSON {
  const { image: _image, srgb: _srgb, ...photoFacts } = photo;
  const { metrics, camera, parameters, stages, totalSeconds, adapter, model, seed, notes } = result;
  const units = Object.entries(metricInfo).map(([name, { unit }]) => [name, unit]);
  return {
    formatVersion: 1,
    photo: photoFacts,
    metrics,
    metricUnits: Object.fromEntries(units) as FitJSON['metricUnits'],
    timings: {
      totalSeconds,
      stages: Object.fromEntries(
        stages.filter(({ skipped }) => skipped === undefined).map(({ stage, seconds }) => [stage, seconds]),
      ),
    },
    adapter,
    model,
    seed,
    camera,
    parameters: parameters.map((parameter) => ({ ...parameter, values: rounded(parameter.values) })),
    stages: stages.map((stage) => ({ ...stage, curves: stage.curves.map(curve) })),
    images: Object.fromEntries(
      views.map(({ name, description, exposure }) => [`${name}.png`, { description, exposure }]),
    ),
    notes,
  };
}

/** The text of `fit.json`: indented, but every list of numbers on one line. */
export function jsonText(content: object): string {
  const numbers = /\[\n\s+((?:[-+.\de]+|null)(?:,\n\s+(?:[-+.\de]+|null))*)\n\s+\]/g;
  const text = JSON.stringify(content, null, 2);
  return `${text.replace(numbers, (_, list: string) => `[${list.replace(/\n\s+/g, ' ')}]`)}\n`;
}
