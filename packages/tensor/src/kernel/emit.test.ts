import { describe, expect, test } from 'vitest';
import { GPUTensorDevice } from '../device/gpu/gpuDevice.js';
import {
  arange,
  atan2,
  concat,
  cumSum,
  indexSelect,
  pow,
  referenceData,
  tensor,
  where,
  type Tensor,
} from '../index.js';
import { acquireDevice } from '../runtime/devices.js';
import { realizeNodes } from '../runtime/realize.js';
import { sizeOf } from '../shape.js';

// Sizes beyond those of the fuzz tests: invocations that take runs of items, coordinates that are counted up, sums in
// blocks and in parts, and the texts for hardware adapters (a workgroup shares a row) on whatever adapter there is.

/** Numbers in [-1, 1) that look random, new on the host at every call, so that any device can take them. */
function numbers(shape: readonly number[], seed: number): Tensor {
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    const h = Math.imul(i + seed * 7919, 2654435761);
    return (Math.imul(h ^ (h >>> 15), 2246822519) >>> 0) / 2 ** 31 - 1;
  });
  return tensor(data, shape);
}

const x = (): Tensor => numbers([37, 53, 29], 1);
const row = (): Tensor => numbers([53, 1], 2);
const table = (): Tensor => numbers([101, 7], 3);
const long = (): Tensor => numbers([3, 50_000], 4);
const index = (): Tensor => tensor(Int32Array.from({ length: 9001 }, (_, i) => (i * 37) % 103));

const cases: Readonly<Record<string, () => Tensor>> = {
  'a map over permuted and broadcast views': () =>
    x()
      .permute([2, 0, 1])
      .mul(2)
      .add(row().reshape([1, 1, 53])),
  'a map with a broadcast row': () => x().mul(row()).add(1),
  'a map that pads and counts': () => {
    const padded = x().pad([
      [1, 2],
      [0, 3],
      [2, 0],
    ]);
    return padded.mul(arange(31).to('float32'));
  },
  'a sliced map': () => x().slice([0, 37], [5, 50, 3], [0, 29, 2]).neg(),
  'rows by number': () => indexSelect(table(), 0, index()),
  'short rows by number, with a factor per row': () =>
    indexSelect(numbers([101, 3], 3), 0, index())
      .mul(numbers([9001, 1], 18))
      .add(numbers([3], 19)),
  'so many that invocations take runs of whole rows': () =>
    indexSelect(numbers([101, 3], 3), 0, tensor(Int32Array.from({ length: 70_000 }, (_, i) => (i * 37) % 101))),
  'a concat of unequal parts': () => concat([x(), x().slice([0, 37], [0, 11]).mul(3)], 1),
  'a sum over the last dimension': () => x().sum(2),
  'a sum over two dimensions that do not merge': () => x().sum([0, 2]),
  'a maximum over two dimensions that do not merge': () => x().permute([1, 2, 0]).max([0, 2]),
  'a sum in parts': () => long().square().sum(1),
  'a sum in parts over dimensions that do not merge': () => numbers([50, 2, 1000], 5).sum([0, 2]),
  'a long sum with four terms per turn': () => numbers([1024, 1032], 6).square().sum(1),
  'a longer one in parts, over dimensions that do not merge': () => numbers([256, 3, 2048], 7).abs().sum([0, 2]),
  'a softmax over dimensions that do not merge': () => {
    const y = x();
    const e = y.sub(y.max([0, 2], true)).exp();
    return e.div(e.sum([0, 2], true));
  },
  'the place of a maximum: reductions of two types': () => numbers([9, 500], 8).argMax(1),
  'float16 storage': () => x().to('float16').add(0.5),
  'a running sum': () => cumSum(x(), 1),
  // from here on maps over groups of four elements, on software adapters
  'a wide map with a row, a column and their places': () =>
    numbers([4, 128, 256], 9)
      .mul(numbers([256], 10))
      .add(numbers([4, 128, 1], 11))
      .sub(arange(256).to('float32').mul(0.01)),
  'a wide map of a slice that begins inside': () => numbers([300, 256], 12).slice([30], [290]).mul(2).neg(),
  'a slice that begins between groups': () => numbers([300, 260], 12).slice([0, 3], [300, 259]).mul(2),
  'a wide map of elementary functions': () => {
    const [a, b] = [numbers([2 ** 16], 13).mul(5), numbers([2 ** 16], 14)];
    return pow(a, b.mul(3).round()).clamp(-100, 100).add(atan2(a, b)).add(a.sin().mul(b.exp())).add(b.abs().log());
  },
  'wide integers and booleans': () => {
    const at = arange(2 ** 16);
    const odd = at.remainder(2).eq(1);
    const x = numbers([2 ** 16], 15);
    const broken = where(at.remainder(7).eq(0), x.div(0), x);
    const whole = at.floorDivide(3).sub(at.mul(at)).sign();
    return where(
      odd.logicalXor(broken.isInf()),
      whole.to('float32'),
      where(broken.ne(broken), 0.5, x.gt(0).to('float32')),
    );
  },
  'a wide map to booleans and back': () => numbers([2 ** 16], 16).gt(numbers([2 ** 16], 17)),
};

/** Elements of a tensor, computed by the kernels for a kind of adapter. */
async function onKind(kind: 'hardware' | 'software', result: Tensor): Promise<ArrayLike<number>> {
  const { gpu, profile } = await acquireDevice();
  const device = new GPUTensorDevice(gpu, { ...profile, kind });
  realizeNodes([result.node], device);
  const { storages, inputs } = result.node;
  const storage = (storages ?? inputs[0]!.storages)![0]!; // a pick's elements belong to its program
  return device.read(storage, result.dtype, result.size);
}

describe.each(['software', 'hardware'] as const)('kernels for %s', (kind) => {
  test.each(Object.entries(cases))('%s', async (_, make) => {
    const [expected] = await referenceData(make());
    const result = make();
    const actual = await onKind(kind, result);
    expect(actual.length).toBe(expected!.length);
    let worst = 0;
    expected!.forEach((v, i) => (worst = Math.max(worst, Math.abs(actual[i]! - v) / (1 + Math.abs(v)))));
    expect(worst).toBeLessThan(result.dtype === 'float16' ? 1e-3 : 2e-5);
  });
});
