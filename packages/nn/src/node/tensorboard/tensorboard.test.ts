import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { eventOf, stepOf, versionEvent, type EventContents } from './event.js';
import { tensorboardLog } from './log.js';
import { crc32c, recordOf, recordsOf } from './recordFile.js';

/** A file by TensorBoard's own writer: made by packages/nn/reference/events.py. */
const { wallTime, events, file } = JSON.parse(
  readFileSync(new URL('../../../reference/events.json', import.meta.url), 'utf8'),
) as {
  wallTime: number;
  events: { step: number; values: Record<string, number | string | [number, number, number[]]> }[];
  file: string;
};

const valuesOf = (values: (typeof events)[number]['values']): EventContents['values'] =>
  Object.fromEntries(
    Object.entries(values).map(([tag, value]) => [
      tag,
      Array.isArray(value) ? { width: value[0], height: value[1], png: Uint8Array.from(value[2]) } : Number(value),
    ]),
  );

test("events are TensorBoard's, byte for byte", () => {
  // RFC 3720, appendix B.4
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  const records = events.map(({ step, values }) => eventOf({ wallTime, step, values: valuesOf(values) }));
  const mine = Buffer.concat([versionEvent(wallTime), ...records].map(recordOf));
  expect(mine.toString('hex')).toBe(file);
  expect(recordsOf(mine).map(stepOf)).toEqual([undefined, 1, 300, 5_000_000_000]);
});

test('a log forgets what will come again, and a record that was cut short or damaged', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chiaro-events-'));
  const path = (run: string): string => join(folder, run, 'events.out.tfevents.0.chiaro');
  const steps = (run: string): (number | undefined)[] => recordsOf(readFileSync(path(run))).map(stepOf);
  const log = tensorboardLog(folder);
  await log.start({ epoch: 0, batch: 0, step: 0 });
  for (let step = 1; step <= 6; step++) {
    log.write({ kind: 'step', step, epoch: step > 3 ? 1 : 0, seconds: step, values: { loss: 1 / step } });
    if (step % 3 === 0) {
      log.write({ kind: 'epoch', step, epoch: step / 3 - 1, seconds: step, values: { loss: 1 } });
      log.picture!({ name: 'grid', step, epoch: 0, width: 2, height: 1, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    }
  }
  await log.flush();
  expect([steps('train'), steps('validation')]).toEqual([
    [undefined, 1, 2, 3, 4, 5, 6],
    [undefined, 3, 3, 6, 6],
  ]);
  const picture = Buffer.from(recordsOf(readFileSync(path('validation')))[2]!);
  const data = picture.subarray(picture.indexOf('IDAT') + 4);
  expect([...inflateSync(data)]).toEqual([0, 1, 2, 3, 4, 5, 6]);

  const bytes = readFileSync(path('train'));
  writeFileSync(path('train'), bytes.subarray(0, bytes.length - 3));
  const damaged = Buffer.from(readFileSync(path('validation')));
  damaged[damaged.length - 8]! ^= 1;
  writeFileSync(path('validation'), damaged);
  await log.start({ epoch: 1, batch: 3, step: 6 }); // after the last batch, before the validation
  expect([steps('train'), steps('validation')]).toEqual([
    [undefined, 1, 2, 3, 4, 5],
    [undefined, 3, 3],
  ]);
  await log.start({ epoch: 0, batch: 3, step: 3 });
  expect([steps('train'), steps('validation')]).toEqual([[undefined, 1, 2, 3], [undefined]]);
});
