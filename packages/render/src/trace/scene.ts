import type { Shape } from '../geometry/index.js';
import type { Emitter } from './emitters.js';
import type { Instances } from './instances.js';

export type { Shape } from '../geometry/index.js';

/** A scene: a tree of tensors. Whatever is a tensor in it is an input of the renderer; nothing is registered. */
export interface Scene {
  readonly shapes: readonly Shape[];
  readonly emitters?: readonly Emitter[];
  /** Shapes that stand in many places. They reflect, and do not shine. */
  readonly instances?: readonly Instances[];
}
