/** Methods of Dawn's classes that end when the GPU, or the compiler of its kernels, is done. */
const waits = {
  GPUBuffer: ['mapAsync'],
  GPUQueue: ['onSubmittedWorkDone'],
  GPUDevice: ['createComputePipelineAsync', 'createRenderPipelineAsync'],
} as const;

/** Milliseconds of waiting before the first rest: what is done sooner is not kept waiting. */
const patience = 0.2;
/** The part of the time waited so far that a rest takes, and its limit in milliseconds. */
const [share, longest] = [1 / 16, 1];

type Method = (...args: unknown[]) => Promise<unknown>;

/**
 * While a promise of the GPU is open, Dawn's binding asks for its end in every turn of the event loop, which keeps a core
 * busy: one of two where a software GPU needs both. This lets the thread sleep between turns, a 16th of the time waited so
 * far and at most 1 ms, which is the most by which timers and answers come later. On two cores with lavapipe twelve
 * matmuls of 1,024 took 717 ms for 968.
 *
 * @param classes Dawn's, by name; their methods are wrapped, once in a process.
 */
export function restWhileWaiting(classes: object): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  let open = 0;
  let since = 0;
  let isTurning = false;
  const turn = (): void => {
    isTurning = open > 0;
    if (!isTurning) return;
    const waited = performance.now() - since;
    if (waited > patience) Atomics.wait(never, 0, 0, Math.min(longest, waited * share));
    setImmediate(turn);
  };
  const waiting = async (promise: Promise<unknown>): Promise<unknown> => {
    if (open++ === 0) since = performance.now();
    if (!isTurning) {
      isTurning = true;
      setImmediate(turn);
    }
    try {
      return await promise;
    } finally {
      open--;
      since = performance.now();
    }
  };
  for (const [name, methods] of Object.entries(waits)) {
    const { prototype } =
      (classes as Partial<Record<string, { prototype: Record<string, Method | undefined> }>>)[name] ?? {};
    for (const method of methods) {
      const original = prototype?.[method];
      if (!prototype || !original || wrapped.has(original)) continue;
      const resting: Method = function (this: unknown, ...args) {
        return waiting(original.apply(this, args));
      };
      wrapped.add(resting);
      prototype[method] = resting;
    }
  }
}

/** What was wrapped already: Dawn's classes are those of the process. */
const wrapped = new WeakSet<Method>();
