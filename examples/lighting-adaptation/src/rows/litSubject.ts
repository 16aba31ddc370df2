import { Generator, type Tensor } from '@chiaro/autograd';
import { textureOfVertices, vertexTexels, type MorphableModel } from '@chiaro/faces';
import { vertexNormals } from '@chiaro/render';
import type { Avatar } from '../avatar/avatar.js';
import type { Clip } from '../clips/clip.js';
import type { Experiment, Learned } from '../experiment.js';
import { ColourMatrix, HarmonicLight } from '../light/baselines.js';
import { HarmonicRegression } from '../light/harmonicRegression.js';
import type { LightModel } from '../light/lightModel.js';
import { makeLight } from '../light/trainLight.js';
import type { LitSubject } from '../registration/subject.js';
import type { RowPlan } from './rows.js';

/** Unit normals [M, M, 3] of the avatar's mean face at its texels. */
function normalTexture(model: MorphableModel, avatar: Avatar): Tensor {
  const { positions, topology } = avatar.mesh;
  const normals = textureOfVertices(vertexNormals(positions, topology), vertexTexels(model, avatar.textureSize));
  return normals.div(normals.square().sum(2, true).sqrt().maximum(1e-6));
}

/** Channels of the regression network's first layer. */
const regressionWidth = 8;

/** The light model that a row begins with: one of its own, as registration changes it. */
async function lightOf(
  { model, stage, preset }: Experiment,
  { avatar, light }: Learned,
  plan: RowPlan,
  seed: number,
): Promise<LightModel> {
  switch (plan.light) {
    case 'matrix':
      return new ColourMatrix();
    case 'harmonics':
      return new HarmonicLight(normalTexture(model, avatar));
    case 'regressed': {
      const harmonics = new HarmonicLight(normalTexture(model, avatar));
      return new HarmonicRegression(harmonics, preset.clip.size, regressionWidth, new Generator(2000 + seed));
    }
    case 'fresh':
      return makeLight(stage, preset.light, 1000 + seed);
    case 'stage':
      return makeLight(stage, preset.light, seed).load(await light.stateDict());
  }
}

/** Who is tracked in a clip, with the light model of a row. */
export async function litSubject(
  experiment: Experiment,
  learned: Learned,
  clip: Clip,
  plan: RowPlan,
  seed: number,
): Promise<LitSubject> {
  return {
    avatar: learned.avatar,
    light: await lightOf(experiment, learned, plan, seed),
    landmarks: experiment.model.landmarkIds(),
    camera: { size: clip.size, focal: clip.focal },
  };
}
