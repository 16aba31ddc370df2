import type { GPUStorage, GPUTensorDevice } from '../device/gpu/gpuDevice.js';
import { OutOfMemoryError } from '../errors.js';
import type { CapacityContract } from '../graph/primitive.js';

/** A program of a run whose result only counts if its capacity was enough. */
export interface CapacityCheck {
  readonly contract: CapacityContract;
  /** Where the program left the amount that it needed. */
  readonly needed: () => GPUStorage;
}

/** Work that was submitted while it was not yet known whether all capacities were enough. */
export interface Run {
  readonly checks: readonly CapacityCheck[];
  /** Computes everything again, with the capacities as they are now. */
  readonly redo: () => void;
  /** The results count: whatever `redo` would need can go. */
  readonly accept: () => void;
}

/** Runs since the last one whose capacity is not known to have been enough, in order. */
let open: Run[] = [];

/** Is there work whose results are not certain yet? */
export const hasOpenRuns = (): boolean => open.length > 0;

/** Reports a run. Without checks it matters only if an earlier one may have to be done again. */
export function noteRun(run: Run): void {
  if (run.checks.length === 0 && open.length === 0) run.accept();
  else open.push(run);
}

const maxRounds = 32;

/** The settling in progress, or the last one. */
let settling = Promise.resolve();

/**
 * Reads what the programs needed. Where it was more than they had, gives them more and repeats everything from that
 * run on, until all was enough: only then may results be read. Callers wait for each other: a run is accepted once.
 */
export function settleCapacities(device: GPUTensorDevice): Promise<void> {
  const mine = settling.then(() => settleOpen(device));
  settling = mine.catch(() => undefined); // whoever asked for it hears of it
  return mine;
}

async function settleOpen(device: GPUTensorDevice): Promise<void> {
  for (let round = 0; open.length > 0; round++) {
    if (round === maxRounds)
      throw new OutOfMemoryError(
        'a program asked for more capacity thirty times over; its count depends on its capacity',
      );
    const runs = open;
    let failed = -1;
    for (const [i, run] of runs.entries()) {
      for (const { contract, needed } of run.checks) {
        const [count = 0] = await device.peek(needed(), 'uint32', 1);
        if (count <= contract.capacity) continue;
        contract.capacity = Math.max(count, Math.ceil(contract.capacity * 1.5));
        failed = i;
      }
      if (failed >= 0) break;
    }
    const good = failed < 0 ? runs.length : failed;
    runs.slice(0, good).forEach((run) => run.accept());
    open = open.slice(good);
    for (const run of open) run.redo();
  }
}
