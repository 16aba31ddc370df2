// Protocol buffers of TensorBoard's events: tensorflow/core/util/event.proto and framework/summary.proto, as far as they
// are used here.

/** A picture in an event: a PNG file. */
export interface EventImage {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** What an event says at a step. */
export interface EventContents {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** Numbers and pictures by their names, TensorBoard's tags. */
  readonly values: Readonly<Record<string, number | EventImage>>;
}

const [varintType, doubleType, bytesType, floatType] = [0, 1, 2, 5];

function varint(n: number): number[] {
  const bytes: number[] = [];
  for (let rest = n; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

const key = (field: number, type: number): number[] => varint(field * 8 + type);
const whole = (field: number, n: number): Uint8Array => Uint8Array.of(...key(field, varintType), ...varint(n));
const bytes = (field: number, contents: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(...key(field, bytesType), ...varint(contents.length)), contents]);
const text = (field: number, value: string): Uint8Array => bytes(field, new TextEncoder().encode(value));

function double(field: number, value: number): Uint8Array {
  const contents = Buffer.alloc(8);
  contents.writeDoubleLE(value);
  return Buffer.concat([Uint8Array.of(...key(field, doubleType)), contents]);
}

function float(field: number, value: number): Uint8Array {
  const contents = Buffer.alloc(4);
  contents.writeFloatLE(value);
  return Buffer.concat([Uint8Array.of(...key(field, floatType)), contents]);
}

/** The event that a file begins with. */
export const versionEvent = (wallTime: number): Uint8Array =>
  Buffer.concat([double(1, wallTime), text(3, 'brain.Event:2')]);

/** An event with a summary. */
export function eventOf({ wallTime, step, values }: EventContents): Uint8Array {
  const summary = Object.entries(values).map(([tag, value]) => {
    const contents =
      typeof value === 'number'
        ? float(2, value)
        : bytes(
            4,
            Buffer.concat([whole(1, value.height), whole(2, value.width), whole(3, colours), bytes(4, value.png)]),
          );
    return bytes(1, Buffer.concat([text(1, tag), contents]));
  });
  return Buffer.concat([double(1, wallTime), whole(2, step), bytes(5, Buffer.concat(summary))]);
}

/** The colour space of red, green and blue. */
const colours = 3;

/** The step of an event that `eventOf` made; undefined for the first of a file. */
export function stepOf(event: Uint8Array): number | undefined {
  const at = 1 + 8; // behind the time
  if (event[at] !== key(2, varintType)[0]) return undefined;
  let step = 0;
  for (let i = 0; ; i++) {
    const byte = event[at + 1 + i]!;
    step += (byte % 128) * 128 ** i;
    if (byte < 128) return step;
  }
}
