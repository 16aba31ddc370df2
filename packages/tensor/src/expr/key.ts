import { boundOf, externOf, loopOf } from './ir.js';
import type { Value } from './ir.js';

/**
 * A text that stands for what `outputs` compute from `inputs`: equal in every process for equal graphs, whatever the
 * names. 106 bits, so that accidents do not happen.
 */
export function structuralKey(inputs: readonly Value[], outputs: readonly Value[], order: readonly Value[]): string {
  const numbers = new Map<Value, number>();
  const number = (v: Value): number => {
    let n = numbers.get(v);
    if (n === undefined) numbers.set(v, (n = numbers.size));
    return n;
  };
  const lines = [inputs.map((v) => v.type[0] + number(v)).join()];
  const write = (v: Value): void => {
    if (v.op === 'input') return;
    if (v.op === 'loop') {
      const { level, index, state, results, body } = loopOf(v);
      lines.push([...[index, ...state].map(number), ...v.args.map(number), `L${level}`].join());
      body.forEach(write);
      lines.push(`${number(v)}=${results.map(number).join()}`);
      return;
    }
    lines.push(`${number(v)}=${v.op}${v.type}${v.args.map(number).join()}${attribute(v)}`);
  };
  order.forEach(write);
  lines.push(outputs.map(number).join());
  const text = lines.join(';');
  return hash53(text, 1).toString(36) + hash53(text, 2).toString(36);
}

function attribute(v: Value): string {
  switch (v.op) {
    case 'literal':
      return Object.is(v.attr, -0) ? '#-0' : `#${String(v.attr)}`;
    case 'item':
      return `#${String(v.attr)}`;
    case 'bound':
      return `#${boundOf(v).level}.${boundOf(v).slot}`;
    case 'extern': {
      const { kind, attr } = externOf(v);
      return `#${kind}:${typeof attr === 'string' ? attr : JSON.stringify(attr)}`;
    }
    default:
      return '';
  }
}

/** cyrb53 (bryc, public domain). */
function hash53(text: string, seed: number): number {
  let h1 = 0xdeadbeef ^ seed;
  let h2 = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    h1 = Math.imul(h1 ^ c, 2654435761);
    h2 = Math.imul(h2 ^ c, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return 4294967296 * (2097151 & h2) + (h1 >>> 0);
}
