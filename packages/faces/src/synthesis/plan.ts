import { Generator, ShapeError } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import type { FaceScene } from './faceScene.js';

/** An item of a plan: a scene and what it is called. */
export interface SynthesisItem {
  readonly scene: FaceScene;
  /** Numbers by their names: which identity, expression, view, light, clip, frame, camera it is. */
  readonly labels: Readonly<Record<string, number>>;
}

/** Says what every item of a set is. Item i depends on the plan's settings, the model and i, and on nothing else. */
export interface SynthesisPlan {
  readonly kind: 'faces' | 'grid' | 'caricatures' | 'clips' | 'stage';
  /** Items of the set. */
  readonly count: number;
  /** A JSON value that tells it from other plans; datasets keep it. */
  readonly settings: unknown;
  /** @throws ShapeError for a number that is no item's. */
  item(model: MorphableModel, index: number): Promise<SynthesisItem>;
}

/** @throws ShapeError unless all are whole numbers of at least `least`. */
export function checkCounts(what: string, counts: Readonly<Record<string, number>>, least = 1): void {
  for (const [name, count] of Object.entries(counts))
    if (!Number.isSafeInteger(count) || count < least)
      throw new ShapeError(`${what}: ${name} must be a whole number of at least ${least}, got ${count}`);
}

/** The digits of an item's number in a grid, the last axis the fastest. @throws ShapeError for a number outside. */
export function placeInGrid(index: number, axes: readonly number[]): number[] {
  const count = axes.reduce((a, b) => a * b, 1);
  if (!Number.isSafeInteger(index) || index < 0 || index >= count)
    throw new ShapeError(`there is no item ${index} among ${count}`);
  let rest = index;
  return axes.reduceRight<number[]>((digits, size) => {
    digits.unshift(rest % size);
    rest = Math.floor(rest / size);
    return digits;
  }, []);
}

/** What `MorphableModel.sample` draws, as numbers. */
export type DrawnFace = Pick<FaceScene, 'identity' | 'blendshapes' | 'albedo' | 'tint'>;

const drawn = new WeakMap<MorphableModel, Map<string, Promise<DrawnFace>>>();

/** A face of a seed by the model's prior. The last ones are kept: neighbours in a grid or clip share theirs. */
export function drawFace(model: MorphableModel, seed: number, spread: number, expression: number): Promise<DrawnFace> {
  let faces = drawn.get(model);
  if (!faces) drawn.set(model, (faces = new Map<string, Promise<DrawnFace>>()));
  const key = `${seed} ${spread} ${expression}`;
  let face = faces.get(key);
  if (!face) {
    if (faces.size >= 64) faces.delete(faces.keys().next().value!);
    faces.set(key, (face = sampled(model, seed, spread, expression)));
  }
  return face;
}

async function sampled(model: MorphableModel, seed: number, spread: number, expression: number): Promise<DrawnFace> {
  const face = model.sample(new Generator(seed), { spread, expression });
  const [identity, blendshapes, albedo, tint] = await Promise.all(
    [face.identity, face.blendshapes, face.albedo, face.tint].map(async (t) => Array.from(await t.data())),
  );
  return { identity, blendshapes, albedo, tint };
}
