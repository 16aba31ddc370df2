import { elementwise, expr, Parameter, type Tensor } from '../engine.js';
import { inFloat32 } from '../precision/autocast.js';
import { Module } from './module.js';

const prelu = expr`fn prelu(x: f32, slope: f32) -> f32 { return select(x, slope * x, x <= 0.0); }`;

/** max(x, 0) */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** x between 0 and 6, which it ends at: Krizhevsky 2010, the activation of MobileNets. */
export class ReLU6 extends Module {
  override forward(x: Tensor): Tensor {
    return x.clamp(0, 6);
  }
}

/** x above 0, slope x below. */
export class LeakyReLU extends Module {
  constructor(readonly slope = 0.01) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return x.leakyRelu(this.slope);
  }
}

/** x above 0, below it x times a slope that is learned: one, or one per channel (dimension 1). He et al. 2015. */
export class PReLU extends Module {
  /** [channels] */
  readonly weight: Parameter;

  constructor(channels = 1, start = 0.25) {
    super();
    this.weight = Parameter.full([channels], start);
  }

  override forward(x: Tensor): Tensor {
    const slope = this.weight.reshape([-1, ...x.shape.slice(2).map(() => 1)]);
    return elementwise(prelu, x, slope);
  }
}

/** x above 0, alpha (e^x - 1) below. */
export class ELU extends Module {
  constructor(readonly alpha = 1) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return x.elu(this.alpha);
  }
}

/** 1 / (1 + e^-x) */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/** e^x over its sum along a dimension. */
export class Softmax extends Module {
  constructor(readonly dim: number) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return inFloat32(x, (wide) => wide.softmax(this.dim));
  }
}
