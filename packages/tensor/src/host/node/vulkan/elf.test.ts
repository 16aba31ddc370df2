import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FormatError } from '../../../errors.js';
import { loadOrder, neededLibraries } from './elf.js';

/** A minimal ELF64 file: one loaded segment, a dynamic segment that needs the given libraries. */
function elfThatNeeds(names: readonly string[]): Buffer {
  const strings = Buffer.from(`\0${names.map((name) => `${name}\0`).join('')}`, 'latin1');
  const address = 0x10000;
  const dynamicAt = 64 + 2 * 56;
  const dynamicSize = (names.length + 3) * 16;
  const stringsAt = dynamicAt + dynamicSize;
  const file = Buffer.alloc(stringsAt + strings.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(2, 56);
  const segment = (index: number, type: number, offset: number, virtual: number, size: number): void => {
    const at = 64 + index * 56;
    file.writeUInt32LE(type, at);
    file.writeBigUInt64LE(BigInt(offset), at + 8);
    file.writeBigUInt64LE(BigInt(virtual), at + 16);
    file.writeBigUInt64LE(BigInt(size), at + 32);
  };
  segment(0, 1, 0, address, file.length);
  segment(1, 2, dynamicAt, address + dynamicAt, dynamicSize);
  let nameAt = 1;
  const entries = names.map((name) => {
    const entry = [1, nameAt];
    nameAt += name.length + 1;
    return entry;
  });
  [...entries, [5, address + stringsAt], [10, strings.length], [0, 0]].forEach(([tag, value], i) => {
    file.writeBigUInt64LE(BigInt(tag!), dynamicAt + i * 16);
    file.writeBigUInt64LE(BigInt(value!), dynamicAt + i * 16 + 8);
  });
  file.set(strings, stringsAt);
  return file;
}

describe('shared libraries', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chiaro-elf-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function write(name: string, bytes: Uint8Array): Promise<string> {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  }

  test('what a library needs is read from it', async () => {
    expect(await neededLibraries(await write('a.so', elfThatNeeds(['libb.so.1', 'libc.so.6'])))).toEqual([
      'libb.so.1',
      'libc.so.6',
    ]);
  });

  test.skipIf(process.platform !== 'linux')('also from the program that runs this test', async () => {
    expect(await neededLibraries(process.execPath)).toContain('libc.so.6');
  });

  test('libraries come after what they need; circles and libraries of the system are no problem', async () => {
    const needs = {
      'd.so': ['l.so', 'x.so', 'libc.so.6'],
      'l.so': ['z.so'],
      'x.so': ['z.so', 'd.so'],
      'z.so': [],
      'other.so': [],
    };
    const available = new Map<string, string>();
    for (const [name, needed] of Object.entries(needs)) available.set(name, await write(name, elfThatNeeds(needed)));
    expect(await loadOrder(['d.so'], available)).toEqual(['z.so', 'l.so', 'x.so', 'd.so']);
  });

  test('files that are cut or are something else are a FormatError', async () => {
    const whole = elfThatNeeds(['libb.so.1']);
    for (const [i, bytes] of [
      Buffer.from('#!/bin/sh'),
      Buffer.alloc(64),
      whole.subarray(0, 100),
      whole.subarray(0, 200),
    ].entries()) {
      await expect(neededLibraries(await write(`bad${i}`, bytes))).rejects.toThrow(FormatError);
    }
  });
});
