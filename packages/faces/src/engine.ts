/** What this package takes from the layers below, by one name. */
export * from '@chiaro/render';
export * from '@chiaro/autograd';
/** A shape of a scene, and not that of a tensor: both layers have the name. @public */
export type { Shape } from '@chiaro/render';
