import type { DType } from '../dtype.js';
import { FormatError, ShapeError } from '../errors.js';
import { showShape, type Shape } from '../shape.js';

/** WGSL scalar types that programs declare. */
export type ElementName = 'f32' | 'i32' | 'u32';

/** dtype of a declared element type. */
export const elementDType: Readonly<Record<ElementName, DType>> = { f32: 'float32', i32: 'int32', u32: 'uint32' };

/** A parsed input declaration: `f32[H, W, 3]`. */
export interface Declaration {
  readonly name: string;
  readonly element: ElementName;
  /** WGSL type of the array's elements: `element`, or four of them, which are the last dimension then. */
  readonly type: string;
  /** Sizes of the tensor: a name (its size is taken from the tensor) or a fixed size. */
  readonly dims: readonly (string | number)[];
}

/** Parses `f32[H, W, 3]`; `vec4f[N]` is a tensor [N, 4] that the code sees as an array of vec4f. */
export function parseDeclaration(program: string, name: string, text: string): Declaration {
  const match = /^\s*(f32|i32|u32|vec4[fiu])\s*\[([^\]]*)\]\s*$/.exec(text);
  if (!match) {
    throw new FormatError(
      `${program}: input ${name} is declared as "${text}"; expected something like "f32[H, W, C]", "u32[N, 3]" or "vec4f[N]"`,
    );
  }
  const dims = match[2]!
    .split(',')
    .map((d) => d.trim())
    .filter((d) => d !== '')
    .map((d) => (/^\d+$/.test(d) ? Number(d) : d));
  const wrong = dims.find((d) => typeof d === 'string' && !/^[A-Za-z]\w*$/.test(d));
  if (wrong !== undefined)
    throw new FormatError(`${program}: "${wrong}" in the declaration of ${name} is neither a size nor a name`);
  const type = match[1]!;
  if (!type.startsWith('vec4')) return { name, element: type as ElementName, type, dims };
  return { name, element: `${type.slice(4)}32` as ElementName, type, dims: [...dims, 4] };
}

/** Checks a tensor's shape against its declaration and takes over the sizes that it names. */
export function bindSizes(
  program: string,
  { name, dims }: Declaration,
  shape: Shape,
  sizes: Record<string, number>,
): void {
  const declared = `[${dims.join(', ')}]`;
  if (shape.length !== dims.length) {
    throw new ShapeError(
      `${program}: input ${name} is declared ${declared}, got a tensor of shape ${showShape(shape)}`,
    );
  }
  dims.forEach((dim, i) => {
    const size = shape[i]!;
    const expected = typeof dim === 'number' ? dim : sizes[dim];
    if (expected !== undefined && expected !== size) {
      throw new ShapeError(
        `${program}: input ${name} is declared ${declared}, so dimension ${i} must be ${expected}, got shape ${showShape(shape)}`,
      );
    }
    if (typeof dim === 'string') sizes[dim] = size;
  });
}

const fieldNames: Readonly<Record<string, string>> = { H: 'y', W: 'x', D: 'z' };

/** Name of a coordinate in WGSL: H, W and D are y, x and z, other dimensions their lower-case name. */
const fieldOf = (dim: string | number, i: number): string =>
  typeof dim === 'number' ? `i${i}` : (fieldNames[dim] ?? dim.toLowerCase());

/**
 * WGSL access functions of an array with declared dimensions, as far as `code` uses them:
 * NAME_index(i) gives the coordinates of element i, NAME_at(y, x, c) its number, NAME_clamped(y, x, c) the element at
 * coordinates limited to the array.
 */
export function accessors({ name, element, type, dims: tensorDims }: Declaration, code: string): string {
  const dims = type === element ? tensorDims : tensorDims.slice(0, -1);
  const used = (suffix: string): boolean => new RegExp(`\\b${name}_${suffix}\\b`).test(code);
  const fields = dims.map(fieldOf);
  const sizes = dims.map((d, i) => (typeof d === 'number' ? `${d}` : `i32(u.${name}_n${i})`));
  const strides = dims.map((_, i) => sizes.slice(i + 1));
  const parameters = fields.map((f) => `${f}: i32`).join(', ');
  const linear = fields.map((f, i) => [f, ...strides[i]!].join(' * ')).join(' + ') || '0';
  const texts: string[] = [];
  if (used('index')) {
    const steps = fields.map((f, i) => {
      const below = strides[i]!.join(' * ') || '1';
      return `  at.${f} = (i32(i) / (${below}))${i > 0 ? ` % ${sizes[i]}` : ''};`;
    });
    texts.push(`struct ${name}_coordinates { ${fields.map((f) => `${f}: i32`).join(', ')} }`);
    texts.push(
      `fn ${name}_index(i: u32) -> ${name}_coordinates {\n  var at: ${name}_coordinates;\n${steps.join('\n')}\n  return at;\n}`,
    );
  }
  if (used('at') || used('clamped')) texts.push(`fn ${name}_at(${parameters}) -> u32 { return u32(${linear}); }`);
  if (used('clamped')) {
    const limited = fields.map((f, i) => `clamp(${f}, 0, ${sizes[i]} - 1)`).join(', ');
    texts.push(`fn ${name}_clamped(${parameters}) -> ${type} { return ${name}[${name}_at(${limited})]; }`);
  }
  return texts.join('\n');
}
