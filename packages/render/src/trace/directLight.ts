import type { ExprFunction } from '../engine.js';
import { normalMap } from '../bsdf/index.js';
import type { BsdfKind } from '../bsdf/index.js';
import { g } from './glue.js';
import { detached, part } from './integrand/steps.js';
import type { Integrand, Operand, Step } from './integrand/steps.js';
import { above, emitterKind, local, reflected, world } from './lights.js';
import { LightSearch } from './lightSearch.js';
import type { Source } from './lightSearch.js';
import { lookup } from './lookup.js';
import type { Place } from './lookup.js';
import { blocked, closestHit, numbers, offsetOrigin, randomKey, tableRow } from './natives.js';
import {
  areaVector,
  cameraRay,
  geometricNormal,
  meetingPoint,
  opposite,
  pointOf,
  shadingNormal,
  sideOf,
  tangentOf,
  uvOf,
} from './primary.js';
import { boxOffset, gaussianOffset, pixelPlace, sampleWeight } from './sampling.js';
import { SceneSteps } from './sceneSteps.js';
import type { Needs, Structure } from './structure.js';

/** The steps of a sample of direct light: emission that the camera sees, and light that one surface reflects to it. */
export function directLight(structure: Structure, needs: Needs): Step[] {
  return new DirectLight(structure, needs).write();
}

/** The surface that the camera sees. */
interface Surface {
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

class DirectLight {
  private readonly scene: SceneSteps;
  private readonly lights: LightSearch;
  private readonly b: Integrand;
  private readonly pixel: Operand;
  private readonly sample: Operand;

  constructor(
    private readonly structure: Structure,
    private readonly needs: Needs,
  ) {
    this.scene = new SceneSteps(structure, needs);
    this.lights = new LightSearch(this.scene);
    this.b = this.scene.b;
    this.pixel = this.b.input('pixel', 'u32');
    this.sample = this.b.input('sampleIndex', 'u32');
  }

  write(): Step[] {
    const { b, structure, needs } = this;
    const key = b.native(randomKey);
    const u = b.native(numbers, this.pixel, this.sample, b.u32(0), key);
    const filter = structure.filter === 'box' ? boxOffset : gaussianOffset;
    const offset = b.constantCall(filter, this.scene.stratum(u, this.sample, this.pixel, b.u32(0), key));
    const pixelAt = b.constantCall(pixelPlace, this.pixel, b.option('imageWidth'), offset);
    const rows = b.constantCall(g('record'), b.u32(0), b.u32(4), b.u32(8), b.u32(12));
    const ray = b.call(cameraRay, ...b.load(rows, b.option('four'), 4, 4, needs.camera), pixelAt);
    const hit = b.native(closestHit, part(ray, 'o'), part(ray, 'd'), b.f32(0), this.scene.far);
    const triangle = part(hit, 'triangle');
    const isHit = b.constantCall(g('isHit'), triangle);
    b.cover(isHit);
    if (structure.background) {
      b.branch(b.constantCall(g('isMiss'), triangle), () => b.emit(this.scene.environment(part(ray, 'd'))));
    }
    b.branch(isHit, () => {
      const surface = this.surface(triangle, ray);
      const { kinds, environment, area, delta } = structure;
      if (kinds.length > 0 && (environment || area || delta)) {
        b.loop(b.option('firstTechnique'), b.option('lastTechnique'), (j) => this.technique(j, surface, key));
      }
    });
    return b.steps;
  }

  private surface(triangle: Operand, ray: Operand): Surface {
    const { b, structure, needs } = this;
    const [o, d] = [part(ray, 'o'), part(ray, 'd')];
    const triangleAt = b.constantCall(g('rowAt'), b.option('trianglesAt'), b.u32(8), triangle);
    const vertices = b.native(tableRow, triangleAt);
    const uvRows = b.native(tableRow, b.constantCall(g('sum'), triangleAt, b.u32(4)));
    const shapeAt = part(vertices, 'w');
    const shape = b.native(tableRow, shapeAt);

    const corners = this.scene.corners('positionsAt', 3, vertices, needs.positions);
    const weights = b.call(meetingPoint, o, d, ...corners);
    const point = b.call(pointOf, weights, ...corners);
    const m = b.call(areaVector, ...corners);
    const side = b.constantCall(sideOf, m, d);
    const normals = this.scene.corners('normalsAt', 3, vertices, needs.normals);
    const own = structure.flat ? m : detached(m);
    let normal = b.call(shadingNormal, weights, own, ...normals, part(shape, 'y'), side);
    const uv = b.call(uvOf, weights, ...this.scene.corners('uvsAt', 2, uvRows, needs.uvs));
    const place = { vertices, weights, uv };
    if (structure.normalMaps) {
      const texelRecord = b.native(tableRow, b.constantCall(g('sum'), shapeAt, b.u32(4)));
      const texel = lookup(b, texelRecord, 3, place, needs.normalMap);
      const tangent = b.call(tangentOf, weights, ...this.scene.corners('tangentsAt', 4, vertices, needs.tangents));
      normal = b.call(normalMap, texel, normal, tangent);
    }
    if (structure.area) {
      const front = b.constantCall(g('frontOf'), m, d, part(shape, 'z'), part(shape, 'w'));
      b.branch(front, () => {
        const emitter = b.native(tableRow, part(shape, 'z'));
        b.emit(this.scene.colour(part(emitter, 'z')));
      });
    }
    const wo = b.call(local, b.call(opposite, d), normal);
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

  private parameters(shapeAt: Operand, kind: Operand, place: Place): Operand[][] {
    const { b, structure, needs } = this;
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
    const { b, structure } = this;
    if (structure.kinds.length === 1 && !structure.area) return steps();
    return b.branch(b.constantCall(g('equals'), kind, b.u32(k)), steps);
  }

  /** What the lobe of the surface says, whichever it is. */
  private ofLobe(kind: Operand, plus: ExprFunction, value: (lobe: BsdfKind, k: number) => Operand): Operand {
    const { b } = this;
    return this.structure.kinds
      .map((lobe, k) => this.ifLobe(kind, k, () => value(lobe, k)))
      .reduce((a, c) => b.call(plus, a, c));
  }

  /** One way to find light: sampling emitter j, or for the last j the surface's lobe. */
  private technique(j: Operand, surface: Surface, key: Operand): void {
    const { b, structure } = this;
    const { kind: lobeKind, parameters, wo, normal } = surface;
    const emitterAt = b.constantCall(g('rowAt'), b.option('emittersAt'), b.u32(8), j);
    const emitter = b.native(tableRow, emitterAt);
    const kind = part(emitter, 'x');
    const is = (code: number): Operand => b.constantCall(g('equals'), kind, b.u32(code));
    const stream = b.constantCall(g('sum'), j, b.u32(1));
    const u = b.native(numbers, this.pixel, this.sample, stream, key);
    const v = this.scene.stratum(u, this.sample, this.pixel, stream, key);

    const isLobe = is(emitterKind.lobe);
    const sampled = b.branch(isLobe, () => {
      const numbersOfLobe = b.constantCall(g('lobeNumbers'), u, v);
      const inFrame = this.ofLobe(lobeKind, g('plus3'), (lobe, k) =>
        b.constantCall(lobe.sample, numbersOfLobe, wo, ...parameters[k]),
      );
      return b.constantCall(world, inFrame, normal);
    });
    const texel = structure.environment ? this.lights.texel(is(emitterKind.environment), v) : undefined;
    const chosen = texel ? b.constantCall(g('plus3'), sampled, texel.direction) : sampled;
    const source = this.lights.source(emitterAt, emitter, { isLobe, u, v, chosen, surface });

    const wi = part(source.arrival, 'wi');
    const wiLocal = b.call(local, wi, normal);
    const cosine = part(wiLocal, 'z');
    const ofLobe = this.ofLobe(lobeKind, g('plus1'), (lobe, k) =>
      b.constantCall(lobe.pdf, wiLocal, wo, ...parameters[k]),
    );
    const scale = part(source.arrival, 'scale');
    const ofLight = texel ? this.lights.densityOfEnvironment(texel, source, chosen) : source.density;
    const densities = b.constantCall(g('densities'), kind, ofLight, ofLobe, scale);
    const weight = b.constantCall(sampleWeight, part(densities, 'x'), part(densities, 'y'), b.option('combine'));
    const lit = b.constantCall(above, wi, surface.side, cosine, weight);
    b.branch(b.constantCall(g('both'), lit, source.found), () => {
      const shadow = structure.area
        ? b.branch(b.constantCall(g('isZero'), isLobe), () => this.shadow(surface, source))
        : this.shadow(surface, source);
      b.branch(b.constantCall(g('isZero'), shadow), () => {
        const f = this.ofLobe(lobeKind, g('plus3'), (lobe, k) => b.call(lobe.evaluate, wiLocal, wo, ...parameters[k]));
        const light = this.lights.light(source, chosen);
        b.emit(b.call(reflected, f, cosine, light, scale, weight));
      });
    });
  }

  private shadow(surface: Surface, { arrival: way }: Source): Operand {
    return this.b.native(blocked, surface.origin, part(way, 'wi'), part(way, 'reach'));
  }
}
