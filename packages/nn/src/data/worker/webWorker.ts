import type { Request } from './protocol.js';
import { serve } from './serve.js';

/** The program of a Web Worker. Its global has this of a DedicatedWorkerGlobalScope. */
const scope = globalThis as unknown as {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  onmessage: (event: MessageEvent<Request>) => void;
};
const answer = serve((reply, transfer) => scope.postMessage(reply, transfer));
scope.onmessage = ({ data }) => void answer(data);
