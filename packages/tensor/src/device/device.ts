import type { DType, TypedArray } from '../dtype.js';
import type { Node, Storage } from '../graph/node.js';
import type { AdapterProfile } from './profile.js';
import type { Schedule } from '../schedule/schedule.js';

/** What `memory()` reports. */
export interface MemoryReport {
  /** Bytes and number of buffers that hold tensors or are in use by running work. */
  readonly liveBytes: number;
  readonly liveBuffers: number;
  /** Bytes of buffers kept for reuse. */
  readonly pooledBytes: number;
}

/** Something that runs schedules: a GPU, or the float64 reference. */
export interface Device {
  readonly profile: AdapterProfile;
  /** Copies host elements to the device. */
  upload(data: TypedArray, dtype: DType): Storage;
  /** Runs a schedule; gives the storages of every node it stores. Does not wait for the work to finish. */
  run(schedule: Schedule, options: { kept: (node: Node) => boolean }): ReadonlyMap<Node, Storage[]>;
  /** Elements of a storage. Rejects with whatever the device has to report. */
  read(storage: Storage, dtype: DType, size: number): Promise<TypedArray>;
  /** Resolves when all submitted work is done; rejects with whatever the device has to report. */
  idle(): Promise<void>;
  memory(): MemoryReport;
}
