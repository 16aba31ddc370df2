import { latLongCoordinates } from '../light/environment/latLong.js';
import { g } from './glue.js';
import { Integrand } from './integrand/steps.js';
import type { Operand } from './integrand/steps.js';
import { lookup } from './lookup.js';
import { stratified, stratumOf } from './sampling.js';
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

  /** Two stratified numbers of a stream of a sample. */
  stratum(u: Operand, sample: Operand, pixel: Operand, stream: Operand, key: Operand): Operand {
    const { b } = this;
    const grid = [b.option('strataColumns'), b.option('strataRows')] as const;
    return b.constantCall(stratified, u, b.constantCall(stratumOf, sample, pixel, stream, key, ...grid), ...grid);
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
