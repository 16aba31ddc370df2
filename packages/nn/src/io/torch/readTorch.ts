import { FormatError } from '../../engine.js';
import type { NamedArray } from '../../layers/module.js';
import { readArchive } from '../archive.js';
import {
  elementBytes,
  elementReader,
  emptyElements,
  forEachPlace,
  type Elements,
  type ElementType,
} from '../elements.js';
import { ByteReader } from '../pickle/byteReader.js';
import { AllowedGlobal, unpickle, type PickleValue } from '../pickle/unpickle.js';

/** A tensor of a PyTorch file, row-major. */
export interface TorchArray extends NamedArray {
  readonly data: Elements;
}

/** What a PyTorch file holds here: tensors, numbers, text, null, and lists, and dicts by the text of their keys. */
export type TorchValue =
  TorchArray | number | bigint | string | boolean | null | Uint8Array | TorchValue[] | { [key: string]: TorchValue };

const fail = (why: string): never => {
  throw new FormatError(`PyTorch file: ${why}`);
};

const storages: Readonly<Record<string, ElementType>> = {
  ...{ FloatStorage: 'f32', DoubleStorage: 'f64', HalfStorage: 'f16', BFloat16Storage: 'bf16', BoolStorage: 'bool' },
  ...{ ByteStorage: 'u8', CharStorage: 'i8', ShortStorage: 'i16', IntStorage: 'i32', LongStorage: 'i64' },
};

/** The elements that tensors share, by the key that the pickle calls them. */
class Storage {
  constructor(
    readonly type: ElementType,
    readonly key: string,
  ) {}
}

/** A tensor before the elements are read. */
class TensorRef {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
const areCounts = (x: unknown): x is number[] => Array.isArray(x) && x.every(isCount);

const rebuildTensor = (
  storage: PickleValue,
  offset: PickleValue,
  shape: PickleValue,
  strides: PickleValue,
): TensorRef => {
  const fits = storage instanceof Storage && isCount(offset) && areCounts(shape) && areCounts(strides);
  if (!fits || shape.length !== strides.length) return fail('a tensor is described in a way that makes no sense');
  return new TensorRef(storage, offset, shape, strides);
};

/** The name of a type of storage, which is only ever part of an id. */
class StorageType extends AllowedGlobal {
  constructor(
    name: string,
    readonly type: ElementType,
  ) {
    super(() => fail(`it calls ${name}`));
  }
}

/** What PyTorch's files may refer to. */
const globals: ReadonlyMap<string, AllowedGlobal> = new Map([
  ['torch._utils._rebuild_tensor_v2', new AllowedGlobal(rebuildTensor)],
  ['torch._utils._rebuild_tensor', new AllowedGlobal(rebuildTensor)],
  ['torch._utils._rebuild_parameter', new AllowedGlobal((data) => data)],
  // the attributes of the dict hold the versions of modules
  ['collections.OrderedDict', new AllowedGlobal(orderedDict, (dict) => dict)],
  ['torch.Size', new AllowedGlobal((sizes) => sizes)],
  ...Object.entries(storages).map(([name, type]) => [`torch.${name}`, new StorageType(name, type)] as const),
]);

function orderedDict(entries: PickleValue = []): Map<unknown, unknown> {
  const pairs = Array.isArray(entries) && entries.every((e) => Array.isArray(e) && e.length === 2);
  return pairs ? new Map(entries as [unknown, unknown][]) : fail('an OrderedDict is made of something else than pairs');
}

/** A storage from its persistent id: ('storage', type, key, device, number of elements, ...). */
function storageOf(id: PickleValue): Storage {
  const [kind, type, key] = Array.isArray(id) ? (id as PickleValue[]) : [];
  if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string') {
    return fail('it refers to something that is no storage');
  }
  return new Storage(type.type, key);
}

/**
 * Reads what `torch.save` wrote: ZIP archives (since PyTorch 1.6) and the older files. Nothing of it is run: it gives
 * tensors and plain containers, and a file that asks for anything else is refused.
 * @throws FormatError that says what is refused or broken.
 *
 * @example
 * const weights = await readTorch(await readFile('resnet18.pth'));
 * net.load(stateDictOf(weights));
 */
export async function readTorch(bytes: Uint8Array): Promise<TorchValue> {
  const zipped = bytes[0] === 0x50 && bytes[1] === 0x4b; // PK
  return zipped ? readZipped(bytes) : readLegacy(bytes);
}

async function readZipped(bytes: Uint8Array): Promise<TorchValue> {
  const files = await readArchive(bytes);
  const pickle = [...files.keys()].find((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickle === undefined) return fail('the archive has no data.pkl');
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = files.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order).trim() !== 'little')
    fail('its numbers are big endian, which is not supported');
  const value = unpickle(new ByteReader(files.get(pickle)!), { globals, persistent: storageOf });
  return resolved(value, ({ key }) => files.get(`${folder}data/${key}`) ?? fail(`the storage ${key} is missing`));
}

/** 0x1950a86a20f9469cfc6c */
const legacyMagic = 119547037146038801333356n;

function readLegacy(bytes: Uint8Array): TorchValue {
  const reader = new ByteReader(bytes);
  const head = (): PickleValue => {
    try {
      return unpickle(reader);
    } catch (error) {
      throw new FormatError('PyTorch file: the bytes are neither a ZIP archive nor a file of torch.save', {
        cause: error,
      });
    }
  };
  if (head() !== legacyMagic) fail('the bytes are neither a ZIP archive nor a file of torch.save');
  const version = head();
  if (version !== 1001) fail('of the old format only version 1001 is known');
  const system = head();
  if (!(system instanceof Map) || system.get('little_endian') !== true) fail('its numbers are not little endian');
  const types = new Map<string, ElementType>();
  const value = unpickle(reader, {
    globals,
    persistent: (id) => {
      const storage = storageOf(id);
      if (Array.isArray(id) && id[5] !== null && id[5] !== undefined)
        fail('it has views of storages, which are not supported');
      types.set(storage.key, storage.type);
      return storage;
    },
  });
  const keys = unpickle(reader);
  if (!Array.isArray(keys)) return fail('the list of storages is missing');
  const contents = new Map<string, Uint8Array>();
  for (const key of keys as PickleValue[]) {
    const type = typeof key === 'string' ? types.get(key) : undefined;
    if (type === undefined) return fail('it has a storage that belongs to nothing');
    contents.set(key as string, reader.bytes(reader.length(8) * elementBytes[type]));
  }
  return resolved(value, ({ key }) => contents.get(key) ?? fail(`the storage ${key} is missing`));
}

/** Times the bytes of its storages that all tensors of a file may have together: many tensors may share one storage. */
const largestSharing = 16;

/** The value with its tensors read. */
function resolved(root: PickleValue, bytesOf: (storage: Storage) => Uint8Array): TorchValue {
  // pickles may share or even contain themselves: each container is made once
  const done = new Map<PickleValue, TorchValue>();
  const put = <T extends TorchValue>(value: PickleValue, made: T): T => {
    done.set(value, made);
    return made;
  };
  const storages = new Map<string, Uint8Array>();
  let held = 0;
  let made = 0;
  const tensor = (ref: TensorRef): TorchArray => {
    const { key } = ref.storage;
    if (!storages.has(key)) {
      storages.set(key, bytesOf(ref.storage));
      held += storages.get(key)!.length;
    }
    const array = readTensor(ref, storages.get(key)!);
    made += array.data.length * elementBytes[ref.storage.type];
    if (made > largestSharing * held) fail(`its tensors repeat ${held} stored bytes more than ${largestSharing} times`);
    return array;
  };
  const visit = (value: PickleValue, depth: number): TorchValue => {
    if (depth > 200) return fail('its containers are nested more than 200 deep');
    if (value === null || ['number', 'bigint', 'string', 'boolean'].includes(typeof value)) return value as TorchValue;
    const known = done.get(value);
    if (known !== undefined) return known;
    if (value instanceof Uint8Array) return value;
    if (value instanceof TensorRef) return put(value, tensor(value));
    if (value instanceof Set || Array.isArray(value)) {
      const list = put<TorchValue[]>(value, []);
      for (const item of value as Iterable<PickleValue>) list.push(visit(item, depth + 1));
      return list;
    }
    if (value instanceof Map) {
      const dict = put(value, Object.create(null) as Record<string, TorchValue>);
      for (const [key, item] of value as Map<PickleValue, PickleValue>) {
        if (typeof key !== 'string' && typeof key !== 'number')
          return fail('a key of a dict is neither text nor a number');
        dict[key] = visit(item, depth + 1);
      }
      return dict;
    }
    return fail('it holds a function where a value belongs');
  };
  return visit(root, 0);
}

function readTensor({ storage, offset, shape, strides }: TensorRef, bytes: Uint8Array): TorchArray {
  const width = elementBytes[storage.type];
  const stored = Math.floor(bytes.length / width);
  const size = shape.reduce((product, n) => product * n, 1);
  const last = offset + shape.reduce((sum, n, d) => sum + (n - 1) * strides[d]!, 0);
  if (size > stored || (size > 0 && last >= stored)) {
    return fail(
      `a tensor [${shape.join(', ')}] with strides [${strides.join(', ')}] does not fit into ${stored} stored elements`,
    );
  }
  const read = elementReader(storage.type, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const data = emptyElements(storage.type, size);
  forEachPlace(shape, strides, (to, from) => (data[to] = read((offset + from) * width)));
  return { shape, data };
}

/**
 * The arrays of a file by their names, for `Module.load`.
 * @param path names of the dicts inside of dicts that lead to the arrays, as in `['state_dict']`: none unless given.
 * @throws FormatError that lists what there is instead.
 */
export function stateDictOf(value: TorchValue, path: readonly string[] = []): Record<string, TorchArray> {
  const isDict = (v: TorchValue | undefined): v is Record<string, TorchValue> =>
    typeof v === 'object' && v !== null && !Array.isArray(v) && !(v instanceof Uint8Array) && !isArray(v);
  const isArray = (v: TorchValue): v is TorchArray =>
    typeof v === 'object' && v !== null && 'data' in v && ArrayBuffer.isView(v.data) && 'shape' in v;
  const names = (v: TorchValue): string =>
    isDict(v) ? Object.keys(v).slice(0, 20).join(', ') || 'nothing' : 'no dict';
  let at: TorchValue = value;
  for (const name of path) {
    const next: TorchValue | undefined = isDict(at) ? at[name] : undefined;
    if (next === undefined) return fail(`there is no ${JSON.stringify(name)} among ${names(at)}`);
    at = next;
  }
  if (!isDict(at) || !Object.values(at).every(isArray)) {
    return fail(
      `arrays are not all that stands at [${path.join(', ')}]: ${names(at)}; a path leads to the dict of arrays`,
    );
  }
  return at as Record<string, TorchArray>;
}
