import { noGrad, Parameter, zeros, type Shape } from '../engine.js';
import type { Module } from './module.js';

/** What a summary says about one module. */
export interface SummaryRow {
  /** Empty for the network itself. */
  readonly name: string;
  /** Name of its class. */
  readonly kind: string;
  /** Of the last result; undefined where it was not called. */
  readonly output: Shape | undefined;
  /** Numbers that are learned, in it and in modules in it. */
  readonly parameters: number;
  /** Multiplications with additions, in it and in modules in it. */
  readonly multiplyAdds: number;
}

/** What a network is made of, and what it costs. */
export interface NetworkSummary {
  /** The network itself first, then its modules, each before those in it. */
  readonly rows: readonly SummaryRow[];
  readonly parameters: number;
  /** Those that are not frozen. */
  readonly trainable: number;
  /** Of one forward pass. */
  readonly multiplyAdds: number;
}

/**
 * Layers, shapes, numbers of parameters and multiply-adds of a network for an input of a shape. Nothing is computed, and
 * no weights are drawn: the shapes follow from the graph. The modules are in their mode for use meanwhile.
 *
 * @example console.log(summaryText(summarize(resnet50(), [1, 3, 224, 224])));
 */
export function summarize(network: Module, input: Shape): NetworkSummary {
  const modules = new Map([['', network], ...network.namedModules()]);
  const outputs = new Map<Module, Shape>();
  const costs = new Map<Module, number>();
  const each = new Set(modules.values());
  const modes = [...each].map((module) => [module, module.training] as const);
  const hooks = [...each].map((module) =>
    module.registerForwardHook((_, x, y) => {
      outputs.set(module, y.shape);
      costs.set(module, (costs.get(module) ?? 0) + module.multiplyAdds(x.shape, y.shape));
      return undefined;
    }),
  );
  try {
    network.eval();
    noGrad(() => network.forward(zeros(input)).dispose());
  } finally {
    hooks.forEach((hook) => hook.remove());
    modes.forEach(([module, mode]) => module.train(mode)); // outer ones come first
  }
  const rows = [...modules].map(([name, module]): SummaryRow => {
    const inside = new Set([module, ...module.namedModules().values()]);
    return {
      name,
      kind: module.constructor.name,
      output: outputs.get(module),
      parameters: sizeOf(module.parameters()),
      multiplyAdds: [...inside].reduce((sum, m) => sum + (costs.get(m) ?? 0), 0),
    };
  });
  const { parameters, multiplyAdds } = rows[0]!;
  return { rows, parameters, trainable: sizeOf(network.parameters().filter((p) => p.requiresGrad)), multiplyAdds };
}

/** Elements of parameters; one that stands twice counts once. */
const sizeOf = (parameters: readonly Parameter[]): number =>
  [...new Set(parameters)].reduce((sum, p) => sum + p.size, 0);

/** A summary as a table for a terminal, one line per module. */
export function summaryText({ rows, parameters, trainable, multiplyAdds }: NetworkSummary): string {
  const count = (n: number): string => n.toLocaleString('en-US');
  const cells = rows.map((row) => [
    `${'  '.repeat(row.name === '' ? 0 : row.name.split('.').length)}${row.name.split('.').at(-1)!}`.trimEnd() || '-',
    row.kind,
    row.output ? `[${row.output.join(', ')}]` : '-',
    count(row.parameters),
    count(row.multiplyAdds),
  ]);
  const table = [['name', 'module', 'output', 'parameters', 'multiply-adds'], ...cells];
  const widths = table[0]!.map((_, c) => Math.max(...table.map((line) => line[c]!.length)));
  const lines = table.map((line) =>
    line.map((cell, c) => (c < 3 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  '),
  );
  const total = `${count(parameters)} parameters, ${count(trainable)} of them trainable; ${count(multiplyAdds)} multiply-adds`;
  return [...lines, total].join('\n');
}
