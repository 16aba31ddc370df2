import { ChiaroError } from '../engine.js';

/** A job of BullMQ, as far as it is used here. */
export interface QueueJob {
  readonly data: { readonly index: number };
  getState(): Promise<string>;
  remove(): Promise<void>;
  readonly failedReason?: string;
}

interface Closable {
  close(): Promise<void>;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** A queue: what gives out jobs. */
export interface JobQueue extends Closable {
  add(name: string, data: { readonly index: number }, options: Readonly<Record<string, unknown>>): Promise<QueueJob>;
  getJob(id: string): Promise<QueueJob | undefined>;
  obliterate(options: { readonly force: boolean }): Promise<void>;
}

/** What takes jobs of a queue. */
export interface JobWorker extends Closable {
  close(force?: boolean): Promise<void>;
}

/** What this package uses of the package `bullmq`. */
interface BullMQ {
  readonly Queue: new (name: string, options: object) => JobQueue;
  readonly Worker: new (name: string, work: (job: QueueJob) => Promise<void>, options: object) => JobWorker;
}

/**
 * Loads `bullmq`, which a queue needs and nothing else, so that it is no dependency but an optional peer.
 * @param name of the package, for tests. @throws ChiaroError where it is not installed.
 */
export async function loadBullMQ(name = 'bullmq'): Promise<BullMQ> {
  try {
    return (await import(name)) as BullMQ;
  } catch (cause) {
    throw new ChiaroError('a queue needs the package bullmq, version 5: npm install bullmq', { cause });
  }
}

/**
 * Where the server is. @param url redis://[user:password@]host[:port][/database], rediss:// with TLS; Redis 6.2 and later, or
 * Valkey. @throws ChiaroError for anything else.
 */
export function connectionOf(url: string): object {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new ChiaroError(`${JSON.stringify(url)} is no address of a queue; give redis://host:port`, { cause });
  }
  const { protocol, hostname, port, username, password, pathname } = parsed;
  if (!['redis:', 'rediss:'].includes(protocol) || hostname === '')
    throw new ChiaroError(`${JSON.stringify(url)} is no address of a queue; give redis://host:port`);
  return {
    host: hostname,
    port: port === '' ? 6379 : Number(port),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(pathname.length > 1 && { db: Number(pathname.slice(1)) }),
    ...(protocol === 'rediss:' && { tls: {} }),
    maxRetriesPerRequest: null, // workers wait for a server that comes back
  };
}
