import { tensor } from '@chiaro/autograd';
import fc from 'fast-check';
import { vec3 } from 'gl-matrix';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomNumbers } from '../../../../packages/render/src/testing/random.testing.js';
import type { Clip } from '../clips/clip.js';
import { angleBetween, turnOf } from '../poses.js';
import { spreadBatches } from './adaptation.js';
import { framesToTrack } from './checkClip.js';
import type { Head } from './heads.js';
import { chooseKeyFrames } from './keyFrames.js';
import { paperRegistration, registerClip, type RegistrationOptions, type RegistrationState } from './registerClip.js';
import type { LitSubject } from './subject.js';
import { clipOf, ColourGain, linearAvatar } from './testSubject.testing.js';

const camera = { size: 64, focal: 220 };
const truth: Head[] = [
  { rotation: [0.02, 0.05, 0], translation: [3, -4, -1000], code: [0.3, 0, 0, 0.2] },
  { rotation: [0, 0.3, 0.05], translation: [-5, 2, -1010], code: [0.8, 0.2, 0.5, 0] },
];
const light = [-0.3, 0.1, 0.4];
const bias = 0.03;
/** A colour of skin. */
const skin = 0.3;

const options: RegistrationOptions = {
  keyFrames: 2,
  adapt: true,
  landmarks: { iterations: 120, rate: 0.1, halveEvery: 30, codePrior: 0.1 },
  adaptation: {
    rounds: 1,
    light: { iterations: 50, rate: 0.03 },
    model: { iterations: 20, rate: 2e-3 },
    ...{ laplacian: 1, codePrior: 0, batch: 2 },
  },
  tracking: { iterations: 50, rate: 0.03, halveEvery: 15, laplacian: 1, flow: 3, codePrior: 0, batch: 1 },
};

let subject: LitSubject & { light: ColourGain };
let clip: Clip;
let positions: Float32Array[];
let landmarks: Float32Array[];

beforeAll(async () => {
  const { avatar, landmarks: marks } = await linearAvatar(64);
  const lit = new ColourGain();
  lit.bias.assign(tensor([bias, bias, bias]));
  subject = { avatar, landmarks: marks, camera, light: lit };
  const made = await clipOf(subject, truth, tensor(light));
  const random = randomNumbers(3);
  ({ clip, positions } = made);
  // as a detector finds them
  landmarks = made.landmarks.map((list) => list.map((x) => x + 2 * random() - 1));
}, 120_000);

/** Mean distance of vertices in mm, as they lie before the camera, and the turn in degrees. */
async function errorOf(heads: readonly (Head | null)[]): Promise<{ vertices: number; degrees: number }> {
  const found = heads.map((head) => head!);
  const decoded = await clipOf(subject, found, tensor(light));
  let [vertices, degrees] = [0, 0];
  found.forEach(({ rotation, translation }, k) => {
    const [q, own] = [turnOf(truth[k].rotation), turnOf(rotation)];
    degrees += (angleBetween(truth[k].rotation, rotation) * 180) / Math.PI / found.length;
    const count = positions[k].length / 3;
    for (let v = 0; v < count; v++) {
      const place = (list: Float32Array, turn: typeof q, shift: readonly number[]) => {
        const p = vec3.fromValues(list[3 * v], list[3 * v + 1], list[3 * v + 2]);
        return vec3.add(p, vec3.transformQuat(p, p, turn), [shift[0], shift[1], shift[2]]);
      };
      const a = place(positions[k], q, truth[k].translation);
      vertices += vec3.distance(a, place(decoded.positions[k], own, translation)) / (count * found.length);
    }
  });
  return { vertices, degrees };
}

describe('registration of a clip', { timeout: 300_000 }, () => {
  it('finds light, pose and expression of a known avatar, better than landmarks, and goes on where it was ended', async () => {
    subject.light.bias.assign(tensor([0, 0, 0]));
    const states: RegistrationState[] = [];
    const steps = new Set<string>();
    const done = await registerClip(subject, clip, landmarks, options, {
      onState: (state) => void states.push(state),
      onProgress: ({ step, done: now, total, rate, left }) => {
        steps.add(step);
        expect(now <= total && rate >= 0 && (left ?? 0) >= 0).toBe(true);
      },
    });
    const [first, last] = [await errorOf(done.initial), await errorOf(done.heads)];
    expect([...steps]).toEqual(['landmarks', 'adaptation', 'tracking']);
    expect(states.length).toBe(2 + truth.length);
    // gain and bias of one colour can stand for each other: what they make of skin
    const { light: gains, model } = done.adapted!;
    gains.forEach((x, c) => {
      const error = (1 + x) * skin + model[0][c] - (1 + light[c]) * skin - bias;
      expect(Math.abs(error)).toBeLessThan(0.03);
    });
    expect(last.degrees).toBeLessThan(0.6 * first.degrees);
    expect(last.vertices).toBeLessThan(0.75 * first.vertices);

    // ended before the last frame
    subject.light.bias.assign(tensor([0, 0, 0]));
    const again = await registerClip(subject, clip, landmarks, options, { resume: states[states.length - 2] });
    expect(again).toEqual(done);
    const abort = AbortSignal.abort(new Error('enough'));
    await expect(registerClip(subject, clip, landmarks, options, { signal: abort })).rejects.toThrow('enough');
  });

  it('takes key frames evenly over the turns of the head', () => {
    const heads = [0, 0.02, 0.3, 0.31, -0.3, 0.15].map((yaw) => ({ ...truth[0], rotation: [0, yaw, 0] }));
    expect(chooseKeyFrames(heads, 1)).toEqual([0]);
    expect(chooseKeyFrames(heads, 3)).toEqual([0, 3, 4]);
    expect(chooseKeyFrames(heads, 9)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('spreads the key frames of an iteration over the clip, each as often as all others', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 8 }), (count, most) => {
        const size = Math.min(count, most);
        const batches = spreadBatches(count, size);
        const times = Array.from({ length: count }, (_, frame) => batches.flat().filter((k) => k === frame).length);
        expect(times).toEqual(times.map(() => size));
        for (const batch of batches) {
          const order = [...batch].sort((a, b) => a - b);
          const gaps = order.map((k, i) => (i + 1 < size ? order[i + 1] : order[0] + count) - k);
          expect(Math.min(...gaps)).toBeGreaterThanOrEqual(Math.floor(count / size));
        }
      }),
    );
  });

  it('says which clips cannot be tracked', () => {
    const frames = [...clip.frames, { bytes: new Uint8Array(3 * 48 * 48) }];
    const three = [...landmarks, landmarks[0]];
    expect(() => framesToTrack({ ...clip, frames }, three, 2)).toThrow(
      /test clip: frame 3 of 3 has 48 x 48 pixels, the clip 64 x 64/,
    );
    expect(() => framesToTrack(clip, [undefined, ...landmarks.slice(1)], 2)).toThrow(/first frame shows no face/);
    expect(() => framesToTrack(clip, landmarks, 4)).toThrow(/2 frames are fewer than the 4 key frames/);
    expect(() => framesToTrack(clip, [landmarks[0], undefined], 2)).toThrow(/only 1 of 2 frames show a face/);
    expect(() => framesToTrack(clip, landmarks.slice(1), 2)).toThrow(/2 frames, but landmarks of 1/);
    expect(framesToTrack(clip, [landmarks[0], undefined], 1)).toEqual([0]);
    expect(paperRegistration.keyFrames).toBe(48);
  });
});
