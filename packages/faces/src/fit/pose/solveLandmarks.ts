import { ChiaroError } from '@chiaro/autograd';
import { solveSymmetric } from './cholesky.js';
import { curveTangents, distanceToLine, jawCount, landmarkCurves } from './curves.js';
import type { LandmarkCurve } from './curves.js';
import { landmarkPositions } from './landmarkModel.js';
import type { LandmarkCoefficients, LandmarkModel } from './landmarkModel.js';
import { multiply3, rotationOfAxisAngle } from './rotation.js';
import { startPose } from './startPose.js';
import type { HostPose } from './startPose.js';

/** What the landmark fit believes before it sees anything. */
export interface LandmarkPriors {
  /** Standard deviation of a landmark's place, as a fraction of the distance between the outer corners of the eyes. */
  readonly landmarkSigma: number;
  /**
   * The same along the curve that the landmark lies on, as a multiple: where on the jaw, a brow or the bridge of the nose
   * its points stand is a matter of each markup.
   */
  readonly slide: Readonly<Record<LandmarkCurve, number>>;
  /** Standard deviation of an expression weight. */
  readonly expressionSigma: number;
  /** Distance of the head from the camera in mm, and the standard deviation of its logarithm. */
  readonly distance: number;
  readonly distanceSigma: number;
}

/** What is known of a head besides its landmarks: of a clip, the camera and the frame before. */
export interface KnownHead {
  /** Focal length in pixels; without it, it is found, with the prior on the distance. */
  readonly focal?: number;
  /** Where to start; a pose by scaled orthography without expression if not given. */
  readonly start?: LandmarkCoefficients & { readonly pose: HostPose };
  /** What shape and expression are expected to be, in place of 0: the priors' means, and where they start without `start`. */
  readonly expected?: LandmarkCoefficients;
}

/** A head posed so that its landmarks fall on those of a photograph. */
export interface LandmarkFit extends LandmarkCoefficients {
  readonly pose: HostPose;
  /** The chosen point of each landmark, of the model's points. */
  readonly points: Int32Array;
  /** Root mean square distance of the projected landmarks, in pixels; for the jaw to its line. */
  readonly rms: number;
  /** The same as a fraction of the distance between the outer corners of the eyes (landmarks 36 and 45). */
  readonly relativeRms: number;
  /** Steps taken. */
  readonly steps: number;
}

/**
 * Pose, focal length, identity and expression from 68 landmarks: Levenberg and Marquardt's method in float64 on
 *
 *   sum |project(R x(identity, expression) + t) - landmark|^2 / sigma^2 + |identity|^2 + |expression|^2 / s^2 + (log(d / d0) / sd)^2
 *
 * with Huber weights on the landmarks, a sigma that is larger along the landmark's curve, weights of expressions held in
 * [0, 1] by an active set, and points of the jaw chosen anew after every step: of each one's line the point farthest out
 * (Zhu et al. 2015). The prior on the distance d fixes what a single picture hardly shows, perspective. The camera is at
 * the origin and looks down -Z.
 *
 * @param landmarks [68 * 2] pixels. @param centre principal point in pixels.
 * @param known what more there is to know; with `expected`, differences to it are in the place of identity and expression.
 * @throws ChiaroError for landmarks that cannot be a face.
 */
export function solveLandmarks(
  model: LandmarkModel,
  landmarks: Float64Array,
  centre: readonly [number, number],
  priors: LandmarkPriors,
  known: KnownHead = {},
): LandmarkFit {
  if (landmarks.length !== 136 || !landmarks.every(Number.isFinite)) {
    throw new ChiaroError(`solveLandmarks: needs 68 landmarks (136 finite numbers), got ${landmarks.length} numbers`);
  }
  const eyes = Math.hypot(landmarks[72] - landmarks[90], landmarks[73] - landmarks[91]);
  if (!(eyes > 1))
    throw new ChiaroError(`solveLandmarks: the eyes are ${eyes.toFixed(2)} pixels apart; is this a face?`);
  const sigma = eyes * priors.landmarkSigma;
  const slide = Float64Array.from(
    Object.entries(landmarkCurves).flatMap(([name, { from, to }]) =>
      new Array<number>(to - from + 1).fill(priors.slide[name as LandmarkCurve]),
    ),
  );
  const problem = { model, landmarks, centre, priors, sigma, slide, tangents: curveTangents(landmarks), known };
  let state = startState(problem);
  // pose alone first: identity modes would else take up a wrong pose
  let steps = 0;
  for (const free of known.start ? (['all'] as const) : (['pose', 'all'] as const)) {
    let damping = 1e-3;
    for (let k = 0; k < 60; k++, steps++) {
      state = { ...state, points: choosePoints(problem, state) };
      const before = energy(problem, state);
      const next = step(problem, state, damping, free === 'all');
      const after = energy(problem, next);
      if (after <= before) {
        state = next;
        damping = Math.max(damping / 5, 1e-9);
        if (before - after < 1e-7 * before && k > 4) break;
      } else {
        damping *= 8;
        if (damping > 1e8) break;
      }
    }
  }
  state = { ...state, points: choosePoints(problem, state) };
  const rms = landmarkRms(projectPoints(landmarkPositions(model, state), state.points, state.pose, centre), landmarks);
  return { ...state, rms, relativeRms: rms / eyes, steps };
}

/**
 * Root mean square distance in pixels of projected landmarks [68 * 2] to detected ones. For the jaw it is the distance of
 * the detected point to the projected line, since its points have no place along it.
 */
export function landmarkRms(projected: Float64Array, landmarks: ArrayLike<number>): number {
  const jaw = projected.subarray(0, 2 * jawCount);
  let sum = 0;
  for (let i = 0; i < 68; i++) {
    const [x, y] = [landmarks[2 * i], landmarks[2 * i + 1]];
    sum += (i < jawCount ? distanceToLine(x, y, jaw) : Math.hypot(projected[2 * i] - x, projected[2 * i + 1] - y)) ** 2;
  }
  return Math.sqrt(sum / 68);
}

/** The face's landmarks in pixels, [68 * 2]. */
export function projectPoints(
  positions: Float64Array,
  points: ArrayLike<number>,
  { rotation: r, translation: t, focal }: HostPose,
  centre: readonly [number, number],
): Float64Array {
  const pixels = new Float64Array(2 * points.length);
  for (let i = 0; i < points.length; i++) {
    const [x, y, z] = positions.subarray(3 * points[i], 3 * points[i] + 3);
    const depth = -(r[6] * x + r[7] * y + r[8] * z + t[2]);
    pixels[2 * i] = centre[0] + (focal * (r[0] * x + r[1] * y + r[2] * z + t[0])) / depth;
    pixels[2 * i + 1] = centre[1] - (focal * (r[3] * x + r[4] * y + r[5] * z + t[1])) / depth;
  }
  return pixels;
}

interface Problem {
  readonly model: LandmarkModel;
  readonly landmarks: Float64Array;
  readonly centre: readonly [number, number];
  readonly priors: LandmarkPriors;
  /** Pixels. */
  readonly sigma: number;
  /** [68] and [68 * 2] */
  readonly slide: Float64Array;
  readonly tangents: Float64Array;
  readonly known: KnownHead;
}

interface State extends LandmarkCoefficients {
  readonly pose: HostPose;
  readonly points: Int32Array;
}

function startState({ model, landmarks, centre, priors, known: { focal, start, expected } }: Problem): State {
  const inner = model.candidates.map((points) => points[0]);
  const positions = Float64Array.from(inner.flatMap((p) => [...model.mean.subarray(3 * p, 3 * p + 3)]));
  const weights = Float64Array.from(inner, (_, i) => (i < jawCount ? 0 : 1));
  if (start) return { ...start, pose: withFocal(start.pose, focal), points: Int32Array.from(inner) };
  return {
    pose: withFocal(startPose(positions, landmarks, weights, centre, priors.distance), focal),
    identity: expected?.identity ?? new Float64Array(model.identity.length),
    expression: expected?.expression ?? new Float64Array(model.expression.length),
    points: Int32Array.from(inner),
  };
}

/** The pose through another lens, moved so that the head stays as large in the picture. */
function withFocal({ rotation, translation, focal: before }: HostPose, focal = before): HostPose {
  const depth = (translation[2] * focal) / before;
  return { rotation, translation: Float64Array.of(translation[0], translation[1], depth), focal };
}

/** For every landmark the candidate that projects farthest out, across its curve and away from the nose: [68]. */
export function choosePoints(
  { model, landmarks, centre, tangents }: Pick<Problem, 'model' | 'landmarks' | 'centre' | 'tangents'>,
  state: LandmarkCoefficients & { readonly pose: HostPose },
): Int32Array {
  const positions = landmarkPositions(model, state);
  return Int32Array.from(model.candidates, (points, i) => {
    if (points.length === 1) return points[0];
    const away = [landmarks[2 * i] - landmarks[60], landmarks[2 * i + 1] - landmarks[61]]; // landmark 30: tip of the nose
    const normal = [tangents[2 * i + 1], -tangents[2 * i]];
    const side = Math.sign(away[0] * normal[0] + away[1] * normal[1]);
    const pixels = projectPoints(positions, points, state.pose, centre);
    let best = 0;
    let farthest = -Infinity;
    points.forEach((_, k) => {
      const d = side * (pixels[2 * k] * normal[0] + pixels[2 * k + 1] * normal[1]);
      if (d > farthest) [best, farthest] = [k, d];
    });
    return points[best];
  });
}

/** Residuals of landmark i across and along its curve, over their sigmas. */
function whitened({ landmarks, sigma, slide, tangents }: Problem, i: number, u: number, v: number): [number, number] {
  const [eu, ev] = [u - landmarks[2 * i], v - landmarks[2 * i + 1]];
  const [tu, tv] = [tangents[2 * i], tangents[2 * i + 1]];
  return [(eu * tv - ev * tu) / sigma, (eu * tu + ev * tv) / (sigma * slide[i])];
}

/** Residuals of more than this many standard deviations count linearly. */
const huber = 2.5;

function energy(problem: Problem, state: State): number {
  const { model, centre, priors } = problem;
  const pixels = projectPoints(landmarkPositions(model, state), state.points, state.pose, centre);
  let sum = 0;
  for (let i = 0; i < 68; i++) {
    const s = Math.hypot(...whitened(problem, i, pixels[2 * i], pixels[2 * i + 1]));
    sum += s <= huber ? s * s : 2 * huber * s - huber * huber;
  }
  const { focal, expected } = problem.known;
  state.identity.forEach((a, k) => (sum += (a - (expected?.identity[k] ?? 0)) ** 2));
  state.expression.forEach((b, k) => (sum += ((b - (expected?.expression[k] ?? 0)) / priors.expressionSigma) ** 2));
  if (focal !== undefined) return sum;
  return sum + (Math.log(-state.pose.translation[2] / priors.distance) / priors.distanceSigma) ** 2;
}

/** One damped Gauss-Newton step: unknowns are turn (3), translation (3), log focal length, identity, expression. */
function step(problem: Problem, state: State, damping: number, shapeToo: boolean): State {
  const { model, priors } = problem;
  const modes = shapeToo ? [...model.identity, ...model.expression] : [];
  const size = 7 + modes.length;
  const normal = new Float64Array(size * size);
  const right = new Float64Array(size);
  addLandmarks(problem, state, modes, normal, right);
  const add = (k: number, weight: number, residual: number): void => {
    normal[k * size + k] += weight;
    right[k] -= weight * residual;
  };
  if (problem.known.focal === undefined) {
    const distance = -state.pose.translation[2];
    add(5, 1 / (distance * priors.distanceSigma) ** 2, -distance * Math.log(distance / priors.distance));
  } else {
    for (let j = 0; j < size; j++) normal[6 * size + j] = normal[j * size + 6] = 0;
    normal[6 * size + 6] = 1;
    right[6] = 0;
  }
  const count = model.identity.length;
  const { identity = [], expression = [] } = problem.known.expected ?? {};
  modes.forEach((_, k) => {
    const m = k - count;
    if (m < 0) add(7 + k, 1, state.identity[k] - (identity[k] ?? 0));
    else add(7 + k, 1 / priors.expressionSigma ** 2, state.expression[m] - (expression[m] ?? 0));
  });
  // expressions at a bound that the descent direction would push through it stay there
  modes.forEach((_, k) => {
    const weight = state.expression[k - count];
    const g = right[7 + k];
    if (k < count || !((weight <= 0 && g < 0) || (weight >= 1 && g > 0))) return;
    for (let j = 0; j < size; j++) normal[(7 + k) * size + j] = normal[j * size + 7 + k] = 0;
    normal[(7 + k) * size + 7 + k] = 1;
    right[7 + k] = 0;
  });
  for (let k = 0; k < size; k++) normal[k * size + k] *= 1 + damping;
  const delta = solveSymmetric(normal, right);
  const { rotation, translation, focal } = state.pose;
  const depth = Math.min(-50, translation[2] + delta[5]);
  return {
    ...state,
    pose: {
      rotation: multiply3(rotationOfAxisAngle(delta), rotation),
      translation: Float64Array.of(translation[0] + delta[3], translation[1] + delta[4], depth),
      focal: focal * Math.exp(Math.min(1, Math.max(-1, delta[6]))),
    },
    identity: state.identity.map((a, k) => (shapeToo ? a + delta[7 + k] : a)),
    expression: state.expression.map((b, k) => (shapeToo ? Math.min(1, Math.max(0, b + delta[7 + count + k])) : b)),
  };
}

/** Adds J^T W J and -J^T W r of the landmarks. */
function addLandmarks(
  problem: Problem,
  state: State,
  modes: readonly Float64Array[],
  normal: Float64Array,
  right: Float64Array,
): void {
  const { model, centre, sigma, slide, tangents } = problem;
  const { rotation: r, translation: t, focal } = state.pose;
  const positions = landmarkPositions(model, state);
  const size = right.length;
  const [ju, jv] = [new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i < 68; i++) {
    const p = 3 * state.points[i];
    const [x, y, z] = [positions[p], positions[p + 1], positions[p + 2]];
    const qx = r[0] * x + r[1] * y + r[2] * z;
    const qy = r[3] * x + r[4] * y + r[5] * z;
    const qz = r[6] * x + r[7] * y + r[8] * z;
    const k = focal / -(qz + t[2]);
    const [u, v] = [(qx + t[0]) * k, -(qy + t[1]) * k];
    // d(u, v) for a displacement (dx, dy, dz) of the camera point
    const du = (dx: number, dz: number): number => k * dx + (u * k * dz) / focal;
    const dv = (dy: number, dz: number): number => -k * dy + (v * k * dz) / focal;
    ju[0] = du(0, qy); // turn about x: (0, -qz, qy)
    jv[0] = dv(-qz, qy);
    ju[1] = du(qz, -qx); // about y: (qz, 0, -qx)
    jv[1] = dv(0, -qx);
    ju[2] = du(-qy, 0); // about z: (-qy, qx, 0)
    jv[2] = dv(qx, 0);
    ju[3] = k;
    jv[3] = 0;
    ju[4] = 0;
    jv[4] = -k;
    ju[5] = du(0, 1);
    jv[5] = dv(0, 1);
    ju[6] = u;
    jv[6] = v;
    modes.forEach((mode, m) => {
      const [a, b, c] = [mode[p], mode[p + 1], mode[p + 2]];
      const dz = r[6] * a + r[7] * b + r[8] * c;
      ju[7 + m] = du(r[0] * a + r[1] * b + r[2] * c, dz);
      jv[7 + m] = dv(r[3] * a + r[4] * b + r[5] * c, dz);
    });
    const [across, along] = whitened(problem, i, centre[0] + u, centre[1] + v);
    const s = Math.hypot(across, along);
    const root = Math.sqrt(s <= huber ? 1 : huber / s) / sigma;
    const [tu, tv] = [tangents[2 * i], tangents[2 * i + 1]];
    for (let a = 0; a < size; a++) {
      const [du, dv] = [ju[a], jv[a]];
      ju[a] = root * (du * tv - dv * tu);
      jv[a] = (root * (du * tu + dv * tv)) / slide[i];
    }
    const [ra, rl] = [root * sigma * across, root * sigma * along];
    for (let a = 0; a < size; a++) {
      right[a] -= ju[a] * ra + jv[a] * rl;
      for (let b = 0; b <= a; b++) normal[a * size + b] += ju[a] * ju[b] + jv[a] * jv[b];
    }
  }
}
