import { showShape } from '../shape.js';
import { live, type Tensor } from '../tensor.js';
import type { Node } from './node.js';

/**
 * The lazy graph below a tensor: what would be computed if its elements were asked for. A node whose elements are known
 * (`given` on the host, `stored` on the device) is an end.
 *
 * @param format `text`: one line per node, inputs first; `mermaid`: a flowchart for Markdown.
 * @example console.log(printGraph(x.sub(x.mean()).square()));
 */
export function printGraph(tensor: Tensor | readonly Tensor[], format: 'text' | 'mermaid' = 'text'): string {
  const roots = (Array.isArray(tensor) ? (tensor as readonly Tensor[]) : [tensor as Tensor]).map((t) =>
    live(t, 'printGraph'),
  );
  const numbers = new Map(inputsFirst(roots).map((node, i) => [node, i + 1]));
  const nodes = [...numbers].map(([node, number]) => ({
    number,
    name: operationOf(node),
    type: `${node.dtype}${showShape(node.shape)}${node.requiresGrad ? ' grad' : ''}`,
    inputs: node.inputs.map((input) => numbers.get(input)!),
  }));
  if (format === 'text') {
    return nodes
      .map(({ number, name, type, inputs }) =>
        [`%${number} =`, name, ...inputs.map((i) => `%${i}`), ':', type].join(' '),
      )
      .join('\n');
  }
  const quote = (text: string): string => `"${text.replaceAll('"', "'")}"`;
  const boxes = nodes.map(({ number, name, type }) => `  n${number}[${quote(`${name}<br>${type}`)}]`);
  const arrows = nodes.flatMap(({ number, inputs }) => inputs.map((i) => `  n${i} --> n${number}`));
  return ['flowchart TD', ...boxes, ...arrows].join('\n');
}

/** All nodes below the roots, inputs before what uses them. */
function inputsFirst(roots: readonly Node[]): Node[] {
  const order: Node[] = [];
  const open = new Set<Node>();
  const done = new Set<Node>();
  const stack = [...roots].reverse();
  for (let node = stack.at(-1); node; node = stack.at(-1)) {
    if (done.has(node)) stack.pop();
    else if (open.has(node)) {
      stack.pop();
      done.add(node);
      order.push(node);
    } else {
      open.add(node);
      stack.push(...[...node.inputs].reverse());
    }
  }
  return order;
}

/** What a node does, with the attributes that say how. */
function operationOf(node: Node): string {
  if (node.realized) return 'stored';
  if (node.data) return 'given';
  if (node.is('scalar')) return String(node.attrs.value);
  if (node.is('argument')) return `${node.attrs.kind} argument ${node.attrs.slot}`;
  if (node.is('elementwise')) return node.attrs.fn.name + (node.attrs.output > 0 ? `.${node.attrs.output}` : '');
  if (node.is('reduce')) return `${node.attrs.op} over ${showShape(node.attrs.axes)}`;
  if (node.is('permute')) return `permute ${showShape(node.attrs.axes)}`;
  if (node.is('slice')) return `slice from ${showShape(node.attrs.starts)} by ${showShape(node.attrs.steps)}`;
  if (node.is('unfold')) return `unfold dimension ${node.attrs.dim} by ${node.attrs.step}`;
  if (node.is('pad')) return `pad by ${showShape(node.attrs.before)}`;
  if (node.is('concat') || node.is('gather')) return `${node.prim} along ${node.attrs.dim}`;
  if (node.is('program')) return `program ${node.attrs.name}`;
  return node.is('pick') ? `result ${node.attrs.index} of` : node.prim;
}
