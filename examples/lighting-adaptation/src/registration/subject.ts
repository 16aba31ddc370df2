import type { Avatar } from '../avatar/avatar.js';
import type { HeadCamera } from '../draw/drawHeads.js';
import type { LightModel } from '../light/lightModel.js';

/** Who is tracked, and by what camera. */
export interface Subject {
  readonly avatar: Avatar;
  /** [68] vertices of the avatar's mesh where the landmarks are. */
  readonly landmarks: ArrayLike<number>;
  readonly camera: HeadCamera;
}

/** A subject whose look in the clip's light is to be found too. */
export interface LitSubject extends Subject {
  readonly light: LightModel;
}
