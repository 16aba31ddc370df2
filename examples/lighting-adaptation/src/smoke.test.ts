import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { presets } from './config.js';
import type { HeadCamera } from './draw/drawHeads.js';
import { learn, learnOther, prepare, type Experiment } from './experiment.js';
import { saveStageFigure } from './figures/stageFigure.js';
import { turned, turnOf, turnOfRows, type Triple } from './poses.js';
import { runRow, tablesOf } from './rows/runRow.js';
import { firstShares } from './training/phase.js';

const out = mkdtempSync(join(tmpdir(), 'chiaro-lighting-smoke-'));
afterAll(() => {
  rmSync(out, { recursive: true, force: true });
});

/** Heads at their true poses cover the pixels that show them, on the stage and before both cameras of a clip. */
function expectTrueHeads({ model, stage, clips }: Experiment): void {
  const box = (points: readonly (readonly number[])[]): number[] =>
    [0, 1].flatMap((c) => [Math.min(...points.map((p) => p[c])), Math.max(...points.map((p) => p[c]))]);
  const pixelsOf = (mask: ArrayLike<number>, size: number): number[][] =>
    Array.from({ length: mask.length }, (_, k) => [(k % size) + 0.5, Math.floor(k / size) + 0.5]).filter(
      (_, k) => mask[k] > 0,
    );
  const pixel = ([x, y, z]: Triple, { size, focal }: HeadCamera): number[] => [
    size / 2 - (focal * x) / z,
    size / 2 + (focal * y) / z,
  ];
  const vertices = (positions: Float32Array): Triple[] =>
    Array.from({ length: positions.length / 3 }, (_, v) => [
      positions[3 * v],
      positions[3 * v + 1],
      positions[3 * v + 2],
    ]);
  const posed = (p: Triple, rotation: Triple, translation: Triple): Triple => {
    const [x, y, z] = turned(turnOf(rotation), p);
    return [x + translation[0], y + translation[1], z + translation[2]];
  };
  for (const { frame, rotation, translation, mask } of stage.views) {
    const drawn = vertices(stage.positions[frame]).map((p) => pixel(posed(p, rotation, translation), stage));
    const [found, seen] = [box(drawn), box(pixelsOf(mask, stage.size))];
    found.forEach((x, k) => {
      expect(Math.abs(x - seen[k])).toBeLessThan(1.6);
    });
  }
  const marks = Array.from(model.landmarkIds());
  for (const clip of clips) {
    // of the two frames the second is judged
    expect(clip.frames.map(({ truth }) => truth!.unseen !== undefined)).toEqual([false, true]);
    for (const { truth } of clip.frames) {
      const { rotation, translation, positions, landmarks, unseen } = truth!;
      const all = vertices(positions);
      const inCamera = marks.map((v) => posed(all[v], rotation, translation));
      inCamera.forEach((p, k) => {
        const [x, y] = pixel(p, clip);
        // the jaw's landmarks are those on the outline
        if (k >= 17) expect(Math.hypot(x - landmarks[2 * k], y - landmarks[2 * k + 1])).toBeLessThan(1);
      });
      if (!unseen) continue;
      const beside = inCamera.map((p) => pixel(turned(turnOfRows(unseen.rotation), p, unseen.position), clip));
      const [found, seen] = [box(beside), box(pixelsOf(unseen.mask, clip.size))];
      // the landmarks are on the face
      for (const k of [0, 2]) {
        expect(found[k]).toBeGreaterThan(seen[k] - 1.6);
        expect(found[k + 1]).toBeLessThan(seen[k + 1] + 1.6);
        expect(found[k + 1] - found[k]).toBeGreaterThan(0.5 * (seen[k + 1] - seen[k]));
      }
    }
  }
}

it(
  'everything once: stage, clips, avatar, lighting model, figure, a row of the table',
  { timeout: 400_000 },
  async () => {
    const experiment = await prepare(presets.smoke, out);
    const { stage, clips } = experiment;
    expect(stage.views.map(({ group }) => group)).toEqual([-1, -1, 0, 0, -1, -1, 1, 1]);
    expect(clips.map(({ name, frames }) => `${name} ${frames.length}`)).toEqual(['lamp 2']);
    expectTrueHeads(experiment);
    const learned = await learn(experiment, 1, { stream: false });
    expect(Object.keys(await firstShares(learned.phases[0]))).toEqual(['mesh', 'texture', 'code']);
    expect(Object.keys(await firstShares(learned.phases[1]))).toEqual(['image', 'geometry', 'codes']);
    // trained again, everything is read
    const again = await learn(experiment, 1, { stream: false });
    expect(await again.light.stateDict()).toEqual(await learned.light.stateDict());
    expect(again.codes).toEqual(learned.codes);
    const job = { preset: 'smoke', row: 'k-1', seed: 1, subject: 1, clip: 'lamp', everyFrame: true } as const;
    const entry = await runRow(experiment, learned, job);
    expect(entry.frames).toBe(1);
    // a face of 12 pixels holds no window of SSIM
    const { ssim, ...measures } = entry.measures;
    expect(ssim).toBeNaN();
    expect(Object.values(measures).every((x) => Number.isFinite(x))).toBe(true);
    expect(tablesOf([entry])).toContain('| K = 1 |');
    // registered again, everything is read
    expect((await runRow(experiment, learned, job)).measures).toEqual(entry.measures);
    const regressed = await runRow(experiment, learned, { ...job, row: 'harmonics-regressed' });
    expect(Object.values({ ...regressed.measures, ssim: 0 }).every((x) => Number.isFinite(x))).toBe(true);
    // another person: only fully lit moments, an avatar of their own, the first one's G
    const other = await prepare(presets.smoke, out, { subject: 2 });
    expect(other.stage.views.map(({ group }) => group)).toEqual([-1, -1, -1, -1]);
    expect(other.stage.positions.length).toBe(4);
    expect(other.stage.positions[0]).not.toEqual(stage.positions[0]);
    const taught = await learnOther(other, learned, 1, { stream: false });
    expect(taught.light).toBe(learned.light);
    const theirs = await runRow(other, taught, { ...job, subject: 2 });
    expect(tablesOf([entry, theirs])).toContain('Other persons');
    const figure = join(out, 'stage.png');
    await saveStageFigure(figure, experiment, learned);
    expect(
      [
        figure,
        join(out, 'sets', 'stage', 'contact.png'),
        join(out, 'seed-1/k-1/lamp/relighting.png'),
        join(out, 'seed-1/k-1/lamp/tracked.webp'),
      ].every((file) => existsSync(file)),
    ).toBe(true);
  },
);
