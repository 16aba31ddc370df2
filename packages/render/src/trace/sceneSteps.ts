import { latLongCoordinates } from '../light/environment/latLong.js';
import { g } from './glue.js';
import { Integrand, part } from './integrand/steps.js';
import type { Operand } from './integrand/steps.js';
import { lookup } from './lookup.js';
import { numberOf, placedPoint, rowsOfInstance } from './instances.js';
import { blocked, blockedByInstances, closestHit, closestHitOfInstances, numbers, tableRow } from './natives.js';
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

  /** Where a triangle's words begin in the tables. */
  triangleAt(triangle: Operand): Operand {
    const { b, structure } = this;
    const number = structure.instances ? b.constantCall(numberOf, triangle, b.option('instanceShift')) : triangle;
    return b.constantCall(g('rowAt'), b.option('trianglesAt'), b.u32(8), number);
  }

  /** The rows of the transform that a triangle stands by, where there are instances. */
  transform(triangle: Operand): Operand[] | undefined {
    const { b, structure, needs } = this;
    if (!structure.instances) return undefined;
    const rows = b.constantCall(rowsOfInstance, triangle, b.option('instanceShift'), b.option('transformsAt'));
    return b.load(rows, this.three, 3, 4, needs.transforms);
  }

  /** Where the corners of a triangle are in the world. */
  places(triangle: Operand, given?: { vertices: Operand; transform: Operand[] | undefined }): Operand[] {
    const { b, needs } = this;
    const vertices = given?.vertices ?? b.native(tableRow, this.triangleAt(triangle));
    const transform = given ? given.transform : this.transform(triangle);
    const corners = this.corners('positionsAt', 3, vertices, needs.positions);
    return transform ? corners.map((corner) => b.call(placedPoint, ...transform, corner)) : corners;
  }

  /** What a ray meets between two distances. */
  closestHit(origin: Operand, direction: Operand, near: Operand): Operand {
    const native = this.structure.instances ? closestHitOfInstances : closestHit;
    return this.b.native(native, origin, direction, near, this.far);
  }

  /** 1 where something is nearer than `reach`, else 0. */
  blocked(origin: Operand, direction: Operand, reach: Operand): Operand {
    return this.b.native(this.structure.instances ? blockedByInstances : blocked, origin, direction, reach);
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
