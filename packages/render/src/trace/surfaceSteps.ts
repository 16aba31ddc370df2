import type { ExprFunction } from '../engine.js';
import { mappedNormal } from '../bsdf/index.js';
import type { BsdfKind } from '../bsdf/index.js';
import { g } from './glue.js';
import { placedNormal, placedTangent } from './instances.js';
import { detached, part } from './integrand/steps.js';
import type { Integrand, Operand } from './integrand/steps.js';
import { local } from './lights.js';
import { lookup } from './lookup.js';
import type { Place } from './lookup.js';
import { offsetOrigin, tableRow } from './natives.js';
import {
  areaVector,
  geometricNormal,
  meetingPoint,
  opposite,
  pointOf,
  shadingNormal,
  sideOf,
  tangentOf,
  towards,
  uvOf,
} from './primary.js';
import type { SceneSteps } from './sceneSteps.js';

/** A surface that light is reflected at. */
export interface Surface {
  readonly place: Place;
  readonly point: Operand;
  readonly normal: Operand;
  /** Unit normal of the triangle on the viewer's side, constant. */
  readonly side: Operand;
  /** Direction to the viewer in the frame of the normal. */
  readonly wo: Operand;
  /** u32 */
  readonly kind: Operand;
  /** By lobe: its parameters, zero where the surface has another lobe. */
  readonly parameters: readonly (readonly Operand[])[];
  /** Origin of rays that leave the surface. */
  readonly origin: Operand;
}

/** Where a path has come to. */
export interface Whereabouts {
  readonly triangle: Operand;
  /** What the camera's ray is: where it meets the first surface moves with it. */
  readonly ray: Operand;
  /** On paths of several surfaces: what came before. Without it the camera's ray is what comes. */
  readonly later?: {
    /** u32, 0 at the first surface */
    readonly turn: Operand;
    /** Weights of the second and third corner: the place in the triangle, which it keeps; zero at the first surface. */
    readonly weights: Operand;
    /** The surface before, zero at the first: what `SurfaceSteps.before` makes of the walk's state. */
    readonly before: Before;
    /** Whether the light of an emitter that later surfaces are counts; else techniques find it. */
    readonly shines?: boolean;
  };
}

/**
 * The surface before as a point, where nothing moves that has a gradient, and else as a place in a triangle: the point is
 * computed again, so that what its place does to the light at this surface gets to its vertices and to the camera.
 */
type Before =
  { readonly point: Operand } | { readonly triangle: Operand; readonly weights: Operand; readonly turn: Operand };

/** The steps that find out what a ray has met. */
export class SurfaceSteps {
  private readonly b: Integrand;
  /** Whether the points of a path have gradients. */
  private readonly moving: boolean;

  constructor(private readonly scene: SceneSteps) {
    this.b = scene.b;
    const { positions, transforms, camera } = scene.needs;
    this.moving = positions || transforms || camera;
  }

  /** What a walk's state says of the surface before, at the first one: nothing. */
  beforeFirst(): Operand[] {
    const { b } = this;
    const nothing = b.f32(0);
    return this.moving
      ? [b.u32(0), b.constantCall(g('pair'), nothing, nothing)]
      : [b.constantCall(g('repeat'), nothing)];
  }

  /** The surface before from that state, in turn number `turn`. */
  before(turn: Operand, state: readonly Operand[]): Before {
    return this.moving ? { triangle: state[0], weights: state[1], turn } : { point: state[0] };
  }

  /** That state for the turn after the one at this surface. */
  beforeNext(triangle: Operand, weights: Operand, { point }: Surface): Operand[] {
    return this.moving ? [triangle, weights] : [detached(point)];
  }

  at(where: Whereabouts): Surface {
    const { b } = this;
    const { structure, needs } = this.scene;
    const { triangle, ray, later } = where;
    const isFirst = later && b.constantCall(g('isZero'), later.turn);
    const triangleAt = this.scene.triangleAt(triangle);
    const vertices = b.native(tableRow, triangleAt);
    const transform = this.scene.transform(triangle);
    const uvRows = b.native(tableRow, b.constantCall(g('sum'), triangleAt, b.u32(4)));
    const shapeAt = part(vertices, 'w');
    const shape = b.native(tableRow, shapeAt);

    const corners = this.scene.places(triangle, { vertices, transform });
    const weights = this.weights(isFirst, later?.weights, ray, corners);
    const point = b.call(pointOf, weights, ...corners);
    const d = this.direction(where, isFirst, point);
    const m = b.call(areaVector, ...corners);
    const side = b.constantCall(sideOf, m, d);
    const viewer = b.call(opposite, d);
    const ofMesh = this.scene.corners('normalsAt', 3, vertices, needs.normals);
    const normals = transform ? ofMesh.map((n) => b.call(placedNormal, ...transform, n)) : ofMesh;
    const own = structure.flat ? m : detached(m);
    let normal = b.call(shadingNormal, weights, own, ...normals, part(shape, 'y'), side);
    const uv = b.call(uvOf, weights, ...this.scene.corners('uvsAt', 2, uvRows, needs.uvs));
    const place = { vertices, weights, uv };
    if (structure.normalMaps) {
      const texelRecord = b.native(tableRow, b.constantCall(g('sum'), shapeAt, b.u32(4)));
      const texel = lookup(b, texelRecord, 3, place, needs.normalMap);
      const along = b.call(tangentOf, weights, ...this.scene.corners('tangentsAt', 4, uvRows, needs.tangents));
      const tangent = transform ? b.call(placedTangent, ...transform, along) : along;
      normal = b.call(mappedNormal, texel, normal, tangent, side, viewer);
    }
    if (structure.area) {
      const front = b.constantCall(g('frontOf'), m, d, part(shape, 'z'), part(shape, 'w'));
      const onlyFirst = isFirst && !later?.shines;
      b.branch(onlyFirst ? b.constantCall(g('both'), front, isFirst) : front, () => {
        const emitter = b.native(tableRow, part(shape, 'z'));
        b.emit(this.scene.colour(part(emitter, 'z')));
      });
    }
    const wo = b.call(local, viewer, normal);
    const sideNormal = b.constantCall(geometricNormal, m, side);
    return {
      place,
      point,
      normal,
      side: sideNormal,
      wo,
      kind: part(shape, 'x'),
      parameters: this.parameters(shapeAt, part(shape, 'x'), place),
      origin: b.native(offsetOrigin, point, sideNormal),
    };
  }

  /** What the lobe of the surface says, whichever it is. */
  ofLobe(kind: Operand, plus: ExprFunction, value: (lobe: BsdfKind, k: number) => Operand): Operand {
    const { b } = this;
    return this.scene.structure.kinds
      .map((lobe, k) => this.ifLobe(kind, k, () => value(lobe, k)))
      .reduce((a, c) => b.call(plus, a, c));
  }

  /** Where in the triangle: where the camera's ray meets it, or a place that it keeps. */
  private weights(
    isFirst: Operand | undefined,
    kept: Operand | undefined,
    ray: Operand,
    corners: readonly Operand[],
  ): Operand {
    const { b } = this;
    const meet = (): Operand => b.call(meetingPoint, part(ray, 'o'), part(ray, 'd'), ...corners);
    return isFirst && kept ? b.call(g('plus2'), b.branch(isFirst, meet), kept) : meet();
  }

  /** The direction in which the path came to the point. */
  private direction({ ray, later }: Whereabouts, isFirst: Operand | undefined, point: Operand): Operand {
    const { b } = this;
    const d = part(ray, 'd');
    if (!later || !isFirst) return d;
    const { before, turn } = later;
    const further = b.branch(turn, () =>
      b.call(towards, 'point' in before ? before.point : this.pointBefore(before, ray), point),
    );
    return b.call(g('either3'), d, further, isFirst);
  }

  private pointBefore({ triangle, weights, turn }: Extract<Before, { triangle: Operand }>, ray: Operand): Operand {
    const { b } = this;
    const corners = this.scene.places(triangle);
    const wasFirst = b.constantCall(g('equals'), turn, b.u32(1));
    return b.call(pointOf, this.weights(wasFirst, weights, ray, corners), ...corners);
  }

  private parameters(shapeAt: Operand, kind: Operand, place: Place): Operand[][] {
    const { b } = this;
    const { structure, needs } = this.scene;
    return structure.kinds.map((lobe, k) => {
      const load = (): Operand[] =>
        Object.values(lobe.params).map((type, i) => {
          const at = b.constantCall(g('sum'), shapeAt, b.u32(8 + 4 * i));
          const width = type === 'f32' ? 1 : Number(type[3]);
          return lookup(b, b.native(tableRow, at), width, place, needs.parameters[k][i]);
        });
      return this.ifLobe(kind, k, load);
    });
  }

  /** Steps for surfaces of lobe number k; unconditional where there is no other surface. */
  private ifLobe<T>(kind: Operand, k: number, steps: () => T): T {
    const { b } = this;
    const { structure } = this.scene;
    if (structure.kinds.length === 1 && !structure.area) return steps();
    return b.branch(b.constantCall(g('equals'), kind, b.u32(k)), steps);
  }
}
