import type { GPUStorage, GPUTensorDevice } from '../device/gpu/gpuDevice.js';
import type { TypedArray } from '../dtype.js';
import { ChiaroError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { storageOf } from '../graph/source.js';
import { sizeOf } from '../shape.js';
import { Tensor } from '../tensor.js';
import { currentDevice } from './devices.js';
import { realizeNodes } from './realize.js';
import type { TracedCell } from './trace.js';
import { leavesOf } from './tree.js';

/**
 * Runs a function uncompiled, puts its cells and generators back, runs it compiled, and compares results and cells. The
 * comparison happens later; a difference rejects the device's next await.
 */
export function comparison<R>(plain: () => R, stateful: readonly TracedCell[], replay: () => R): R {
  const device = currentDevice();
  if (!device) return replay();
  const before = stateful.map(({ cell }) => {
    const node = cell.current;
    node.retain();
    return node;
  });
  const expected = nodesOf(plain());
  const expectedState = stateful.map(({ cell }) => cell.current);
  for (const node of [...expected, ...expectedState]) node.retain();
  realizeNodes([...expected, ...expectedState], device);
  stateful.forEach(({ cell }, i) => {
    cell.moveTo(before[i]!);
    before[i]!.release();
  });
  const result = replay();
  const actual = [...nodesOf(result), ...stateful.map(({ cell }) => cell.current)];
  for (const node of actual) node.retain();
  device.errors.expect(difference(device, [...expected, ...expectedState], actual));
  return result;
}

const nodesOf = (tree: unknown): Node[] =>
  leavesOf(tree).flatMap((leaf) => (leaf instanceof Tensor ? [leaf.node] : []));

/** The largest relative difference that reordered float32 arithmetic explains. */
const tolerance = 1e-3;

async function difference(
  device: GPUTensorDevice,
  expected: readonly Node[],
  actual: readonly Node[],
): Promise<Error | undefined> {
  // not device.read: that waits for this very check
  const read = (n: Node): Promise<TypedArray> => device.peek(storageOf(n) as GPUStorage, n.dtype, sizeOf(n.shape));
  for (const [i, node] of expected.entries()) {
    const [a, b] = [await read(node), await read(actual[i]!)];
    let scale = 1e-6;
    let worst = 0;
    a.forEach((v, k) => {
      if (Number.isFinite(v)) scale = Math.max(scale, Math.abs(v));
      if (!(Number.isNaN(v) && Number.isNaN(b[k]!))) worst = Math.max(worst, v === b[k] ? 0 : Math.abs(v - b[k]!));
    });
    node.release();
    actual[i]!.release();
    if (!(worst <= tolerance * scale)) {
      return new ChiaroError(
        `compile({ verify }): result ${i} of the compiled function differs by ${worst} from running it uncompiled ` +
          `(largest element ${scale}); a JavaScript value that it uses has changed since it was recorded. Pass it as an argument or keep it in a Cell`,
      );
    }
  }
  return undefined;
}
