// Trains a small network in a folder: node program.mjs FOLDER. Prints a line for every batch; kill.test.ts kills it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Generator, tensor } from '@chiaro/autograd';
import * as nn from '@chiaro/nn';
import { trainInFolder } from '@chiaro/nn/node';

const folder = process.argv[2];
const generator = new Generator(1);
const noise = new Generator(2);
const net = new nn.Sequential([
  new nn.Conv2d(1, 4, 3, { generator }),
  new nn.BatchNorm2d(4),
  new nn.ReLU(),
  new nn.Flatten(),
  new nn.Dropout(0.3, { generator: noise }),
  new nn.Linear(64, 3, { generator }),
]);
const adam = new nn.AdamW(net.parameters(), { lr: 0.01 });
const schedule = new nn.Schedule(adam, nn.cosineDecay({ over: 120 }));
const average = new nn.MovingAverage(net.parameters(), { decay: 0.9 });

const image = (i) => Array.from({ length: 36 }, (_, k) => Math.sin(0.7 * i + (1 + (i % 3)) * k));
const collate = (items) => {
  console.log('batch');
  return {
    x: tensor(items.flatMap(image), [items.length, 1, 6, 6]),
    label: tensor(Int32Array.from(items, (i) => i % 3)),
  };
};
const held = collate([90, 91, 92, 93, 94, 95, 96, 97]);

const trainer = new nn.Trainer({
  state: { net, adam, schedule, average, noise },
  data: new nn.DataLoader({ length: 240, item: (i) => i }, { batchSize: 8, seed: 4, collate }),
  epochs: 4,
  step: ({ x, label }) => {
    const loss = nn.crossEntropy(net.forward(x), label);
    loss.backward();
    adam.step();
    adam.zeroGrad();
    average.update();
    return loss;
  },
  validate: async () => ({ loss: await nn.crossEntropy(net.forward(held.x), held.label).item() }),
  watch: { metric: 'loss', better: 'lower', keep: 2 },
  checkpoint: { everySteps: 7 },
});
await trainInFolder(trainer, folder, { stream: false });
writeFileSync(join(folder, 'final.safetensors'), nn.writeSafetensors(await net.stateDict()));
