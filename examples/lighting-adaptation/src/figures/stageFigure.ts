import { tensor, type Tensor } from '@chiaro/autograd';
import { imageGrid, saveImage } from '@chiaro/render';
import type { Experiment, Learned } from '../experiment.js';
import { groupCode } from '../stage/stage.js';
import { relightingRow } from './relighting.js';

/** Moments on the figure. */
const most = 8;

/**
 * What was learned of the stage: `relightingRow` of some moments, fully lit and with single groups, whose exposure is as many
 * times as long as there are groups.
 */
export async function saveStageFigure(path: string, { stage }: Experiment, learned: Learned): Promise<void> {
  const { avatar, light, codes } = learned;
  const rows: (readonly Tensor[])[] = [];
  for (let frame = 0; frame < Math.min(most, stage.frames); frame++) {
    const view = stage.views[frame * stage.cameras + (frame % stage.cameras)];
    const { codeSize } = avatar;
    const exposure = view.group < 0 ? 1 : stage.groups / 2;
    const row = await relightingRow(
      avatar,
      light,
      {
        captured: tensor(Float32Array.from(view.image), [stage.size, stage.size, 3]),
        code: tensor(codes.slice(frame * codeSize, (frame + 1) * codeSize), [1, codeSize]),
        ...{ rotation: view.rotation, translation: view.translation, lightRotation: view.stageRotation },
        light: tensor(groupCode(view.group, stage.groups)),
      },
      stage,
    );
    // the fully lit avatar and the bias are shown as they are
    rows.push(row.map((picture, k) => picture.mul(k === 1 || k === 3 ? 1 : exposure).clamp(0, 1)));
  }
  await saveImage(path, imageGrid(rows.flat(), { columns: rows[0].length }));
}
