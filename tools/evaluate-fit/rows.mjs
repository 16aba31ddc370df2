// The kinds of fit that are compared.
import { defaultConfig } from '@chiaro/faces';

/** Part of the full schedule's steps that is taken, so that 80 fits end within 40 minutes on two cores. */
const stepShare = 0.6;

const fewer = (phase) => ({ ...phase, steps: Math.round(stepShare * phase.steps) });

/** What every row has: the full schedule's phases at the size of the pictures, and no pictures for people. */
export function baseConfig(size) {
  const { vertex, trace, render } = defaultConfig;
  return {
    ...defaultConfig,
    cropMargin: 100, // the crop is the picture, so that pixels can be compared
    size,
    vertex: { ...vertex, size: Math.min(vertex.size, size) },
    trace: { ...trace, levels: trace.levels.map((level) => ({ ...fewer(level), size: Math.min(level.size, size) })) },
    texture: { ...fewer(defaultConfig.texture), size: 192 },
    render: { ...render, spp: 8, lights: 0, frames: 0, smallSize: 16 },
  };
}

const withBands = (config, bands) => ({ ...config, light: { ...config.light, bands } });
const withoutRays = (config) => ({ ...config, trace: { ...config.trace, levels: [] } });

/** Name -> { title, config(size) }. */
export const rows = {
  traced9: { title: 'ray traced, 9 bands', config: (size) => withBands(baseConfig(size), 9) },
  traced3: { title: 'ray traced, 3 bands', config: (size) => withBands(baseConfig(size), 3) },
  vertex9: { title: 'vertex-based, 9 bands', config: (size) => withoutRays(withBands(baseConfig(size), 9)) },
  vertex3: { title: 'vertex-based, 3 bands', config: (size) => withoutRays(withBands(baseConfig(size), 3)) },
};
