import { tensor } from '@chiaro/autograd';
import { loadFaceRecognition } from '@chiaro/faces';
import { linearToBytes } from '@chiaro/render';
import { describe, expect, it } from 'vitest';
import { after, axisAngleOf, rowsOf, turned, turnOf } from '../poses.js';
import { HeadParameters, type Head } from '../registration/heads.js';
import { drawLit } from '../registration/pixelLoss.js';
import { clipOf, ColourGain, linearAvatar } from '../registration/testSubject.testing.js';
import { headErrors, measureFrame, verticesNear, type JudgedTruth } from './measureFrame.js';
import { recognitionWeights } from './recognition.js';
import { comparisonTable, meanMeasures } from './tables.js';

const size = 64;
const head: Head = { rotation: [0.1, -0.2, 0], translation: [5, 0, -1000], code: [0.3, 0.2, 0, 0.1] };

describe('measures of a tracked frame', { timeout: 120_000 }, () => {
  it('are nothing for the truth, also from another camera, and what they are for a head that is off', async () => {
    const { avatar, landmarks } = await linearAvatar(64);
    const subject = { avatar, landmarks, camera: { size, focal: 230 }, light: new ColourGain() };
    const light = tensor([0.2, 0, -0.2]);
    const { clip, positions } = await clipOf(subject, [head], light);
    // a camera that is turned by 30 degrees about the head
    const beside = turnOf([0, Math.PI / 6, 0]);
    const position = [-500, 0, -1000 + 866] as const;
    const seenThere: Head = {
      ...head,
      rotation: axisAngleOf(after(beside, turnOf(head.rotation))),
      translation: turned(beside, [5, 0, -1000], position),
    };
    const lit = drawLit(subject, new HeadParameters([seenThere]).poses(), light);
    const covered = async (coverage: typeof lit.coverage): Promise<Uint8Array> =>
      Uint8Array.from((await coverage.data()) as Float32Array, (x) => Number(x > 0.99));
    const own = drawLit(subject, new HeadParameters([head]).poses(), light);
    const truth: JudgedTruth = {
      ...{ rotation: [0.1, -0.2, 0], translation: [5, 0, -1000], positions: positions[0] },
      ...{ landmarks: new Float32Array(136), mask: await covered(own.coverage) },
      unseen: {
        ...{ rotation: rowsOf(beside), position },
        bytes: linearToBytes(Float32Array.from((await lit.images.data()) as Float32Array)),
        mask: await covered(lit.coverage),
      },
    };
    expect(truth.unseen.mask.reduce((sum, x) => sum + x, 0)).toBeGreaterThan(500);
    const lips = verticesNear(positions[0], landmarks.slice(48), 8);
    const options = {
      recognition: await loadFaceRecognition(recognitionWeights()),
      stranger: new Float32Array(128).fill(1),
      face: Array.from({ length: positions[0].length / 3 }, (_, v) => v),
      lips,
    };
    expect(lips.length).toBeGreaterThan(20);
    expect(lips.length).toBeLessThan(1500);
    const { bytes } = clip.frames[0];
    const right = await measureFrame(subject, bytes, truth, head, light, options);
    expect(right.l2).toBeLessThan(0.2); // rounding to bytes: 1/12
    expect(right.unseen).toBeLessThan(0.2);
    expect(right.ssim).toBeGreaterThan(0.999);
    expect(right.csim).toBeGreaterThan(0.999);
    expect(Math.abs(right.stranger)).toBeLessThan(0.9);
    for (const error of [right.vertices, right.across, right.lips, right.shape, right.degrees])
      expect(error).toBeLessThan(1e-2);

    const moved: Head = { ...head, translation: [8, 4, -1000] };
    const wrong = await measureFrame(subject, bytes, truth, moved, light, options);
    expect(wrong.vertices).toBeCloseTo(5, 3);
    expect(wrong.lips).toBeCloseTo(5, 3);
    // 3 and 4 mm sideways, seen from a metre away
    expect(Math.abs(wrong.across - 5)).toBeLessThan(0.05);
    const farther = headErrors(positions[0], { ...head, translation: [5, 0, -1010] }, truth, options);
    expect(farther.vertices).toBeCloseTo(10, 3);
    expect(farther.across).toBeLessThan(1);
    expect(wrong.shape).toBeLessThan(1e-2);
    expect(wrong.l2).toBeGreaterThan(5 * right.l2);
    expect(wrong.unseen).toBeGreaterThan(5 * right.unseen);
    const turnedHead: Head = { ...head, rotation: axisAngleOf(after(turnOf([0, 0.1, 0]), turnOf(head.rotation))) };
    const turnedBy = await measureFrame(subject, bytes, truth, turnedHead, light, options);
    expect(turnedBy.degrees).toBeCloseTo((0.1 * 180) / Math.PI, 3);

    const table = comparisonTable([
      { name: 'ours', seeds: [{ ...right, l2: 1 }, { ...right, l2: 3 }] }, // prettier-ignore
      { name: 'other', seeds: [meanMeasures([{ ...right, l2: 2 }, { ...right, l2: 5 }])] }, // prettier-ignore
    ]);
    expect(
      table
        .split('\n')
        .slice(0, 4)
        .map((line) => line.split(' | ')[1]),
    ).toEqual(['L2 ↓', '---:', '2.00 ± 1.41', '3.50']);
    // heads alone have no pictures
    const alone = comparisonTable([{ name: 'landmarks', seeds: [farther] }]).split('\n');
    expect(alone[2].split(' | ').slice(1, 6)).toEqual(['–', '–', '–', '–', '10.00']);
    // a face too small for SSIM's window; JSON keeps NaN as null
    const small = comparisonTable([{ name: 'small', seeds: [{ ...right, ssim: NaN }] }]);
    expect(small.split('\n')[2].split(' | ')[2]).toBe('–');
    expect(() => meanMeasures([])).toThrow(/no frames/);
  });
});
