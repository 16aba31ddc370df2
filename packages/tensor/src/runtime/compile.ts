import type { Device } from '../device/device.js';
import { GPUTensorDevice, type GPUStorage } from '../device/gpu/gpuDevice.js';
import { Replay } from '../device/gpu/replay.js';
import { warmPlan } from '../device/gpu/warm.js';
import { planOf, type Plan } from '../device/plan.js';
import { ChiaroError, DeviceError, DeviceLostError } from '../errors.js';
import { Cell } from '../cell.js';
import { wordOf, type Generator } from '../generator.js';
import { Node, nextNodeId, type Storage } from '../graph/node.js';
import { sourceOf } from '../graph/source.js';
import type { BufferId } from '../kernel/buffer.js';
import { isBacked } from '../schedule/fuse.js';
import { schedule } from '../schedule/schedule.js';
import { live, Tensor } from '../tensor.js';
import { noteRun, settleCapacities, type CapacityCheck } from '../program/capacity.js';
import { reportSchedule } from './debug.js';
import { acquireDevice, onDevice } from './devices.js';
import { realizeNodes } from './realize.js';
import { inScope } from './scope.js';
import { recording, Trace } from './trace.js';
import { mapTree } from './tree.js';
import { comparison } from './verify.js';

/** Options of `compile`. */
export interface CompileOptions {
  /**
   * Runs every n-th call a second time without compilation and compares: finds JavaScript values that were baked in
   * although they change. A difference rejects the next await.
   */
  readonly verify?: number;
}

/** A function that runs as a recorded list of kernels. */
export type Compiled<A extends readonly unknown[], R> = ((...args: A) => R) & {
  /**
   * Records the function for arguments like these and compiles its kernels, all at once, without running any: what the
   * first call would otherwise wait for. Cells, generators and the arguments' values stay as they are. Resolves when the
   * driver is done.
   * @throws DeviceError (rejects) when a kernel does not compile.
   * @example await Promise.all([step.warm(0.1), render.warm(camera)]); // behind a loading screen
   */
  warm(...args: A): Promise<void>;
  /** Frees the recorded plans and their memory. */
  dispose(): void;
  /** Kernels that one call runs, per signature seen so far. */
  readonly kernels: readonly number[];
};

/**
 * Records what a function of tensors does and from then on only replays it: no graph, no planning, about a microsecond
 * of JavaScript per kernel.
 *
 * The function runs once per signature: the shapes and dtypes of tensor arguments and the values of everything that is
 * neither tensor nor number. Tensor and number arguments are inputs; inside, numbers are tensors of shape []. Cells
 * (`Parameter`, optimiser state, `Generator`) that it reads or assigns are state, kept up to date at every call. All
 * other JavaScript values are baked in. Results are fresh tensors.
 *
 * @example
 * const step = compile((lr: number) => { w.assign(w.sub(gradient(w).mul(lr))); return loss(w); });
 * for (let i = 0; i < 100; i++) step(0.1);
 */
export function compile<A extends readonly unknown[], R>(
  fn: (...args: A) => R extends PromiseLike<unknown> ? never : R,
  { verify = 0 }: CompileOptions = {},
): Compiled<A, R> {
  const programs = new Map<string, Program<A, R>>();
  let calls = 0;
  const programOf = (inputs: Inputs): Program<A, R> => {
    let program = programs.get(inputs.signature);
    if (!program) programs.set(inputs.signature, (program = new Program(fn as (...args: A) => R, inputs)));
    return program;
  };
  const compiled = (...args: A): R => {
    const inputs = new Inputs(args);
    const program = programOf(inputs);
    const check = verify > 0 && ++calls % verify === 0;
    return check
      ? comparison(
          () => (fn as (...a: A) => R)(...args),
          program.stateful,
          () => program.call(inputs),
        )
      : program.call(inputs);
  };
  return Object.defineProperties(compiled, {
    warm: { value: async (...args: A) => programOf(new Inputs(args)).warm() },
    dispose: {
      value: () => {
        programs.forEach((p) => p.dispose());
        programs.clear();
      },
    },
    kernels: { get: () => [...programs.values()].map((p) => p.kernels) },
  }) as Compiled<A, R>;
}

let cellIds = 0;
const cellNumbers = new WeakMap<Cell, number>();
function cellNumber(cell: Cell): number {
  let n = cellNumbers.get(cell);
  if (n === undefined) cellNumbers.set(cell, (n = cellIds++));
  return n;
}

/** The arguments of a call, taken apart. */
class Inputs {
  readonly tensors: Tensor[] = [];
  readonly numbers: number[] = [];
  readonly signature: string;

  constructor(readonly args: readonly unknown[]) {
    const parts: string[] = [];
    const shape = mapTree(args, (leaf) => {
      if (leaf instanceof Cell) parts.push(`cell ${cellNumber(leaf)}`);
      else if (leaf instanceof Tensor) {
        parts.push(`${leaf.dtype}[${leaf.shape.join()}]${leaf.requiresGrad ? ' grad' : ''}`);
        this.tensors.push(leaf);
      } else if (typeof leaf === 'number') {
        parts.push('number');
        this.numbers.push(leaf);
      } else if (leaf === null || ['string', 'boolean', 'undefined'].includes(typeof leaf))
        parts.push(JSON.stringify(leaf) ?? 'undefined');
      else {
        throw new ChiaroError(
          `compile: an argument is ${typeof leaf === 'function' ? 'a function' : `a ${(leaf as object).constructor.name}`}; ` +
            'arguments may be tensors, numbers, strings, booleans, and arrays or plain objects of these',
        );
      }
      return 0;
    });
    this.signature = `${JSON.stringify(shape)} ${parts.join('; ')}`;
  }
}

/** One signature of a compiled function: the recorded graph, and its replay once there is a device. */
class Program<A extends readonly unknown[], R> {
  readonly #trace = new Trace();
  readonly #arguments: Node[] = [];
  readonly #results: Node[] = [];
  readonly #resultTree: unknown;
  readonly #captured: Node[] = [];
  readonly #roots: Node[];
  readonly #draws: ReadonlyMap<Generator, number>;
  #replay: Replay | undefined;
  #programs: readonly Node<'program'>[] = [];

  constructor(fn: (...args: A) => R, inputs: Inputs) {
    const first = nextNodeId();
    const made = new Set<Tensor>();
    const args = mapTree(inputs.args, (leaf) => {
      if (leaf instanceof Cell || (!(leaf instanceof Tensor) && typeof leaf !== 'number')) return leaf;
      let node: Node;
      if (typeof leaf === 'number') {
        const index = this.#trace.numbers.filter((n) => n.kind === 'argument').length;
        node = this.#trace.numberSlot({ kind: 'argument', index }, 'float32');
      } else {
        node = this.#trace.tensorSlot(leaf.shape, leaf.dtype);
        node.requiresGrad = leaf.requiresGrad;
        node.retain();
        this.#arguments.push(node);
      }
      return new Tensor(node);
    }) as unknown as A;
    const scope = { name: 'compile', made, noReading: 'nothing has been computed yet; return what you want to read' };
    const slot = (leaf: unknown): unknown => {
      if (!(leaf instanceof Tensor)) return leaf;
      const node = live(leaf, 'compile');
      node.retain();
      return new Slot(this.#results.push(node) - 1);
    };
    this.#resultTree = recording(this.#trace, () =>
      inScope(scope, () => {
        const tree = mapTree(fn(...args), slot);
        this.#trace.endings.forEach((end) => end());
        this.#trace.extras.forEach(({ tensor }) => slot(tensor));
        return tree;
      }),
    );
    for (const t of made) t.dispose();
    this.#draws = this.#trace.draws;
    this.#roots = [...this.#results, ...this.stateful.flatMap((c) => (c.after ? [c.after] : []))];
    this.#capture(first);
  }

  /** Cells that the function uses. */
  get stateful() {
    return [...this.#trace.cells.values()];
  }

  get kernels(): number {
    return this.#replay?.kernels ?? 0;
  }

  /** Finds tensors from outside that are neither arguments nor cells: they are constants of the program. */
  #capture(first: number): void {
    const seen = new Set<Node>();
    const pending = [...this.#roots];
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (seen.has(node) || node.is('argument')) continue;
      seen.add(node);
      if (node.id >= first && !isBacked(node)) pending.push(...node.inputs);
      else {
        node.retain();
        this.#captured.push(node);
      }
    }
  }

  /** Compiles the kernels for the device, before there is anything to run them on. */
  async warm(): Promise<void> {
    const device = await acquireDevice();
    if (this.#replay?.device === device) return;
    realizeNodes(this.#captured, device);
    await settleCapacities(device);
    await warmPlan(device, this.#plan(device));
    if (this.#replay?.device !== device) this.#replay = this.#record(device);
  }

  call(inputs: Inputs): R {
    this.#trace.checks.forEach((check) => check());
    const numbers = this.#numbers(inputs);
    const cells = this.stateful.map(({ cell, before, after }) => {
      const current = cell.current;
      current.retain();
      return { cell, before, after, current };
    });
    const given = inputs.tensors.map((t) => {
      const node = live(t, 'compile');
      node.retain();
      return node;
    });
    const results = this.#results.map(pendingLike);
    const nextVersions = cells.map(({ cell, after, current }) => {
      if (!after) return undefined;
      const version = pendingLike(after);
      version.requiresGrad = current.requiresGrad;
      version.leaf = true;
      cell.moveTo(version);
      version.retain();
      return version;
    });
    const handles = results.map((node) => {
      node.retain();
      return new Tensor(node);
    });
    onDevice((device) => {
      const sources = new Map<Node, Node>();
      this.#arguments.forEach((slot, i) => sources.set(slot, given[i]!));
      cells.forEach(({ before, current }) => sources.set(before, current));
      let checks: CapacityCheck[] = [];
      const run = (): void => {
        const made = this.#run(device, sources, numbers);
        results.forEach((node, i) => node.settle([made.take(this.#results[i]!)]));
        nextVersions.forEach((version, i) => version?.settle([made.take(cells[i]!.after!)]));
        checks = this.#capacityChecks(made);
        made.releaseRest();
      };
      run();
      noteRun({
        checks: checks.map((check, i) => ({ ...check, needed: () => checks[i]!.needed() })),
        redo: () => {
          checks.forEach((c) => c.needed().release());
          this.#replay?.dispose();
          this.#replay = undefined;
          run();
        },
        accept: () => {
          checks.forEach((c) => c.needed().release());
          const versions = nextVersions.flatMap((v) => v ?? []);
          for (const node of [...versions, ...results, ...given, ...cells.map((c) => c.current)]) node.release();
        },
      });
    });
    const { extras } = this.#trace;
    extras.forEach(({ deliver }, i) => deliver(handles[handles.length - extras.length + i]!));
    return mapTree(this.#resultTree, (leaf) => (leaf instanceof Slot ? handles[leaf.index]! : leaf)) as R;
  }

  /** Runs the replay on the current values of its inputs. */
  #run(device: Device, sources: ReadonlyMap<Node, Node>, numbers: readonly number[]): Results {
    if (!(device instanceof GPUTensorDevice)) throw new DeviceError('compiled functions run on a GPU device');
    realizeNodes([...sources.values(), ...this.#captured], device);
    if (this.#replay?.device !== device) this.#replay = this.#record(device);
    const stored = (node: Node, index: number): GPUStorage => {
      const outside = sources.get(node);
      const { source, index: at } = outside ? sourceOf(outside) : { source: node, index };
      if (source.data) source.settle([device.upload(source.data, source.dtype)]);
      const storage = source.storages![at] as GPUStorage;
      if (storage.device !== device) {
        throw new DeviceLostError(
          'a tensor that a compiled function uses was lost with its GPU device; restore it with loadState',
        );
      }
      return storage;
    };
    const made = this.#replay.run((id: BufferId) => {
      if (id.kind === 'temporary') throw new Error('internal: a temporary is not an input');
      return stored(id.node, id.index);
    }, numbers);
    return new Results(made, stored);
  }

  #plan(device: GPUTensorDevice): Plan {
    const roots = this.#roots.filter((n) => !isBacked(sourceOf(n).source));
    const kernels = schedule(roots, { profile: device.profile, fusion: true });
    reportSchedule(kernels);
    return planOf(kernels, device.profile);
  }

  #record(device: GPUTensorDevice): Replay {
    const plan = this.#plan(device);
    this.#programs = plan.stored.filter((n): n is Node<'program'> => n.is('program') && n.attrs.capacity !== undefined);
    // a root may be an argument or a cell as it was given, which the plan does not compute
    const wanted = new Set<Node>([...this.#roots.map((n) => sourceOf(n).source), ...this.#programs]);
    return new Replay(device, plan, new Set(plan.stored.filter((n) => wanted.has(n))));
  }

  /** Programs of the plan whose room may turn out too small; what they needed is read before the next call. */
  #capacityChecks(made: Results): CapacityCheck[] {
    return this.#programs.map((node) => {
      const contract = node.attrs.capacity!;
      const storage = made.takeAt(node, contract.neededOutput);
      return { contract, needed: () => storage };
    });
  }

  #numbers(inputs: Inputs): number[] {
    const firsts = new Map([...this.#draws].map(([generator, count]) => [generator, generator.take(count)]));
    return this.#trace.numbers.map((source) => {
      if (source.kind === 'argument') return inputs.numbers[source.index]!;
      const { generator, word } = source;
      return wordOf(source.kind === 'seed' ? generator.seed : firsts.get(generator)! + source.offset, word);
    });
  }

  dispose(): void {
    this.#replay?.dispose();
    for (const node of [...this.#captured, ...this.#results, ...this.#arguments]) node.release();
  }
}

/** Storages that a replay made, to be handed out. */
class Results {
  readonly #taken = new Set<Storage>();

  constructor(
    private readonly made: ReadonlyMap<BufferId, GPUStorage>,
    private readonly stored: (node: Node, index: number) => GPUStorage,
  ) {}

  /** The storage behind a node, owned by the caller from now on. */
  take(node: Node): GPUStorage {
    const { source, index } = sourceOf(node);
    return this.takeAt(source, index);
  }

  takeAt(source: Node, index: number): GPUStorage {
    let storage: GPUStorage | undefined;
    for (const [id, s] of this.made) if (id.kind === 'node' && id.node === source && id.index === index) storage = s;
    if (storage && !this.#taken.has(storage)) {
      this.#taken.add(storage);
      return storage;
    }
    storage ??= this.stored(source, index);
    storage.retain();
    return storage;
  }

  /** Gives back what nobody took: further results of programs. */
  releaseRest(): void {
    for (const storage of this.made.values()) if (!this.#taken.has(storage)) storage.release();
  }
}

/** Stands for a tensor in the recorded result. */
class Slot {
  constructor(readonly index: number) {}
}

/** A leaf that will get its storage when the call has run. */
function pendingLike(node: Node): Node {
  return new Node('data', [], {}, node.shape, node.dtype);
}
