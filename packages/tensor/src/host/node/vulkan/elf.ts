import { open, type FileHandle } from 'node:fs/promises';
import { FormatError } from '../../../errors.js';

const programHeader = { load: 1, dynamic: 2 };
const dynamicTag = { null: 0n, needed: 1n, stringTable: 5n, stringTableSize: 10n };

async function readAt(file: FileHandle, path: string, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  if (bytesRead < length) throw new FormatError(`${path}: ends early, ${length} bytes expected at ${offset}`);
  return bytes;
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

async function readSegments(file: FileHandle, path: string): Promise<Segment[]> {
  const header = await readAt(file, path, 0, 64);
  const isElf64 = header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2 && header[5] === 1;
  if (!isElf64) throw new FormatError(`${path}: not a little-endian 64-bit ELF file`);
  const entrySize = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  const table = await readAt(file, path, Number(header.readBigUInt64LE(32)), entrySize * count);
  return Array.from({ length: count }, (_, i) => ({
    type: table.readUInt32LE(i * entrySize),
    offset: Number(table.readBigUInt64LE(i * entrySize + 8)),
    address: Number(table.readBigUInt64LE(i * entrySize + 16)),
    size: Number(table.readBigUInt64LE(i * entrySize + 32)),
  }));
}

/** Names of the shared libraries that an ELF file (x86-64, arm64) asks the dynamic linker for: its DT_NEEDED list. */
export async function neededLibraries(path: string): Promise<string[]> {
  const file = await open(path, 'r');
  try {
    const segments = await readSegments(file, path);
    const dynamic = segments.find((segment) => segment.type === programHeader.dynamic);
    if (!dynamic) return [];
    const entries = await readAt(file, path, dynamic.offset, dynamic.size);
    const nameOffsets: number[] = [];
    const table = { address: 0, size: 0 };
    for (let at = 0; at + 16 <= entries.length; at += 16) {
      const tag = entries.readBigUInt64LE(at);
      const value = Number(entries.readBigUInt64LE(at + 8));
      if (tag === dynamicTag.null) break;
      if (tag === dynamicTag.needed) nameOffsets.push(value);
      if (tag === dynamicTag.stringTable) table.address = value;
      if (tag === dynamicTag.stringTableSize) table.size = value;
    }
    const home = segments.find(
      ({ type, address, size }) =>
        type === programHeader.load && address <= table.address && table.address < address + size,
    );
    if (!home) throw new FormatError(`${path}: its string table lies in no segment`);
    const strings = await readAt(file, path, table.address - home.address + home.offset, table.size);
    return nameOffsets.map((start) => strings.toString('latin1', start, strings.indexOf(0, start)));
  } finally {
    await file.close();
  }
}

/**
 * The libraries of `available` (name to path) that `roots` need, directly or not, each after those that it needs
 * itself; the roots are included. Names that are not in `available` are left to the system.
 */
export async function loadOrder(roots: readonly string[], available: ReadonlyMap<string, string>): Promise<string[]> {
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = async (name: string): Promise<void> => {
    const path = available.get(name);
    if (path === undefined || seen.has(name)) return;
    seen.add(name);
    for (const needed of await neededLibraries(path)) await visit(needed);
    order.push(name);
  };
  for (const name of roots) await visit(name);
  return order;
}
