import { rayThrough } from './cameraSteps.js';
import { g } from './glue.js';
import { detached, part } from './integrand/steps.js';
import type { Integrand, Operand, Step } from './integrand/steps.js';
import { above, emitterKind, local, reflected, world } from './lights.js';
import { LightSearch } from './lightSearch.js';
import type { Source } from './lightSearch.js';
import { randomKey, tableRow } from './natives.js';
import { rayOf } from './primary.js';
import { keyOfBatch } from './samplers.js';
import { filmOffset, pixelPlace, sampleWeight, survival } from './sampling.js';
import { SceneSteps } from './sceneSteps.js';
import { noNeeds } from './structure.js';
import type { Needs, Structure } from './structure.js';
import { SurfaceSteps } from './surfaceSteps.js';
import type { Surface } from './surfaceSteps.js';

/**
 * The steps of a sample: emission that the camera sees, and light that surfaces reflect to it, one of them (direct light)
 * or, with `bounces`, as many as the option `turns` says.
 */
export function pathSteps(structure: Structure, needs: Needs): Step[] {
  return new Path(structure, needs).fromFilm();
}

/** The same of a ray that is given, `rayOrigin` and `rayDirection`: no camera, no film, nothing is differentiated. */
export function rayPathSteps(structure: Structure): Step[] {
  return new Path(structure, noNeeds(structure)).fromRay();
}

/** Where a path of several surfaces is, and how it goes on. */
interface Bounce {
  /** Number of the surface, from 0. */
  readonly turn: Operand;
  readonly triangle: Operand;
  readonly weights: Operand;
  /** Product of the greatest components of the factors so far: what Russian roulette goes by. */
  readonly importance: Operand;
}

class Path {
  private readonly scene: SceneSteps;
  private readonly lights: LightSearch;
  private readonly surfaces: SurfaceSteps;
  private readonly b: Integrand;
  private readonly pixel: Operand;
  /** The number of the sample in its batch, and the key of the batch's random numbers. */
  private readonly sample: Operand;
  private readonly key: Operand;

  constructor(
    private readonly structure: Structure,
    needs: Needs,
  ) {
    this.scene = new SceneSteps(structure, needs);
    this.lights = new LightSearch(this.scene);
    this.surfaces = new SurfaceSteps(this.scene);
    this.b = this.scene.b;
    this.pixel = this.b.input('pixel', 'u32');
    const { b } = this;
    const [number, batches] = [b.input('sampleIndex', 'u32'), b.option('batches')];
    this.sample = b.constantCall(g('quotient'), number, batches);
    this.key = b.constantCall(keyOfBatch, b.native(randomKey), b.constantCall(g('remainder'), number, batches));
  }

  fromFilm(): Step[] {
    const { b, structure } = this;
    const offset = b.constantCall(
      filmOffset[structure.filter],
      this.scene.draw(this.pixel, this.sample, b.u32(0), this.key).v,
    );
    const pixelAt = b.constantCall(pixelPlace, this.pixel, b.option('imageWidth'), offset);
    this.follow(rayThrough(this.scene, pixelAt), b.f32(0));
    return b.steps;
  }

  fromRay(): Step[] {
    const { b } = this;
    const ray = b.constantCall(rayOf, b.input('rayOrigin', 'vec3f'), b.input('rayDirection', 'vec3f'));
    this.follow(ray, b.option('tMin', 'f32'));
    return b.steps;
  }

  /** What comes back along a ray from beyond the distance `start`. */
  private follow(ray: Operand, start: Operand): void {
    const { b, structure } = this;
    const hit = this.scene.closestHit(part(ray, 'o'), part(ray, 'd'), start);
    const triangle = part(hit, 'triangle');
    const isHit = b.constantCall(g('isHit'), triangle);
    b.cover(isHit);
    if (structure.background) {
      b.branch(b.constantCall(g('isMiss'), triangle), () => b.emit(this.scene.environment(part(ray, 'd'))));
    }
    b.branch(isHit, () => {
      if (structure.bounces) this.walk(triangle, ray);
      else this.gather(this.surfaces.at({ triangle, ray }));
    });
  }

  /** From surface to surface; the state is where the path is, and where it was. */
  private walk(first: Operand, ray: Operand): void {
    const { b, surfaces } = this;
    const nowhere = b.constantCall(g('pair'), b.f32(0), b.f32(0));
    b.walk(b.option('turns'), [first, nowhere, b.f32(1), ...surfaces.beforeFirst()], (turn, now) => {
      const [triangle, weights, importance, ...last] = now;
      const surface = surfaces.at({ triangle, ray, later: { turn, weights, before: surfaces.before(turn, last) } });
      this.gather(surface, { turn, triangle, weights, importance });
    });
  }

  /** The light that a surface reflects. */
  private gather(surface: Surface, bounce?: Bounce): void {
    const { b } = this;
    const { kinds, environment, area, delta } = this.structure;
    if (kinds.length > 0 && (environment || area || delta)) {
      const [first, last] = [b.option('firstTechnique'), b.option('lastTechnique')];
      b.loop(first, last, (j) => this.technique(j, surface, bounce));
    }
  }

  /** One way to find light: sampling emitter j, or for the last j the surface's lobe. */
  private technique(j: Operand, surface: Surface, bounce: Bounce | undefined): void {
    const { b, structure, surfaces } = this;
    const { kind: lobeKind, parameters, wo, normal } = surface;
    const emitterAt = b.constantCall(g('rowAt'), b.option('emittersAt'), b.u32(8), j);
    const emitter = b.native(tableRow, emitterAt);
    const kind = part(emitter, 'x');
    const is = (code: number): Operand => b.constantCall(g('equals'), kind, b.u32(code));
    const ofFirst = b.constantCall(g('sum'), j, b.u32(1));
    const stream = bounce ? b.constantCall(g('rowAt'), ofFirst, b.option('streams'), bounce.turn) : ofFirst;
    const { u, v } = this.scene.draw(this.pixel, this.sample, stream, this.key);

    const isLobe = is(emitterKind.lobe);
    const sampled = b.branch(isLobe, () => {
      const numbersOfLobe = b.constantCall(g('lobeNumbers'), u, v);
      const inFrame = surfaces.ofLobe(lobeKind, g('plus3'), (lobe, k) =>
        b.constantCall(lobe.sample, numbersOfLobe, wo, ...parameters[k]),
      );
      return b.constantCall(world, inFrame, normal);
    });
    const texel = structure.environment ? this.lights.texel(is(emitterKind.environment), v) : undefined;
    const chosen = texel ? b.constantCall(g('plus3'), sampled, texel.direction) : sampled;
    const more = bounce && b.constantCall(g('isBefore'), bounce.turn, b.option('turns'));
    const source = this.lights.source(emitterAt, emitter, { isLobe, u, v, chosen, surface, more });

    const wi = part(source.arrival, 'wi');
    const wiLocal = b.call(local, wi, normal);
    const cosine = part(wiLocal, 'z');
    const ofLobe = surfaces.ofLobe(lobeKind, g('plus1'), (lobe, k) =>
      b.constantCall(lobe.pdf, wiLocal, wo, ...parameters[k]),
    );
    const scale = part(source.arrival, 'scale');
    const ofLight = texel ? this.lights.densityOfEnvironment(texel, source, chosen) : source.density;
    const densities = b.constantCall(g('densities'), kind, ofLight, ofLobe, scale);
    const weight = b.constantCall(sampleWeight, part(densities, 'x'), part(densities, 'y'), b.option('combine'));
    const lit = b.constantCall(above, wi, surface.side, cosine, weight);
    b.branch(b.constantCall(g('both'), lit, source.found), () => {
      const shadow =
        structure.area || bounce
          ? b.branch(b.constantCall(g('isZero'), isLobe), () => this.shadow(surface, source))
          : this.shadow(surface, source);
      b.branch(b.constantCall(g('isZero'), shadow), () => {
        const f = surfaces.ofLobe(lobeKind, g('plus3'), (lobe, k) =>
          b.call(lobe.evaluate, wiLocal, wo, ...parameters[k]),
        );
        const shine = (): void => {
          const light = this.lights.light(source, chosen);
          b.emit(b.call(reflected, f, cosine, light, scale, weight));
        };
        if (!bounce) return shine();
        b.branch(b.constantCall(g('shines'), source.surface, isLobe, b.option('lobeFinds')), shine);
        b.branch(source.surface, () => {
          const white = b.constantCall(g('repeat'), b.f32(1));
          this.goOn(b.call(reflected, f, cosine, white, scale, weight), source, surface, bounce, part(u, 'w'));
        });
      });
    });
  }

  /** Russian roulette, and on to the surface that the lobe's direction has met. */
  private goOn(factor: Operand, source: Source, surface: Surface, bounce: Bounce, u: Operand): void {
    const { b } = this;
    const { turn, importance } = bounce;
    const fate = b.constantCall(survival, importance, factor, turn, b.option('rouletteFrom'), u);
    b.branch(part(fate, 'survives'), () => {
      b.goOn(b.call(g('times'), factor, detached(part(fate, 'scale'))), [
        source.triangle,
        source.weights,
        part(fate, 'importance'),
        ...this.surfaces.beforeNext(bounce.triangle, bounce.weights, surface),
      ]);
    });
  }

  private shadow(surface: Surface, { arrival: way }: Source): Operand {
    return this.scene.blocked(surface.origin, part(way, 'wi'), part(way, 'reach'));
  }
}
