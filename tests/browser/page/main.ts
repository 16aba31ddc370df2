import { host } from '@chiaro/tensor/host';
import { runCase, type Outcome } from './case.js';
import { cases } from './cases.js';
import { runTable, type TableOutcome } from './tableCase.js';

declare global {
  /** What the test that opened the page waits for. */
  var chiaroResults: Promise<{
    kind: string;
    source: string | undefined;
    outcomes: Outcome[];
    table: TableOutcome;
  }>;
}

globalThis.chiaroResults = (async () => {
  const outcomes: Outcome[] = [];
  for (const each of cases) outcomes.push(await runCase(each));
  const table = await runTable(Number(new URLSearchParams(location.search).get('seed')));
  return { kind: host.kind, source: host.gpuInfo?.source, outcomes, table };
})();
