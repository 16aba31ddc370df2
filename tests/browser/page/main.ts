import { host } from '@chiaro/tensor/host';
import { runCase, type Outcome } from './case.js';
import { cases } from './cases.js';

declare global {
  /** What the test that opened the page waits for. */
  var chiaroResults: Promise<{ kind: string; source: string | undefined; outcomes: Outcome[] }>;
}

globalThis.chiaroResults = (async () => {
  const outcomes: Outcome[] = [];
  for (const each of cases) outcomes.push(await runCase(each));
  return { kind: host.kind, source: host.gpuInfo?.source, outcomes };
})();
