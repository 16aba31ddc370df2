import { describe, expect, test } from 'vitest';
import { BatchNorm2d, Conv2d, Sequential } from '../../layers/index.js';
import { bytesOf, files, readMutations } from '../files.testing.js';
import { ByteReader } from '../pickle/byteReader.js';
import { unpickle } from '../pickle/unpickle.js';
import { readTorch, stateDictOf, type TorchArray, type TorchValue } from './index.js';

const { zip, legacy, expected } = files.torch;

describe.each([
  ['ZIP', zip],
  ['old format', legacy],
])('a file of torch.save: %s', (_, file) => {
  const read = async (): Promise<Record<string, TorchValue>> =>
    (await readTorch(bytesOf(file))) as Record<string, TorchValue>;

  test('tensors of every type, views and parameters', async () => {
    const value = await read();
    for (const [name, { shape, data }] of Object.entries(expected)) {
      const [first, ...rest] = name.split('.');
      const found = (rest.length === 0 ? value[first!] : (value[first!] as never)[rest.join('.')]) as TorchArray;
      expect(found.shape, name).toEqual(shape);
      expect(Array.from(found.data), name).toEqual(data);
    }
  });

  test('everything else', async () => {
    const { epoch, lr, name, done, none, big, sizes, 3: three } = await read();
    expect({ epoch, lr, name, done, none, big, sizes, three }).toEqual({
      ...{ epoch: 7, lr: 0.25, name: 'tëst', done: true, none: null, big: 2n ** 70n },
      ...{
        sizes: [
          [2, 3],
          [1, 2],
        ],
        three: 'three',
      },
    });
  });

  test('weights go into a network', async () => {
    const net = new Sequential([new Conv2d(1, 2, 2), new BatchNorm2d(2)]);
    net.load(stateDictOf(await read(), ['state_dict']));
    expect(Array.from(await net.parameters()[0]!.data())).toEqual(expected['state_dict.0.weight']!.data);
  });

  test('mutations are read or refused', async () => {
    const count = file === zip ? 400 : 2000; // an archive takes 10 ms
    expect(await readMutations(bytesOf(file), readTorch, { count, seed: 3 })).toBeGreaterThan(count / 8);
  });
});

describe('what is refused', () => {
  test('functions, and classes of the user', async () => {
    await expect(readTorch(bytesOf(files.evil))).rejects.toThrow(/asks for posix\.system; only tensors/);
    await expect(readTorch(bytesOf(files.custom))).rejects.toThrow(/asks for __main__\.Custom/);
  });

  test('a tensor that repeats its elements without end', async () => {
    await expect(readTorch(bytesOf(files.expanded))).rejects.toThrow(/\[1000\] with strides \[0\] does not fit into 1/);
  });

  test('what is no file of PyTorch', async () => {
    await expect(readTorch(new Uint8Array(100))).rejects.toThrow(/neither a ZIP archive nor a file of torch.save/);
    await expect(readTorch(new Uint8Array())).rejects.toThrow(/neither/);
    await expect(readTorch(bytesOf(files.npz))).rejects.toThrow(/no data\.pkl/);
  });

  test('a path that leads nowhere: says what there is', async () => {
    const value = await readTorch(bytesOf(zip));
    expect(() => stateDictOf(value)).toThrow(/state_dict, epoch.*a path leads/);
    expect(() => stateDictOf(value, ['model'])).toThrow(/no "model" among .*state_dict/);
  });
});

test.each(files.pickles.map((file, protocol) => [protocol, file] as const))('pickle, protocol %i', (protocol, file) => {
  // old protocols write bytes and sets as calls of functions, which nothing here needs
  if (protocol < 3) expect(() => unpickle(new ByteReader(bytesOf(file)))).toThrow(/asks for/);
  else {
    const set = protocol < 4 ? undefined : new Set([1, 2]);
    if (!set) expect(() => unpickle(new ByteReader(bytesOf(file)))).toThrow(/asks for builtins\.set/);
    else {
      expect(unpickle(new ByteReader(bytesOf(file)))).toEqual([
        ...[1, -300, 70000, 2 ** 40, 1.5, 'ä', Uint8Array.of(0, 255), [1, 2, 3, 4]],
        ...[new Map([['a', [null, true]]]), set],
      ]);
    }
  }
});
