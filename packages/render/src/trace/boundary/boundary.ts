import { customOp, jvp, noGrad, vjp, zerosLike } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { makeCamera } from '../../camera/camera.js';
import type { Camera } from '../../camera/index.js';
import { rotationOf } from '../../camera/rotation.js';
import type { Structure } from '../structure.js';
import { filmWeights, gatherFilm, splatFilm } from './filmWeights.js';

/** What edges move with. */
export interface Moving {
  /** [V, 3] vertices of all meshes of the scene. */
  readonly positions: Tensor;
  readonly camera: Camera;
  /** [L, 3] places of point lights and directions of parallel light, in their order. */
  readonly lights: Tensor;
}

/**
 * Samples of points of edges, as an estimator of what an image changes by when edges move: pixel p changes by the sum
 * over the samples of its filter's weight at `places` times `light` times the change of `motion`.
 */
export interface BoundaryTerm {
  /** [N, 2] where on the film the light shows, in pixels. */
  readonly places: Tensor;
  /** [N, 3] the jump of radiance at the edge over the density of the sample. */
  readonly light: Tensor;
  /** [N] how far the edge has moved across, towards the side that the jump is seen from; a tensor program of its input. */
  motion(moving: Moving): Tensor;
}

/** Draws the samples, the same ones in every pass. */
export type BoundarySampler = (moving: Moving) => readonly BoundaryTerm[];

/**
 * The image, with boundary terms added to its derivatives in both modes: Reynolds' transport theorem for the discontinuities
 * of the integrand (Li et al. 2018, section 4). The value is the image's. Only the passes of derivatives draw samples.
 *
 * @param image [H, W, 3]
 */
export function withBoundary(
  image: Tensor,
  moving: Moving,
  filter: Structure['filter'],
  sampler: BoundarySampler,
): Tensor {
  const { size } = moving.camera;
  const sampled = ({ inputs, movingOf }: Place): readonly BoundaryTerm[] =>
    noGrad(() => sampler(movingOf(inputs.map((t) => t.detach()))));
  return withDerivative(image, moving, {
    vjp: (gradient, place) => {
      const rows = gradient.reshape([-1, 3]);
      const gradients = sampled(place).map(({ places, light, motion }) => {
        const seen = gatherFilm(filmWeights(places, filter, size), rows);
        const [, pull] = vjp((given: readonly Tensor[]) => motion(place.movingOf(given)), place.inputs);
        return pull(seen.mul(light).sum(1));
      });
      return place.inputs.map((_, k) => gradients.map((g) => g[k]).reduce((a, b) => a.add(b)));
    },
    jvp: (tangents, place) =>
      sampled(place)
        .map(({ places, light, motion }) => {
          const [, speed] = jvp((given: readonly Tensor[]) => motion(place.movingOf(given)), place.inputs, tangents);
          const change = light.mul(speed.unsqueeze(1));
          return splatFilm(filmWeights(places, filter, size), change, size.height * size.width).reshape(image.shape);
        })
        .reduce((a, b) => a.add(b)),
  });
}

/**
 * The image, with the derivatives of another one that moves in the same way added to its own.
 *
 * @param image [H, W, 3]
 * @param show makes the other one, [H, W, 3].
 */
export const withDerivativeOf = (image: Tensor, moving: Moving, show: (moving: Moving) => Tensor): Tensor =>
  withDerivative(image, moving, {
    vjp: (gradient, { inputs, movingOf }) =>
      vjp((given: readonly Tensor[]) => show(movingOf(given)), inputs)[1](gradient),
    jvp: (tangents, { inputs, movingOf }) =>
      jvp((given: readonly Tensor[]) => show(movingOf(given)), inputs, tangents)[1],
  });

/** Where a derivative is taken: tensors, and what moves as a function of them. */
interface Place {
  readonly inputs: readonly Tensor[];
  movingOf(inputs: readonly Tensor[]): Moving;
}

/** What is added to derivatives: gradients of the inputs from that of the image, the image's tangent from the inputs'. */
interface Rules {
  readonly vjp: (gradient: Tensor, place: Place) => readonly Tensor[];
  readonly jvp: (tangents: readonly Tensor[], place: Place) => Tensor;
}

function withDerivative(image: Tensor, { positions, lights, camera }: Moving, rules: Rules): Tensor {
  const { size, projection, near, far, intrinsics, distortion, pose } = camera;
  const given = [
    positions,
    lights,
    intrinsics,
    pose.rotation.matrix,
    pose.position,
    ...(distortion ? [distortion] : []),
  ];
  if (!given.some((t) => t.requiresGrad)) return image;
  const movingOf = ([at, from, k, rotation, position, bend]: readonly Tensor[]): Moving => ({
    positions: at,
    lights: from,
    camera: makeCamera(
      { ...size, near, far, rotation: rotationOf(rotation), position },
      { projection, intrinsics: k, ...(bend && { distortion: bend }) },
    ),
  });
  return customOp({
    name: 'boundary',
    forward: (shown: Tensor, ..._: Tensor[]) => shown,
    vjp: (gradient, [, ...inputs]) => [gradient, ...rules.vjp(gradient, { inputs, movingOf })],
    jvp: ([shown, ...tangents], [, ...inputs]) => {
      const moved = inputs.map((t, k) => tangents[k] ?? zerosLike(t));
      const change = rules.jvp(moved, { inputs, movingOf });
      return shown ? shown.add(change) : change;
    },
  })(image, ...given);
}
