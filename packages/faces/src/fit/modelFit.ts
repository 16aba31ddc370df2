import { Parameter, noGrad, realize, tensor, zeros } from '../engine.js';
import type { FitConfig } from './config.js';
import type { FaceContext } from './faceContext.js';
import { facePixels } from '../scene/litFace.js';
import { posedFace } from '../scene/posedFace.js';
import { columnOf } from '../scene/surfaceImage.js';
import type { FaceVariables } from './faceVariables.js';
import { estimateLight } from './light/estimateLight.js';
import type { View, ViewedFace } from './problem.js';
import type { FitRun } from './run.js';
import { adamOf, stepTerms } from './stages/modelTerms.js';
import { firstEstimate, tracedStep } from './stages/tracedStage.js';
import { vertexStep } from './stages/vertexStage.js';

/** One photograph of a fit. */
export interface FittedFace {
  readonly context: FaceContext;
  readonly variables: FaceVariables;
  /** The photograph's crop at a number of pixels a side. */
  readonly view: (size: number) => View;
}

/** What the model stages need. */
export interface ModelFit {
  /** One face, or one person's face in several photographs, whose variables then share cells. */
  readonly faces: readonly FittedFace[];
  readonly config: FitConfig;
  readonly run: FitRun;
}

/** What belongs to photograph k in a saved state. */
export const ofPhoto = (name: string, k: number): string => (k === 0 ? name : `${name} ${k + 1}`);

/** The faces as photographs of `size` pixels show them. */
const atSize = (faces: readonly FittedFace[], size: number): ViewedFace[] =>
  faces.map((face) => ({ ...face, view: face.view(size) }));

/**
 * Fits pose, shape, expression, reflectance coefficients and light: rounds of light in closed form and vertex-based steps,
 * then ray-traced steps from coarse to fine. @returns what the steps hold fixed, per photograph.
 */
export async function fitModel({ faces, config, run }: ModelFit): Promise<readonly HeldInputs[]> {
  const variables = faces.map((face) => face.variables);
  const held = faces.map(({ context }, k) => {
    const inputs = heldInputs(context);
    run.keep(ofPhoto('held', k), { ...inputs });
    return inputs;
  });
  const { vertex, trace } = config;

  /** Seconds of the last estimate of the light, and of the first step of the last phase: what the next ones will take. */
  let lightSeconds = 0;
  let stepSeconds = 0;

  const relight = async (views: readonly ViewedFace[], before: string): Promise<void> => {
    const from = run.seconds;
    await run.stage('model', `light before ${before}`, async () => {
      for (const [k, face] of views.entries()) await holdLight(face, held[k], config.light);
    });
    lightSeconds = run.seconds - from;
  };
  const ambients = (): Promise<number[]> => Promise.all(held.map(({ ambient }) => ambient.item()));

  const coarse = atSize(faces, vertex.size);
  let step: ReturnType<typeof vertexStep> | undefined;
  let adam: ReturnType<typeof adamOf> | undefined;
  for (let round = 0; round < vertex.rounds; round++) {
    const name = `vertices ${round + 1}`;
    if (run.isDone(name)) continue;
    const detail = `vertices, ${vertex.size} x ${vertex.size} pixels, round ${round + 1} of ${vertex.rounds}`;
    const share = vertex.share / vertex.rounds;
    if (!run.isWithin(name)) {
      if (round > 0 && !run.affords({ name, detail, share }, lightSeconds + stepSeconds)) continue;
      await relight(coarse, `round ${round + 1} of ${vertex.rounds}`);
    }
    // one optimiser and one recording for all rounds
    adam ??= adamOf(variables, vertex.rates, await ambients());
    step ??= vertexStep(coarse, config, adam);
    stepSeconds = await run.optimise({
      name,
      stage: 'model',
      detail,
      steps: vertex.steps,
      share,
      adam,
      terms: stepTerms,
      step: () => step!(held),
    });
  }

  for (const [k, level] of trace.levels.entries()) {
    const name = `rays ${k + 1}`;
    if (run.isDone(name)) continue;
    const detail = `ray traced, ${level.size} x ${level.size} pixels, ${2 * level.spp} samples`;
    const views = atSize(faces, level.size);
    if (!run.isWithin(name)) {
      const begin = lightSeconds + (k === 0 ? tracedBegin : 1) * stepSeconds;
      if (!run.affords({ name, detail, share: level.share }, begin)) continue;
      await relight(views, `ray traced, ${level.size} x ${level.size} pixels`);
    }
    const optimiser = adamOf(variables, trace.rates, await ambients());
    const kept = await run.stage('model', `first image, ${level.size} x ${level.size} pixels`, async () => {
      const cells = views.map((face) => ({
        estimate: new Parameter(firstEstimate(face, config, level.spp, run.generator)),
        pixels: Parameter.zeros([level.size, level.size]),
      }));
      await realize(...cells.map(({ estimate }) => estimate));
      return cells;
    });
    kept.forEach((cells, photo) => run.keep(ofPhoto(name, photo), cells));
    const estimates = kept.map(({ estimate }) => estimate);
    const traced = tracedStep(views, config, level.spp, optimiser, run.generator, estimates);
    stepSeconds = await run.optimise({
      name,
      stage: 'model',
      detail,
      steps: level.steps,
      share: level.share,
      adam: optimiser,
      terms: stepTerms,
      step: (_, i) => {
        if (i % maskSteps === 0)
          noGrad(() =>
            views.forEach(({ context, variables: v, view: { camera } }, photo) =>
              kept[photo].pixels.assign(facePixels(posedFace(context.model, v), camera, held[photo].mask)),
            ),
          );
        return traced(held.map((inputs, photo) => ({ ...inputs, pixels: kept[photo].pixels })));
      },
    });
  }
  return held;
}

/** Sets a face's light to what explains its photograph best, and what the steps hold of it. */
export async function holdLight(
  { context, variables: v, view }: ViewedFace,
  held: HeldInputs,
  priors: FitConfig['light'],
): Promise<void> {
  const { light, shadow, visibility, skin, ambient } = await estimateLight(context, v, view, priors);
  noGrad(() => {
    held.areas.assign(tensor(context.areas.map((area, k) => area * skin[k])));
    held.mask.assign(columnOf(faceMask(context, skin)));
    v.light.assign(tensor(light, [light.length / 3, 3]));
    held.shadow.assign(shadow);
    held.visibility.assign(visibility);
    held.ambient.assign(tensor(ambient));
  });
}

/**
 * The first image and the first ray-traced step take about as long as so many first steps with vertices: a ray-traced step
 * has one in it.
 */
const tracedBegin = 4;

/** The mask of the pixels follows the face every so many steps. */
const maskSteps = 20;

/** What steps hold fixed, as cells, so that checkpoints have it. */
export interface HeldInputs {
  /** [R, 3], [R]: see `LightEstimate`. */
  readonly shadow: Parameter;
  readonly visibility: Parameter;
  /** [R] areas of the vertices that show skin, mm^2. */
  readonly areas: Parameter;
  /** [V, 1] face mask of the whole model where skin shows. */
  readonly mask: Parameter;
  /** [] */
  readonly ambient: Parameter;
}

/** Nothing known yet: no shadows, all of the face seen. */
export function heldInputs({ region, model, areas, mask }: FaceContext): HeldInputs {
  return {
    shadow: Parameter.full([region.vertexCount, 3], 1),
    visibility: Parameter.full([region.vertexCount], 1),
    areas: new Parameter(tensor(areas)),
    mask: new Parameter(mask.reshape([model.vertexCount, 1])),
    ambient: new Parameter(zeros([])),
  };
}

/** [V] the model's face mask times how much skin the vertices of the region show. */
function faceMask({ model, regionIds }: FaceContext, skin: Float32Array): Float32Array {
  const mask = model.data.mask.slice();
  skin.forEach((value, k) => (mask[regionIds[k]] *= value));
  return mask;
}
