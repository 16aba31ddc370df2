import { ChiaroError } from '@chiaro/autograd';
import { describe, expect, it } from 'vitest';
import { landmarkCurves } from './curves.js';
import type { LandmarkCurve } from './curves.js';
import { HostRandom } from './random.testing.js';
import type { LandmarkModel } from './landmarkModel.js';
import { landmarkPositions } from './landmarkModel.js';
import { axisAngleOfRotation, multiply3, rotationOfAxisAngle, yawOf } from './rotation.js';
import { projectPoints, solveLandmarks } from './solveLandmarks.js';

const slide = Object.fromEntries(Object.keys(landmarkCurves).map((name) => [name, 1])) as Record<LandmarkCurve, number>;
const priors = { landmarkSigma: 1e-3, slide, expressionSigma: 10, distance: 900, distanceSigma: 0.3 };
const centre = [128, 128] as const;

const jawAngles = [-0.5, -0.25, 0, 0.25, 0.5];

/**
 * A head like an ellipsoid with random points and modes, and a jaw like that of a face: 17 points about the chin, each of
 * which may slide to either side on its horizontal circle about the neck.
 */
function head(random: HostRandom): LandmarkModel {
  const jaw = Array.from({ length: 17 }, (_, k) => {
    const turn = (Math.PI * (k - 8)) / 16;
    const [radius, y] = [20 + 60 * Math.abs(Math.sin(turn)), -90 * Math.cos(turn)];
    const azimuth = (Math.PI / 2) * Math.sign(k - 8);
    return [0, ...jawAngles.filter((a) => a !== 0)].map((a) => [
      radius * Math.sin(azimuth + a),
      y,
      radius * Math.cos(azimuth + a),
    ]);
  });
  const inner = Array.from({ length: 51 }, (_, k) => {
    if (k === 19 || k === 28) return [k === 19 ? -45 : 45, 30, 55];
    const [u, v] = [random.uniform(-0.9, 0.9), random.uniform(-0.9, 0.9)];
    return k === 13 ? [0, 0, 110] : [75 * u, 95 * v, 90 * Math.sqrt(1 - 0.5 * (u * u + v * v))];
  });
  const mean = Float64Array.from([...jaw.flat(), ...inner].flat());
  const field = (size: number): Float64Array => Float64Array.from(mean, () => random.normal() * size);
  return {
    mean,
    identity: [6, 4, 3, 2].map(field),
    expression: [5, 4, 3].map(field),
    candidates: [...jaw.map((line, k) => line.map((_, j) => 5 * k + j)), ...inner.map((_, k) => [85 + k])],
  };
}

/** Landmarks of a posed head, with a random one of the candidates on the jaw. */
function picture(
  model: LandmarkModel,
  random: HostRandom,
  yaw: number,
): { landmarks: Float64Array; truth: ReturnType<typeof truthOf> } {
  const truth = truthOf(model, random, yaw);
  return { landmarks: projectPoints(landmarkPositions(model, truth), truth.points, truth.pose, centre), truth };
}

function truthOf(model: LandmarkModel, random: HostRandom, yaw: number) {
  return {
    identity: Float64Array.from(model.identity, () => random.normal()),
    expression: Float64Array.from(model.expression, (_, k) => (k === 0 ? 0 : random.uniform(0, 0.6))),
    points: Int32Array.from(model.candidates, ([first]) => first),
    pose: {
      rotation: multiply3(rotationOfAxisAngle([0.1, yaw, 0]), rotationOfAxisAngle([0, 0, random.uniform(-0.2, 0.2)])),
      translation: Float64Array.of(random.uniform(-30, 30), random.uniform(-30, 30), -900),
      focal: 1000,
    },
  };
}

/** A head whose jaw does not slide. */
const still = (random: HostRandom): LandmarkModel => {
  const model = head(random);
  return { ...model, candidates: model.candidates.map(([first]) => [first]) };
};

describe('solveLandmarks', () => {
  it.each([0, 0.5, -0.9])('finds pose, identity and expression behind exact landmarks, yaw %f', (yaw) => {
    const random = new HostRandom(5 + yaw * 10);
    const model = still(random);
    const { landmarks, truth } = picture(model, random, yaw);
    const fit = solveLandmarks(model, landmarks, centre, priors);
    // the priors pull by about sigma^2 of what they are asked to bear
    expect(fit.rms).toBeLessThan(0.02);
    expect(yawOf(fit.pose.rotation)).toBeCloseTo(yawOf(truth.pose.rotation), 2);
    fit.identity.forEach((a, k) => expect(a).toBeCloseTo(truth.identity[k], 1));
    fit.expression.forEach((b, k) => expect(b).toBeCloseTo(truth.expression[k], 1));
  });

  it('keeps expression weights in [0, 1] though the data ask for less', () => {
    const random = new HostRandom(3);
    const model = still(random);
    const truth = { ...truthOf(model, random, 0.2), expression: Float64Array.of(-0.5, 0.3, 1.4) };
    const landmarks = projectPoints(landmarkPositions(model, truth), truth.points, truth.pose, centre);
    const fit = solveLandmarks(model, landmarks, centre, priors);
    expect(Math.min(...fit.expression)).toBe(0);
    expect(Math.max(...fit.expression)).toBe(1);
  });

  it('bears one wild landmark', () => {
    const random = new HostRandom(8);
    const model = still(random);
    const { landmarks, truth } = picture(model, random, 0.1);
    landmarks[2 * 60] += 40;
    const fit = solveLandmarks(model, landmarks, centre, { ...priors, landmarkSigma: 0.01 });
    expect(yawOf(fit.pose.rotation)).toBeCloseTo(yawOf(truth.pose.rotation), 1);
  });

  it('takes a focal length that is known, and then finds the distance without a prior', () => {
    const random = new HostRandom(12);
    const model = still(random);
    const { landmarks, truth } = picture(model, random, 0.3);
    const far = { ...priors, distance: 3000, distanceSigma: 0.02 };
    const { pose } = solveLandmarks(model, landmarks, centre, far, { focal: 1000 });
    expect(pose.focal).toBe(1000);
    expect(pose.translation[2] / truth.pose.translation[2]).toBeCloseTo(1, 2);
    const drawn = solveLandmarks(model, landmarks, centre, far).pose; // by the prior
    expect(drawn.translation[2] / truth.pose.translation[2]).toBeGreaterThan(1.03);
  });

  it('is drawn to the shape and expression that are expected', () => {
    const random = new HostRandom(21);
    const model = still(random);
    const { landmarks, truth } = picture(model, random, 0.2);
    const vague = { ...priors, landmarkSigma: 0.2, expressionSigma: 0.3 };
    const { identity, expression } = truth;
    const distance = (fit: { identity: Float64Array; expression: Float64Array }): number =>
      Math.hypot(...fit.identity.map((a, k) => a - identity[k]), ...fit.expression.map((b, k) => b - expression[k]));
    const told = solveLandmarks(model, landmarks, centre, vague, { expected: { identity, expression } });
    expect(distance(told)).toBeLessThan(0.02);
    expect(distance(solveLandmarks(model, landmarks, centre, vague))).toBeGreaterThan(0.3);
  });

  it('says what is wrong with numbers that are no face', () => {
    const model = head(new HostRandom(1));
    expect(() => solveLandmarks(model, new Float64Array(10), centre, priors)).toThrow(ChiaroError);
    expect(() => solveLandmarks(model, new Float64Array(136), centre, priors)).toThrow(/eyes are 0.00 pixels apart/);
  });
});

describe('the jaw', () => {
  it('slides to the outline that the camera sees', () => {
    const model = { ...head(new HostRandom(2)), identity: [], expression: [] };
    const none = { identity: new Float64Array(0), expression: new Float64Array(0) };
    const pose = { rotation: rotationOfAxisAngle([0, 0.4, 0]), translation: Float64Array.of(0, 0, -900), focal: 1000 };
    // turned by 0.4, the outline of the circles is at the candidates nearest to azimuth +-90 degrees - 0.4
    const outline = Int32Array.from(model.candidates, (points, k) => {
      if (points.length === 1) return points[0];
      const x = projectPoints(model.mean, points, pose, centre).filter((_, i) => i % 2 === 0);
      const order = [...points.keys()].sort((a, b) => Math.sign(8 - k) * (x[a] - x[b]));
      return points[k === 8 ? 0 : order[0]];
    });
    const landmarks = projectPoints(landmarkPositions(model, none), outline, pose, centre);
    const fit = solveLandmarks(model, landmarks, centre, priors);
    expect(yawOf(fit.pose.rotation)).toBeCloseTo(0.4, 2);
    expect(fit.rms).toBeLessThan(0.5);
    // without sliding the same landmarks pull the pose away
    const fixed = { ...model, candidates: model.candidates.map(([first]) => [first]) };
    expect(solveLandmarks(fixed, landmarks, centre, priors).rms).toBeGreaterThan(3 * fit.rms);
  });
});

describe('rotations on the host', () => {
  it('axisAngleOfRotation inverts rotationOfAxisAngle, at 0 and near half a turn too', () => {
    for (const w of [
      [0, 0, 0],
      [1e-9, 0, 0],
      [0.3, -0.7, 1.1],
      [0, Math.PI - 1e-4, 0],
      [Math.PI, 0, 0],
    ]) {
      axisAngleOfRotation(rotationOfAxisAngle(w)).forEach((a, i) => expect(a).toBeCloseTo(w[i], 6));
    }
  });
});
