import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { loadFaceModel } from '../model/files/loadFaceModel.js';
import { convertModel, parseConvertArguments } from './convertModel.js';

const folder = mkdtempSync(join(tmpdir(), 'chiaro-convert-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string): string => fileURLToPath(new URL(`../../reference/models/${name}`, import.meta.url));
const silent = { writeOut: () => undefined, writeErr: () => undefined };

it('a published model becomes a file that loads as it does', async () => {
  const to = join(folder, 'model.safetensors');
  const marks = join(folder, 'marks.json');
  writeFileSync(marks, JSON.stringify(Array.from({ length: 68 }, (_, k) => k % 12)));
  const lines: string[] = [];
  const options = parseConvertArguments(
    [file('albedomm.h5'), to, '--landmarks', marks, '--texture', '16', '--albedo-modes', '1'],
    silent,
  );
  expect(await convertModel(options, (line) => lines.push(line))).toBe(0);
  expect(lines.join()).toMatch(/AlbedoMM 2020, 12 vertices, 3 modes of identity, 2 of expression, 0\.0 MiB/);
  const model = await loadFaceModel({ path: to });
  expect([model.vertexCount, model.identityCount, model.blendshapeCount, model.albedoCount]).toEqual([12, 3, 2, 1]);
  expect(Array.from(model.data.landmarks.subarray(10, 14))).toEqual([10, 11, 0, 1]);
});

it('what cannot be converted is one line and exit code 1', async () => {
  const lines: string[] = [];
  const bad = join(folder, 'bad.json');
  writeFileSync(bad, '[1, 2]');
  const run = (...args: string[]): Promise<number> =>
    convertModel(parseConvertArguments(args, silent), (line) => lines.push(line));
  expect(await run(bad, 'x')).toBe(1);
  expect(await run(file('flame.npz'), 'x', '-l', bad)).toBe(1);
  expect(lines[0]).toMatch(/^error: the file is of no known face model/);
  expect(lines[1]).toMatch(/must be a list of 68 vertices/);
  expect(() => parseConvertArguments(['only one'], silent)).toThrow(/missing required argument/);
});
