import { parentPort } from 'node:worker_threads';
import type { Request } from '../../data/worker/protocol.js';
import { serve } from '../../data/worker/serve.js';

/** The program of a worker thread. */
const port = parentPort!;
const answer = serve((reply, transfer) => port.postMessage(reply, transfer));
port.on('message', (request: Request) => void answer(request));
