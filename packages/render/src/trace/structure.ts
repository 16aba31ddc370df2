import type { BsdfKind } from '../bsdf/index.js';

/** What a scene consists of, as far as the code depends on it. */
export interface Structure {
  readonly lens: 'perspective' | 'orthographic' | 'distorted';
  readonly kinds: readonly BsdfKind[];
  readonly environment: boolean;
  /** The camera sees the environment. */
  readonly background: boolean;
  readonly area: boolean;
  /** Directional or point lights. */
  readonly delta: boolean;
  readonly normalMaps: boolean;
  /** Shapes that shade with the normals of their triangles. */
  readonly flat: boolean;
  readonly filter: 'box' | 'tent' | 'gaussian';
  /** Shapes that stand in several places. */
  readonly instances: boolean;
  /** Paths of several surfaces; else direct light. */
  readonly bounces: boolean;
  /** Paths that meet lights by chance only: `prbBasic`. */
  readonly basic?: boolean;
}

/** Which inputs get gradients: only these get code. */
export interface Needs {
  readonly camera: boolean;
  readonly positions: boolean;
  readonly normals: boolean;
  readonly uvs: boolean;
  readonly tangents: boolean;
  readonly normalMap: boolean;
  /** Where instances stand. */
  readonly transforms: boolean;
  /** By lobe and parameter. */
  readonly parameters: readonly (readonly boolean[])[];
  readonly environment: boolean;
  readonly lights: boolean;
}

/** No input gets a gradient. */
export const noNeeds = ({ kinds }: Structure): Needs => ({
  ...{ camera: false, positions: false, normals: false, uvs: false, tangents: false },
  ...{ normalMap: false, transforms: false, environment: false, lights: false },
  parameters: kinds.map(({ params }) => Object.keys(params).map(() => false)),
});
