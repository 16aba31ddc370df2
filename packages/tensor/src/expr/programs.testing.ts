/** Random programs, for property-based tests: a text that is both ours and JavaScript. */

/** Deterministic numbers from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const unary = ['sin', 'cos', 'tanh', 'exp', 'abs', 'atan', 'log1p', 'sqrt', 'erf', 'asinh'];
/** Arguments of the partial ones, made safe. */
const guards: Readonly<Record<string, string>> = { log1p: '0.3 + abs', sqrt: '0.1 + square', exp: '-abs' };

/** The body of a function of x, y, z (f32) and n (i32). Loops are counted, values stay moderate. */
export function randomBody(random: () => number): string {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)];
  const number = (): string => (random() * 4 - 2).toFixed(2).replace(/^-(.*)$/, '(-$1)');
  const expression = (names: readonly string[], depth: number): string => {
    if (depth === 0 || random() < 0.15) return random() < 0.75 ? pick(names) : number();
    const inner = (): string => expression(names, depth - 1);
    switch (Math.floor(random() * 6)) {
      case 0: {
        const f = pick(unary);
        return `${f}(${guards[f] ?? ''}(${inner()}))`;
      }
      case 1:
        return `${pick(['min', 'max'])}(${inner()}, ${inner()})`;
      case 2:
        return `select(${inner()}, ${inner()}, ${inner()} ${pick(['<', '>='])} ${inner()})`;
      case 3:
        return `(${inner()} / (1.5 + square(${inner()})))`;
      default:
        return `(${inner()} ${pick(['+', '-', '*'])} ${inner()})`;
    }
  };
  let counter = 0;
  const block = (names: readonly string[], depth: number, inLoop: boolean): string => {
    const known = [...names];
    let text = '';
    for (let k = 1 + Math.floor(random() * 3); k > 0; k--) {
      const kind = random();
      const target = pick(['a', 'b']);
      if (kind < 0.3) {
        const name = `t${counter++}`;
        text += `let ${name} = ${expression(known, 2)};\n`;
        known.push(name);
      } else if (kind < 0.6 || depth === 0) {
        text += `${target} ${pick(['=', '+=', '-='])} ${expression(known, 2)};\n`;
      } else if (kind < 0.85) {
        const leave = !inLoop && random() < 0.3 ? `return ${expression(known, 1)};\n` : '';
        text += `if (${expression(known, 1)} < ${expression(known, 1)}) {\n${block(known, depth - 1, inLoop)}${leave}}`;
        text += random() < 0.5 ? ` else {\n${block(known, depth - 1, inLoop)}}\n` : '\n';
      } else {
        const i = `i${counter++}`;
        text += `for (var ${i} = 0; ${i} < n; ${i}++) {\n${block([...known, `f32(${i})`], depth - 1, true)}${target} = 0.5 * sin(${target});\n}\n`;
      }
    }
    return text;
  };
  return `var a = ${expression(['x', 'y', 'z'], 2)};\nvar b = ${expression(['x', 'y', 'z'], 2)};\n${block(['x', 'y', 'z', 'a', 'b'], 2, false)}return a + 0.7 * b;\n`;
}

/** The same body run by JavaScript itself. */
export function runAsJavaScript(
  body: string,
  erf: (x: number) => number,
): (x: number, y: number, z: number, n: number) => number {
  const math = 'const { sin, cos, tanh, exp, abs, atan, log1p, sqrt, asinh, min, max } = Math;';
  const ours = 'const square = (x) => x * x, f32 = (x) => x, select = (no, yes, c) => (c ? yes : no);';
  // const, not let: the language's `let`; JavaScript wants block scope for `var`
  const text = body.replace(/\blet\b/g, 'const').replace(/\bvar\b/g, 'let');
  return new Function('erf', `${math} ${ours} return (x, y, z, n) => {\n${text}};`)(erf) as ReturnType<
    typeof runAsJavaScript
  >;
}
