import { broken, Cursor, nowhere } from './cursor.js';

/** Types of header messages that are read (HDF5 File Format Specification, IV.A.2). */
export const messageTypes = {
  dataspace: 0x0001,
  linkInfo: 0x0002,
  datatype: 0x0003,
  link: 0x0006,
  layout: 0x0008,
  filters: 0x000b,
  continuation: 0x0010,
  symbolTable: 0x0011,
} as const;

/** A message of an object's header. */
export interface Message {
  readonly type: number;
  /** At the message's data. */
  readonly content: Cursor;
}

/** Flag of a message that stands in another object's header. */
const sharedFlag = 0x02;

/** The root group's header: superblocks of versions 0 to 3. */
export function rootHeader(bytes: Uint8Array): { readonly file: Cursor; readonly root: number } {
  const plain = new Cursor(bytes, { address: 8, length: 8 });
  if (bytes[0] !== 0x89 || String.fromCharCode(...bytes.subarray(1, 4)) !== 'HDF')
    return broken('it does not begin as one');
  plain.skip(8);
  const version = plain.u8();
  if (version > 3) return broken(`version ${version} of the superblock is not known`);
  if (version < 2) plain.skip(4);
  const widths = { address: plain.u8(), length: plain.u8() };
  for (const width of [widths.address, widths.length])
    if (![2, 4, 8].includes(width)) return broken(`addresses or lengths of ${width} bytes`);
  const file = new Cursor(bytes, widths, plain.at);
  if (version < 2) {
    file.skip(version === 0 ? 9 : 13); // sizes of nodes, flags
    if (file.address() !== 0) return broken('it begins within another file');
    file.skip(3 * widths.address); // free space, end, driver
    file.skip(widths.address); // the root has no name
  } else {
    file.skip(1);
    if (file.address() !== 0) return broken('it begins within another file');
    file.skip(2 * widths.address); // extension, end
  }
  return { file, root: file.address() };
}

/** Most blocks of messages that an object may have. */
const mostBlocks = 64;

/** The messages of an object's header, of version 1 or 2. */
export function messagesOf(file: Cursor, address: number): Message[] {
  const messages: Message[] = [];
  const head = file.from(address);
  const second = head.bytes[address] === 0x4f; // "OHDR"
  const blocks: { at: number; size: number }[] = [];
  let creationOrder = 0;
  if (second) {
    head.expect('OHDR');
    if (head.u8() !== 2) return broken(`the object at byte ${address} is of an unknown version`);
    const flags = head.u8();
    head.skip((flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0));
    creationOrder = flags & 0x04 ? 2 : 0;
    const size = [() => head.u8(), () => head.u16(), () => head.u32(), () => head.length()][flags & 3]();
    blocks.push({ at: head.at, size });
  } else {
    if (head.u8() !== 1) return broken(`the object at byte ${address} is of an unknown version`);
    head.skip(7);
    const size = head.u32();
    blocks.push({ at: head.at + 4, size });
  }
  for (let k = 0; k < blocks.length; k++) {
    const { at, size } = blocks[k];
    if (k > mostBlocks) return broken(`the object at byte ${address} goes on without end`);
    const block = file.from(at);
    const end = at + size;
    block.from(at).slice(size);
    if (second && k > 0) block.expect('OCHK');
    const last = second && k > 0 ? end - 4 : end; // a checksum
    while (block.at + (second ? 4 + creationOrder : 8) <= last) {
      const [type, length, flags] = second
        ? [block.u8(), block.u16(), block.u8()]
        : [block.u16(), block.u16(), block.u8()];
      block.skip(second ? creationOrder : 3);
      const content = block.from(block.at);
      block.skip(length);
      if (type === messageTypes.continuation) blocks.push({ at: content.address(), size: content.length() });
      else if (flags & sharedFlag) continue;
      else messages.push({ type, content });
    }
  }
  return messages;
}

/** The addresses of a group's members by their names. */
export function membersOf(file: Cursor, address: number): Map<string, number> {
  const members = new Map<string, number>();
  for (const { type, content } of messagesOf(file, address)) {
    if (type === messageTypes.symbolTable) symbols(file, content.address(), content.address(), members);
    else if (type === messageTypes.link) addLink(content, members);
    else if (type === messageTypes.linkInfo) refuseDense(content);
  }
  return members;
}

/** Links of a compact group of the newer kind; soft and external ones are passed over. */
function addLink(content: Cursor, members: Map<string, number>): void {
  content.skip(1);
  const flags = content.u8();
  const type = flags & 0x08 ? content.u8() : 0;
  content.skip((flags & 0x04 ? 8 : 0) + (flags & 0x10 ? 1 : 0));
  const size = [() => content.u8(), () => content.u16(), () => content.u32(), () => content.length()][flags & 3]();
  const name = new TextDecoder().decode(content.slice(size));
  if (type === 0) members.set(name, content.address());
}

function refuseDense(content: Cursor): void {
  content.skip(1);
  const flags = content.u8();
  content.skip(flags & 1 ? 8 : 0);
  if (content.address() !== nowhere)
    broken(
      'a group keeps its links in a heap, which is not supported: repack the file for the earliest library version',
    );
}

/** Members of a group of the older kind: a tree of version 1 whose leaves are lists of symbols, with names in a heap. */
function symbols(file: Cursor, tree: number, heap: number, members: Map<string, number>): void {
  const names = file.from(heap);
  names.expect('HEAP');
  names.skip(4 + 2 * file.widths.length);
  const nameData = names.address();
  treeLeaves(file, tree, 0, (leaf) => {
    const node = file.from(leaf.address());
    node.expect('SNOD');
    node.skip(2);
    const count = node.u16();
    for (let k = 0; k < count; k++) {
      const name = file.from(nameData + node.address());
      const end = file.bytes.indexOf(0, name.at);
      if (end < 0) broken('a name does not end');
      members.set(new TextDecoder().decode(name.slice(end - name.at)), node.address());
      node.skip(24);
    }
  });
}

/**
 * Visits the entries of the leaves of a tree of version 1 (specification, III.A.1).
 * @param keyBytes of a key of a chunk's tree (type 1); 0 for a group's tree (type 0).
 * @param visit is given a cursor at an entry's key for type 1, at its address for type 0.
 */
export function treeLeaves(file: Cursor, root: number, keyBytes: number, visit: (entry: Cursor) => void): void {
  const seen = new Set<number>();
  const type = keyBytes === 0 ? 0 : 1;
  const keySize = keyBytes || file.widths.length;
  const walk = (address: number, level: number | undefined): void => {
    if (seen.has(address)) broken(`the tree at byte ${root} comes back to itself`);
    seen.add(address);
    const node = file.from(address);
    node.expect('TREE');
    if (node.u8() !== type) broken(`the tree at byte ${root} is of another type`);
    const found = node.u8();
    if (level !== undefined && found !== level)
      broken(`the tree at byte ${root} has a level ${found} below ${level + 1}`);
    const count = node.u16();
    node.skip(2 * file.widths.address);
    for (let k = 0; k < count; k++) {
      const key = node.from(node.at);
      node.skip(keySize);
      const entry = node.from(node.at);
      const child = node.address();
      if (found > 0) walk(child, found - 1);
      else visit(type === 1 ? key : entry);
    }
  };
  walk(root, undefined);
}
