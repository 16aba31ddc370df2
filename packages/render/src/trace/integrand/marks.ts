import { componentsOf } from '../../engine.js';
import type { ValueType } from '../../engine.js';
import type { Operand } from './steps.js';

/** For every scalar of the arguments whether a derivative is wanted. */
export const marksOf = (args: readonly Operand[]): boolean[] =>
  args.flatMap((a) => componentsOf(a.type).map((c) => a.active && c.type === 'f32'));

/** Numbers of the f32 components. */
export const realIndices = (type: ValueType): number[] =>
  componentsOf(type).flatMap((c, k) => (c.type === 'f32' ? [k] : []));
