import {
  BlobWriter,
  configure,
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipReader,
  ZipWriter,
  type Entry,
} from '@zip.js/zip.js';
import { FormatError } from '../engine.js';

// a thread that starts only to inflate costs more than it saves, and keeps Node alive
configure({ useWebWorkers: false });

/** No data shrink further by deflate: RFC 1951 has at most 258 bytes for 2 bits. */
const largestRatio = 1032;

/**
 * The files of a ZIP archive by name. Checksums are compared, and no size is believed that the bytes cannot hold.
 * @param wanted which files are unpacked: all unless given.
 * @throws FormatError for anything that is no whole archive.
 */
export async function readArchive(
  bytes: Uint8Array,
  wanted: (name: string) => boolean = () => true,
): Promise<Map<string, Uint8Array>> {
  const reader = new ZipReader(new Uint8ArrayReader(bytes), { checkSignature: true, checkOverlappingEntry: true });
  try {
    const files = new Map<string, Uint8Array>();
    for (const entry of await reader.getEntries()) {
      if (entry.directory || !wanted(entry.filename)) continue;
      files.set(entry.filename, await entry.getData(checkedWriter(entry)));
    }
    return files;
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`no readable ZIP archive: ${(error as Error).message}`, { cause: error });
  } finally {
    await reader.close();
  }
}

function checkedWriter(entry: Entry): Uint8ArrayWriter {
  const { filename, compressedSize, uncompressedSize } = entry;
  if (uncompressedSize > compressedSize * largestRatio + 64) {
    throw new FormatError(
      `${filename} claims to unpack from ${compressedSize} to ${uncompressedSize} bytes, more than deflate can: the archive is broken`,
    );
  }
  return new Uint8ArrayWriter();
}

/** Packs files into a ZIP archive, uncompressed: numbers hardly shrink, and readers may map them. */
export async function writeArchive(files: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array<ArrayBuffer>> {
  const writer = new ZipWriter(new BlobWriter('application/zip'), { level: 0, lastModDate: new Date(1980, 0, 1) });
  for (const [name, bytes] of Object.entries(files)) await writer.add(name, new Uint8ArrayReader(bytes));
  return new Uint8Array(await (await writer.close()).arrayBuffer());
}
