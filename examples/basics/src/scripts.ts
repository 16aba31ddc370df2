import { environment } from './environment.js';
import { pose } from './pose.js';
import { relief } from './relief.js';
import { relight } from './relight.js';
import { silhouettes } from './silhouettes.js';
import { sphere } from './sphere.js';
import { textures } from './textures.js';
import type { Preset, Result, Run } from './report.js';

/** The scripts by name. */
export const scripts = { relight, environment, textures, pose, sphere, silhouettes, relief } satisfies Record<
  string,
  (run: Run) => Promise<Result>
>;

export type ScriptName = keyof typeof scripts;

export type PresetName = 'small' | 'smoke';

/** Sizes by preset and script. */
export const presets: Readonly<Record<PresetName, Readonly<Record<ScriptName, Preset>>>> = {
  small: {
    relight: { size: 224, spp: 64, steps: 0 },
    environment: { size: 128, spp: 64, steps: 200 },
    textures: { size: 144, spp: 16, steps: 240 },
    pose: { size: 192, spp: 32, steps: 240 },
    sphere: { size: 96, spp: 1, steps: 600 },
    silhouettes: { size: 128, spp: 1, steps: 160 },
    relief: { size: 128, spp: 1, steps: 240 },
  },
  smoke: {
    relight: { size: 24, spp: 4, steps: 0 },
    environment: { size: 32, spp: 8, steps: 30 },
    textures: { size: 32, spp: 4, steps: 24 },
    pose: { size: 96, spp: 4, steps: 200 },
    sphere: { size: 24, spp: 1, steps: 60 },
    silhouettes: { size: 32, spp: 1, steps: 60 },
    relief: { size: 32, spp: 1, steps: 48 },
  },
};
