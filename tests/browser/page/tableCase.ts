import { operations } from '../../../packages/tensor/src/ops/table/index.js';
import { buildCall, gpuError, mismatch, sampleOf, seedFor } from '../../../packages/tensor/src/ops/table/run.js';

/** What the page found of the operation table. */
export interface TableOutcome {
  /** Names of the operations that ran. */
  readonly names: readonly string[];
  /** What is wrong, one message per operation. */
  readonly wrong: readonly string[];
}

/** A plain sample of every operation on this page's GPU, compared with the float64 reference of the table. */
export async function runTable(seed: number): Promise<TableOutcome> {
  const wrong: string[] = [];
  for (const operation of operations) {
    try {
      const sample = sampleOf(operation, seedFor(seed, operation.name, 0), {});
      const { outputs } = buildCall(sample);
      const results = await Promise.all(outputs.map((output) => output.data()));
      const message = mismatch(sample, outputs, results, gpuError(sample));
      if (message !== undefined) wrong.push(message);
    } catch (error) {
      wrong.push(`${operation.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  return { names: operations.map(({ name }) => name), wrong };
}
