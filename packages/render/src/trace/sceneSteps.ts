import { latLongCoordinates } from '../light/environment/latLong.js';
import { g } from './glue.js';
import { Integrand, part } from './integrand/steps.js';
import type { Operand } from './integrand/steps.js';
import { lookup } from './lookup.js';
import { numbers } from './natives.js';
import { sobol, stratified, stratumOf } from './samplers.js';
import type { Needs, Structure } from './structure.js';

/** The list of steps under construction, and what several parts of it read from the scene. */
export class SceneSteps {
  readonly b = new Integrand();
  /** As far as a ray goes. */
  readonly far = this.b.f32(1e30);
  private readonly three = this.b.option('three');

  constructor(
    readonly structure: Structure,
    readonly needs: Needs,
  ) {}

  /** The numbers that a sample draws from a stream: four in [0, 1), and the two of them (or others) that are spread best. */
  draw(pixel: Operand, sample: Operand, stream: Operand, key: Operand): Drawn {
    const { b } = this;
    const digits = b.option('sobolDigits');
    const ofSobol = b.branch(b.constantCall(g('isSome'), digits), () =>
      b.constantCall(sobol, pixel, sample, stream, key, digits),
    );
    const others = b.branch(b.constantCall(g('isZero'), digits), () => {
      const grid = [b.option('strataColumns'), b.option('strataRows')] as const;
      const u = b.native(numbers, pixel, sample, stream, key);
      return {
        u,
        v: b.constantCall(stratified, u, b.constantCall(stratumOf, sample, pixel, stream, key, ...grid), ...grid),
      };
    });
    return {
      u: b.constantCall(g('plus4'), ofSobol, others.u),
      v: b.constantCall(g('plus2'), b.constantCall(g('pair'), part(ofSobol, 'x'), part(ofSobol, 'y')), others.v),
    };
  }

  /** Radiance of the environment from direction d. */
  environment(d: Operand): Operand {
    const { b } = this;
    const mapRecord = b.constantCall(
      g('record'),
      b.u32(4),
      b.option('environmentAt'),
      b.option('environmentWidth'),
      b.option('environmentHeight'),
    );
    const uv = b.call(latLongCoordinates, d);
    const nowhere = b.constantCall(g('pair'), b.f32(0), b.f32(0));
    return lookup(b, mapRecord, 3, { vertices: mapRecord, weights: nowhere, uv }, this.needs.environment);
  }

  /** Rows of three vertices from the array that begins at an option. */
  corners(option: string, width: number, vertices: Operand, active: boolean): Operand[] {
    const { b } = this;
    const rows = b.constantCall(g('rowsAt'), b.option(option), b.u32(width), vertices);
    return b.load(rows, this.three, 3, width, active);
  }

  /** The row of three floats at an address: the colour or the place of a light. */
  colour(at: Operand): Operand {
    const { b, needs } = this;
    const rows = b.constantCall(g('record'), at, at, at, at);
    return b.load(rows, b.option('one'), 1, 3, needs.lights)[0];
  }
}

/** Numbers of a stream of a sample. */
interface Drawn {
  /** vec4f; z and w are not among those of `v`. */
  readonly u: Operand;
  /** vec2f */
  readonly v: Operand;
}
