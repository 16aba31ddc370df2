import { describe, expect, test } from 'vitest';
import { limitBindings } from '../../../tensor/src/device/gpu/variant.testing.js';
import { compile, loadState, Parameter, saveState, tensor, type Tensor } from '../engine.js';
import { Adam } from './index.js';

const size = 5000;
const start = Float32Array.from({ length: size }, (_, i) => Math.sin(i));

/** Four steps of Adam over one flat parameter, pulled towards 0.25 i / size, and the loss of each. */
async function steps(): Promise<{ kernels: number; values: Float32Array; losses: number[] }> {
  const flat = new Parameter(tensor(start));
  const adam = new Adam([flat], { lr: 0.05, weightDecay: 0.01 });
  const target = tensor(Float32Array.from({ length: size }, (_, i) => (0.25 * i) / size));
  const step = compile((): Tensor => {
    const loss = flat.sub(target).square().mean();
    loss.backward();
    adam.step();
    adam.zeroGrad();
    return loss;
  });
  const losses: number[] = [];
  for (let i = 0; i < 2; i++) losses.push(await step().item());
  // state that is saved and restored in between changes nothing
  const saved = [await saveState({ flat }), await adam.save()] as const;
  step();
  loadState({ flat }, saved[0]);
  adam.load(saved[1]);
  for (let i = 0; i < 2; i++) losses.push(await step().item());
  return { kernels: step.kernels[0]!, values: (await flat.data()) as Float32Array, losses };
}

describe('a flat optimiser state over the binding limit', () => {
  test('Adam gives the same bits when a tensor of 20,000 bytes is bound 2,048 bytes at a time', async () => {
    const whole = await steps();
    await limitBindings(2048);
    const cut = await steps();
    expect(cut.kernels).toBeGreaterThanOrEqual(whole.kernels + 9); // ten windows of one kernel
    expect(cut.values).toEqual(whole.values);
    cut.losses.forEach((loss, i) => expect(loss).toBeCloseTo(whole.losses[i]!, 6));
    expect(whole.losses[3]).toBeLessThan(whole.losses[0]!);
  });
});
