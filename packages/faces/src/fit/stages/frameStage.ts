import type { Adam } from '@chiaro/nn';
import { Cell, compile, noGrad, stack, zeros } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { FitConfig } from '../config.js';
import { lightPrior } from '../light/lightPrior.js';
import { blendshapeSigma } from './modelTerms.js';
import { vertexTerms } from './vertexStage.js';
import type { VertexFace, VertexInputs } from './vertexStage.js';
import type { FaceVariables } from '../faceVariables.js';

/** What moves from frame to frame. */
export const movingNames = ['rotation', 'translation', 'blendshapes', 'light'] as const;
type Moving = Pick<FaceVariables, (typeof movingNames)[number]>;

/** Where the neighbours of a frame expect it, as cells: values like the variables, and a weight [] for each. */
export type ExpectedCells = Readonly<Record<(typeof movingNames)[number], { value: Cell; weight: Cell }>>;

/** Cells that expect nothing yet. */
export const expectedCells = (v: Moving): ExpectedCells =>
  Object.fromEntries(
    movingNames.map((name) => [name, { value: new Cell(zeros(v[name].shape)), weight: new Cell(zeros([])) }]),
  ) as ExpectedCells;

/** What the steps of all frames share; everything that differs from frame to frame is a cell. */
export interface FrameProblem {
  readonly face: VertexFace;
  /** The cells behind `face.variables` that move; shape and albedo stand. */
  readonly moving: Moving;
  readonly held: VertexInputs;
  readonly expected: ExpectedCells;
}

/**
 * One step of the fit of a frame as a compiled function -> [4] total, photometric, landmarks, smoothness: the vertex-based step for pose,
 * expression and light alone, with what the frames about it expect. Compiled once for a clip.
 */
export function frameStep(
  { face, moving, held, expected }: FrameProblem,
  { vertex: { weights }, light }: FitConfig,
  adam: Adam,
): () => Tensor {
  return compile(() => {
    const { photometric, landmarks } = vertexTerms(face, held);
    const smoothness = movingNames
      .map((name) => moving[name].sub(expected[name].value).square().sum().mul(expected[name].weight))
      .reduce((sum, term) => sum.add(term));
    const prior = moving.blendshapes
      .div(blendshapeSigma)
      .square()
      .sum()
      .mul(weights.blendshapes)
      .add(lightPrior(moving.light, held.ambient, light).mul(weights.light));
    const total = photometric.mul(weights.photo).add(landmarks.mul(weights.landmarks)).add(smoothness).add(prior);
    total.backward();
    adam.step();
    adam.zeroGrad();
    noGrad(() => moving.blendshapes.assign(moving.blendshapes.clamp(0, 1)));
    return stack([total, photometric, landmarks, smoothness]);
  });
}
