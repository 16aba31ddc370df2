import { describe, expect, test } from 'vitest';
import { ChiaroError, FormatError, tensor, type Tensor } from '../engine.js';
import { BatchNorm2d, Linear, Module, Sequential } from '../layers/index.js';
import { parseSafetensors, storedElements, writeSafetensors } from '../io/safetensors/index.js';
import { SGD, ReduceOnPlateau } from '../optim/index.js';
import {
  memoryStore,
  NonFiniteError,
  readCheckpoint,
  type CheckpointStore,
  type TrainingPicture,
  type TrainingRecord,
} from './index.js';
import { small, type Batch } from './run.testing.js';
import { Watch } from './watch.js';

/** A log in memory that obeys the contract of logs. */
function memoryLog() {
  const records: TrainingRecord[] = [];
  const log = {
    start: ({ step, epoch }: { step: number; epoch: number }) => {
      const kept = records.filter((r) => (r.kind === 'step' ? r.step <= step : r.epoch < epoch));
      records.splice(0, Infinity, ...kept);
    },
    write: (record: TrainingRecord) => void records.push(record),
    flush: () => undefined,
  };
  return { log, records };
}

const told = (records: readonly TrainingRecord[]): object[] => records.map(({ seconds: _, ...rest }) => rest);

describe('a run', () => {
  test.each([true, false])('that is stopped again and again ends as one that is not; compiled: %s', async (compile) => {
    const whole = small({ compile });
    const wholeLog = memoryLog();
    const { best } = await whole.trainer.run({ logs: [wholeLog.log] });
    expect(wholeLog.records.filter((r) => r.kind === 'step').length).toBe(36);
    expect(best.length).toBe(2);

    const store = memoryStore();
    const { log, records } = memoryLog();
    // in the middle of an epoch, after its last batch, behind a checkpoint and away from one
    const stops = [3, 12, 22];
    for (const stop of [...stops, Infinity]) {
      const part = small({ compile });
      const control = new AbortController();
      const onProgress = ({ step }: { step: number }): void => {
        if (step >= stop) control.abort(new Error('stopped'));
      };
      const run = part.trainer.run({ store, logs: [log], signal: control.signal, onProgress });
      if (stop < Infinity) {
        await expect(run).rejects.toThrow('stopped');
        continue;
      }
      const result = await run;
      expect(result.best).toEqual(best);
      expect(await part.net.stateDict()).toEqual(await whole.net.stateDict());
      expect(part.noise.state).toEqual(whole.noise.state);
      await result.loadBest();
      expect(await part.trainer.run({ store })).toMatchObject({ place: { epoch: 3, step: 36 }, best }); // nothing left to do
    }
    expect(told(records)).toEqual(told(wholeLog.records));
  });

  test('repeats only what is in its state: the comparison sees a generator that was left out', async () => {
    const whole = small({ epochs: 1 });
    await whole.trainer.run();
    const store = memoryStore();
    const weights = async (onProgress?: (p: { step: number }) => void, signal?: AbortSignal): Promise<unknown> => {
      const { net, trainer } = small({ epochs: 1 }, ['noise']);
      await trainer.run({ store, onProgress, signal });
      return net.stateDict();
    };
    const control = new AbortController();
    await expect(weights(() => control.abort(), control.signal)).rejects.toThrow();
    expect(await weights()).not.toEqual(await whole.net.stateDict());
  });

  test('ends when nothing gets better, and keeps the best weights', async () => {
    const found = [5, 7, 3, 9, NaN, 6, 1];
    const taken: number[] = [];
    const made = small({
      epochs: 9,
      validate: (epoch) => ({ loss: found[epoch]! }),
      watch: { metric: 'loss', better: 'higher', keep: 2, patience: 2 },
    });
    const { best, ended, place, loadBest } = await made.trainer.run({
      onProgress: ({ phase, epoch }) => phase === 'validate' && taken.push(epoch),
    });
    expect(taken).toEqual([0, 1, 2, 3, 4, 5]);
    expect([ended, place.epoch]).toEqual(['patience', 6]);
    expect(best.map(({ epoch, value }) => [epoch, value])).toEqual([
      [3, 9],
      [1, 7],
    ]);
    const end = await made.net.stateDict();
    await loadBest(1);
    expect(await made.net.stateDict()).not.toEqual(end);
    await expect(loadBest(2)).rejects.toThrow(/2 weights were kept/);
  });

  test('lowers the rate on a plateau, and says at once what does not fit', async () => {
    const { net } = small();
    const sgd = new SGD(net.parameters(), { lr: 1 });
    const plateau = new ReduceOnPlateau(sgd, { patience: 0, factor: 0.5 });
    const changes = { state: { net, sgd, plateau }, validate: () => ({ loss: 1 }), step: ({ x }: Batch) => x.sum() };
    await small({ ...changes, watch: { metric: 'loss', better: 'higher' } }).trainer.run();
    expect(sgd.groups[0]!.lr).toBe(0.25); // the first is a best one, two more are not
    expect(() => small({ ...changes, watch: undefined })).toThrow(/plateau.*give watch/);
    expect(() => small({ validate: undefined })).toThrow(/watch needs validate/);
    expect(() => small({ epochs: 1.5 })).toThrow(/epochs.*1\.5/);
    expect(() => small({ state: { 'a/b': net } })).toThrow(/"a\/b"/);
    await expect(small({ epochs: 1, validate: () => ({ other: 1 }) }).trainer.run()).rejects.toThrow(
      /validate returned other/,
    );
    await expect(small({ step: ({ x }) => x }).trainer.run()).rejects.toThrow(/one element; got loss/);
  });
});

test('pictures are grids of sRGB bytes, made in the mode for use and with the averages in place', async () => {
  const shown: TrainingPicture[] = [];
  const log = { ...memoryLog().log, picture: (picture: TrainingPicture) => void shown.push(picture) };
  const modes: boolean[] = [];
  const made = small({
    epochs: 2,
    pictures: () => {
      modes.push(made.net.training);
      return { grid: tensor([0, 0.5, 2, 1], [4, 1, 1, 1]), colour: tensor([1, NaN, -1], [1, 3, 1, 1]) };
    },
  });
  await made.trainer.run({ logs: [log] });
  expect(modes).toEqual([false, false]);
  expect(made.net.training).toBe(true);
  expect(shown.map(({ name, step, epoch }) => `${name} ${step} ${epoch}`)).toEqual([
    'grid 12 0',
    'colour 12 0',
    'grid 24 1',
    'colour 24 1',
  ]);
  const [grid, colour] = shown as [TrainingPicture, TrainingPicture];
  expect([grid.width, grid.height, colour.width, colour.height]).toEqual([8, 8, 5, 5]); // 2 x 2 and 1, gaps of 2
  const at = ({ width, pixels }: TrainingPicture, x: number, y: number) =>
    [...pixels.subarray(3 * (y * width + x))].slice(0, 3);
  expect([at(grid, 2, 2), at(grid, 5, 2), at(grid, 2, 5), at(grid, 5, 5)].map(([r]) => r)).toEqual([0, 188, 255, 255]);
  expect(at(colour, 2, 2)).toEqual([255, 0, 0]);
  expect(at(colour, 0, 0)).toEqual([39, 39, 39]);
  const refused: [Record<string, Tensor>, RegExp][] = [
    [{ 'a b': tensor([1], [1, 1, 1, 1]) }, /names of pictures.*"a b"/],
    [{ a: tensor([1, 2], [1, 2, 1, 1]) }, /pictures must give images.*\[1, 2, 1, 1\]/],
  ];
  for (const [pictures, message] of refused) {
    await expect(small({ pictures: () => pictures }).trainer.run({ logs: [log] })).rejects.toThrow(message);
  }
});

test('of the best, equals rank by age, and a threshold only concerns patience', () => {
  const watch = new Watch({ metric: 'm', better: 'lower', keep: 3, threshold: 0.5 });
  const take = (m: number, step: number) => watch.take({ m }, { epoch: 0, step });
  expect(take(2, 1)).toEqual({ keep: true, dropped: [] });
  expect(take(1.8, 2).keep).toBe(true);
  expect(watch.strikes).toBe(1);
  expect(take(2, 3).keep).toBe(true);
  const { keep, dropped } = take(1, 4);
  expect([keep, dropped.map((k) => k.step), watch.best.map((k) => k.step)]).toEqual([true, [3], [4, 2, 1]]);
  expect(watch.strikes).toBe(0);
});

describe('checkpoints', () => {
  async function stopped(): Promise<{ store: CheckpointStore; bytes: Uint8Array }> {
    const store = memoryStore();
    await small({ epochs: 1 }).trainer.run({ store });
    return { store, bytes: (await store.read('last.safetensors'))! };
  }

  test('that are damaged, foreign or of another run are refused, and nothing changes', async () => {
    const { store, bytes } = await stopped();
    const { state } = readCheckpoint(bytes);
    const other = (meta: Record<string, string>): Uint8Array => writeSafetensors(state.cells, meta);
    const name = 'net/2.weight';
    /** The checkpoint with something else in the place of one array. */
    const swapped = (array: { shape: readonly number[]; data: ArrayLike<number> }): Uint8Array => {
      const { arrays, metadata } = parseSafetensors(bytes);
      const all = [...arrays].map(([each, stored]) => [each, { shape: stored.shape, data: storedElements(stored) }]);
      return writeSafetensors({ ...Object.fromEntries(all), [`cells/${name}`]: array }, metadata);
    };
    const joined = new Uint8Array(bytes.length + 64);
    joined.set(bytes);
    const cases: [Uint8Array, RegExp][] = [
      [joined, /64 bytes follow the last array/],
      [swapped({ shape: [6, 8], data: new Int32Array(48) }), /net\/2\.weight is stored as Int32Array.*float32/],
      [swapped({ shape: [8, 6], data: new Float32Array(48) }), /net\/2\.weight has shape \[8, 6\].*\[6, 8\]/],
      [
        swapped({ shape: [48], data: Array.from({ length: 48 }, () => 0.5) }),
        /cells\/net\/2\.weight.*F64.*means nothing/,
      ],
      [bytes.subarray(0, bytes.length - 100), /last\.safetensors cannot be resumed: safetensors: .*lies at/],
      [bytes.subarray(0, 5), /5 bytes hold no header/],
      [writeSafetensors({}), /no checkpoint of a training run.*left as it is.*resume: false/],
      [other({ format: 'chiaro-training', formatVersion: '7' }), /has format 7, this version reads format 1/],
      [other({ format: 'chiaro-training', formatVersion: '1', run: '{' }), /no JSON/],
      [other({ format: 'chiaro-training', formatVersion: '1', run: '{}' }), /lacks fields/],
    ];
    for (const [file, message] of cases) {
      const made = small();
      const before = await made.net.stateDict();
      await store.write('last.safetensors', file);
      const run = made.trainer.run({ store });
      await expect(run).rejects.toThrow(message);
      await expect(run).rejects.toBeInstanceOf(FormatError);
      expect(await made.net.stateDict()).toEqual(before);
      expect(await store.read('last.safetensors')).toBe(file);
    }
    await store.write('last.safetensors', bytes);
    await expect(small({ about: { seed: 4 } }).trainer.run({ store })).rejects.toThrow(/seed was 3 and is 4/);
    const { net, adam } = small();
    await expect(small({ state: { net, adam } }).trainer.run({ store })).rejects.toThrow(
      /missing arrays: none; arrays without a place: average\/0, .*average\/5\./,
    );
    const wider = new Sequential([new BatchNorm2d(2), new Linear(3, 4)]);
    expect(() => small({ state: { net: wider } }).trainer).not.toThrow();
    await expect(small({ state: { net: wider } }).trainer.run({ store })).rejects.toBeInstanceOf(FormatError);
  });

  test('begun anew leave no best weights of the run before, nor touch what is not theirs', async () => {
    const { store } = await stopped();
    await store.write('best-4-net.safetensors', Uint8Array.of(1)); // of a run whose checkpoint was lost
    await store.write('best-of.txt', Uint8Array.of(2));
    const { best } = await small({ epochs: 2 }).trainer.run({ store, resume: false });
    const kept = best.map(({ step }) => `best-${step}-net.safetensors`);
    expect([...(await store.list())].sort()).toEqual(['best-of.txt', 'last.safetensors', ...kept].sort());
  });

  test('are kept when writing fails', async () => {
    const { store, bytes } = await stopped();
    const full: CheckpointStore = { ...store, write: () => Promise.reject(new ChiaroError('disk full')) };
    await expect(small().trainer.run({ store: full })).rejects.toThrow('disk full');
    expect(await store.read('last.safetensors')).toBe(bytes);
  });
});

describe('the guard', () => {
  /** A layer that breaks at one step: its forward, or only its gradient. */
  class Fuse extends Module {
    constructor(private readonly spoil: (x: Tensor) => Tensor) {
      super();
    }
    override forward(x: Tensor): Tensor {
      return this.spoil(x);
    }
  }

  /** Trains a network whose middle layer breaks. */
  async function broken(spoil: (x: Tensor) => Tensor): Promise<NonFiniteError> {
    const net = new Sequential([new Linear(8, 3), new Fuse(spoil), new Linear(3, 1)]);
    const sgd = new SGD(net.parameters(), { lr: 0.01 });
    const made = small({
      state: { net, sgd },
      validate: undefined,
      watch: undefined,
      step: ({ x }) => {
        const loss = net.forward(x.flatten(1)).square().mean();
        loss.backward();
        sgd.step();
        sgd.zeroGrad();
        return { loss };
      },
    });
    const error: unknown = await made.trainer.run().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NonFiniteError);
    for (const { data } of Object.values(await net.stateDict())) {
      expect(Array.from(data).every(Number.isFinite)).toBe(true);
    }
    return error as NonFiniteError;
  }

  test('names the layer', async () => {
    const error = await broken((x) => x.sub(x.max().detach()).add(1e-3).log());
    expect(error.message).toMatch(
      /step 1 \(epoch 0, batch 0\).*first layer whose output is not finite is net\/1 \(Fuse\).*log/,
    );
    expect(error.found[0]).toBe('net/1 (Fuse)');
  });

  test('names the gradient where all layers are finite', async () => {
    const error = await broken((x) => x.mul(0).sqrt().add(x));
    expect(error.message).toMatch(
      /All layers' outputs are finite; the first gradient that is not is the gradient of net\/0/,
    );
  });

  test('names a loss that no layer explains', async () => {
    const { net } = small();
    const { trainer } = small({ state: { net }, step: ({ x }) => net.forward(x).sum().mul(0).log() });
    await expect(trainer.run()).rejects.toThrow(/parameters are finite: it is the loss itself.*log/);
  });
});
