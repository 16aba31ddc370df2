import { emitFunction, wgslHelpers, type ExprFunction } from '../expr/index.js';

/** A piece of WGSL and the pieces that must stand before it. */
export interface WgslModule {
  readonly text: string;
  readonly uses: readonly (WgslModule | ExprFunction)[];
}

const isFunction = (v: unknown): v is ExprFunction =>
  typeof v === 'object' && v !== null && 'outputs' in v && 'graph' in v;

/**
 * WGSL text. Interpolated numbers and strings are inserted; an interpolated module or expression is declared once
 * before the text, whatever uses it, and an expression leaves its name where it stands.
 *
 * @example
 * const square = wgsl`fn square(x: f32) -> f32 { return x * x; }`;
 * const norm = wgsl`${square} fn norm2(v: vec2f) -> f32 { return square(v.x) + square(v.y); }`;
 */
export function wgsl(
  strings: TemplateStringsArray,
  ...values: (WgslModule | ExprFunction | number | string)[]
): WgslModule {
  const uses: (WgslModule | ExprFunction)[] = [];
  let text = strings[0]!;
  values.forEach((value, i) => {
    if (typeof value === 'object') {
      uses.push(value);
      text += isFunction(value) ? value.name : '';
    } else text += String(value);
    text += strings[i + 1]!;
  });
  return { text, uses };
}

/** One text of modules and all that they use: every piece once, after what it uses. */
export function link(...modules: readonly WgslModule[]): string {
  return linkEdited((text) => text, ...modules);
}

/** As `link`, with the text of each module (not of expressions) edited. */
export function linkEdited(edit: (text: string) => string, ...modules: readonly WgslModule[]): string {
  const seen = new Set<string>();
  const texts: string[] = [];
  const helpers = new Set<string>();
  const visit = (module: WgslModule | ExprFunction): void => {
    const key = isFunction(module) ? `fn ${module.name} ${module.key}` : module.text;
    if (seen.has(key)) return;
    seen.add(key);
    if (isFunction(module)) {
      const emitted = emitFunction(module);
      emitted.helpers.forEach((h) => helpers.add(h));
      texts.push(emitted.text);
    } else {
      module.uses.forEach(visit);
      texts.push(edit(module.text));
    }
  };
  modules.forEach(visit);
  return [wgslHelpers(helpers), ...texts].filter((t) => t.trim() !== '').join('\n');
}
