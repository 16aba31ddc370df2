import { indexSelect, Parameter, randn, type Generator, type Tensor } from '../engine.js';
import { Module } from './module.js';

/** Rows of a table by their numbers: int32 [...] -> [..., dimensions]. */
export class Embedding extends Module {
  /** [count, dimensions], normally distributed at first. */
  readonly weight: Parameter;

  constructor(count: number, dimensions: number, { generator }: { readonly generator?: Generator } = {}) {
    super();
    this.weight = new Parameter(randn([count, dimensions], generator ? { generator } : {}));
  }

  override forward(index: Tensor): Tensor {
    return indexSelect(this.weight, 0, index.flatten()).reshape([...index.shape, this.weight.shape[1]!]);
  }
}
