import { parentPort } from 'node:worker_threads';
import { descend } from './engine.mjs';

parentPort.on('message', (message) =>
  descend(message).then(
    (answer) => parentPort.postMessage(answer, [answer.values.buffer]),
    (error) => parentPort.postMessage({ error: String(error) }),
  ),
);
