import { descend } from './engine.mjs';

globalThis.onmessage = ({ data }) =>
  descend(data).then(
    (answer) => globalThis.postMessage(answer, [answer.values.buffer]),
    (error) => globalThis.postMessage({ error: String(error) }),
  );
