/** What a dataset is told by the one who uses it. `id` comes back in the answer. */
export type Request =
  | { readonly kind: 'open'; readonly id: number; readonly module: string; readonly options: unknown }
  | { readonly kind: 'item'; readonly id: number; readonly index: number; readonly epoch: number };

/** What a worker answers: the length for `open`, an item for `item`, or what was thrown. */
export type Reply =
  | { readonly kind: 'opened'; readonly id: number; readonly length: number }
  | { readonly kind: 'item'; readonly id: number; readonly item: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string; readonly stack: string | undefined };

/** A worker as the pool sees it, of Node or of a browser. */
export interface WorkerPort {
  post(request: Request): void;
  /** Whether the program waits for this worker: where it does not, it may end although the worker lives. */
  hold(busy: boolean): void;
  /** Ends the worker at once. */
  close(): void;
}

/** What a worker tells: an answer, or that it has ended or can no longer be understood. */
export interface WorkerEvents {
  readonly reply: (reply: Reply) => void;
  readonly died: (why: string) => void;
}

/** Starts a worker that runs `serve`. */
export type StartWorker = (events: WorkerEvents) => WorkerPort;
