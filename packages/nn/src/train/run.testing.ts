import { Generator, randn, tensor, type Tensor } from '../engine.js';
import { DataLoader } from '../data/index.js';
import { BatchNorm2d, Dropout, Flatten, Linear, ReLU, Sequential } from '../layers/index.js';
import { crossEntropy } from '../losses/index.js';
import { Adam, cosineDecay, MovingAverage, Schedule } from '../optim/index.js';
import type { TrainerOptions } from './options.js';
import { Trainer } from './trainer.js';

/** A batch of the small task. */
export interface Batch {
  readonly x: Tensor;
  readonly label: Tensor;
}

/**
 * A small network with everything that carries state: running statistics, dropout, an average, a schedule.
 * @param forgotten names that are left out of the trainer's state.
 */
export function small(changes: Partial<TrainerOptions<Batch>> = {}, forgotten: readonly string[] = []) {
  const generator = new Generator(5);
  const noise = new Generator(6);
  const net = new Sequential([
    new BatchNorm2d(2),
    new Flatten(),
    new Linear(8, 6, { generator }),
    new ReLU(),
    new Dropout(0.2, { generator: noise }),
    new Linear(6, 2, { generator }),
  ]);
  const adam = new Adam(net.parameters(), { lr: 0.02 });
  const schedule = new Schedule(adam, cosineDecay({ over: 36, floor: 0.1 }));
  const average = new MovingAverage(net.parameters(), { decay: 0.8 });
  const points = Array.from({ length: 48 }, (_, i) =>
    Array.from({ length: 8 }, (_, k) => Math.sin(i * 1.7 + k * k + i * k)),
  );
  const loader = new DataLoader(
    { length: 48, item: (i) => ({ x: points[i]!, label: Number(points[i]![0]! > points[i]![3]!) }) },
    {
      batchSize: 4,
      seed: 3,
      collate: (items): Batch => ({
        x: tensor(items.map(({ x }) => x)).reshape([-1, 2, 2, 2]),
        label: tensor(
          items.map(({ label }) => label),
          { dtype: 'int32' },
        ),
      }),
    },
  );
  const state = { net, adam, schedule, average, noise };
  const options: TrainerOptions<Batch> = {
    state: Object.fromEntries(Object.entries(state).filter(([name]) => !forgotten.includes(name))),
    data: loader,
    epochs: 3,
    about: { seed: 3 },
    step: ({ x, label }) => {
      const loss = crossEntropy(net.forward(x.add(randn(x.shape, { generator: noise }).mul(0.01))), label);
      loss.backward();
      adam.step();
      adam.zeroGrad();
      average.update();
      return loss;
    },
    validate: async () => {
      const all = tensor(points).reshape([-1, 2, 2, 2]);
      const labels = tensor(
        points.map((p) => Number(p[0]! > p[3]!)),
        { dtype: 'int32' },
      );
      return { loss: await crossEntropy(net.forward(all), labels).item() };
    },
    watch: { metric: 'loss', better: 'lower', keep: 2 },
    checkpoint: { everySteps: 5 },
    ...changes,
  };
  return { ...state, trainer: new Trainer(options) };
}
