import { ChiaroError, leavesOf, Parameter } from '../engine.js';

/** Parameters: one, or arrays and plain objects of them, nested as you like. */
export type ParameterTree = Parameter | readonly ParameterTree[] | { readonly [name: string]: ParameterTree };

/** Some parameters with options of their own; what a group leaves out comes from the optimiser's options. */
export type GroupOf<O> = { readonly params: ParameterTree } & Partial<O>;

/** What an optimiser is made from: a tree of parameters, or a list of groups. */
export type OptimizerInput<O> = ParameterTree | readonly GroupOf<O>[];

const isGroup = (value: unknown): value is { readonly params: ParameterTree } =>
  typeof value === 'object' && value !== null && !(value instanceof Parameter) && Object.hasOwn(value, 'params');

/**
 * Takes an optimiser's input apart.
 * @throws ChiaroError for leaves that are no parameters, a parameter that stands twice, or none at all.
 */
export function groupsOf<O extends object>(
  optimizer: string,
  input: OptimizerInput<O>,
  defaults: O,
): { readonly parameters: readonly Parameter[]; readonly options: O }[] {
  const list = Array.isArray(input) && input.length > 0 && input.every(isGroup) ? input : [{ params: input }];
  const seen = new Set<Parameter>();
  const groups = list.map(({ params, ...own }) => {
    const parameters = leavesOf(params).map((leaf) => {
      if (!(leaf instanceof Parameter)) {
        throw new ChiaroError(
          `${optimizer}: takes Parameters in arrays and plain objects, or a list of groups { params, lr }, got ${show(leaf)}; ` +
            'make a Parameter of what should be optimised, and give a module as module.parameters()',
        );
      }
      if (seen.has(leaf)) throw new ChiaroError(`${optimizer}: ${leaf.toString()} stands twice among the parameters`);
      seen.add(leaf);
      return leaf;
    });
    const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
    return { parameters, options: { ...defaults, ...given } };
  });
  if (seen.size === 0) throw new ChiaroError(`${optimizer}: there are no parameters to optimise`);
  return groups;
}

const show = (leaf: unknown): string =>
  typeof leaf === 'object' && leaf !== null ? `a ${leaf.constructor.name}` : String(leaf);
