import { undistorted } from '../camera/distortion.js';
import { planeOfPixel } from '../camera/lens.js';
import { g } from './glue.js';
import { detached, part } from './integrand/steps.js';
import type { Integrand, Operand, Step } from './integrand/steps.js';
import { above, emitterKind, local, reflected, world } from './lights.js';
import { LightSearch } from './lightSearch.js';
import type { Source } from './lightSearch.js';
import { blocked, closestHit, numbers, randomKey, tableRow } from './natives.js';
import { cameraRay, lensRay, parallelRay } from './primary.js';
import { boxOffset, gaussianOffset, pixelPlace, sampleWeight, survival } from './sampling.js';
import { SceneSteps } from './sceneSteps.js';
import type { Needs, Structure } from './structure.js';
import { SurfaceSteps } from './surfaceSteps.js';
import type { Surface } from './surfaceSteps.js';

/**
 * The steps of a sample: emission that the camera sees, and light that surfaces reflect to it, one of them (direct light)
 * or, with `bounces`, as many as the option `turns` says.
 */
export function pathSteps(structure: Structure, needs: Needs): Step[] {
  return new Path(structure, needs).write();
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
  private readonly sample: Operand;

  constructor(
    private readonly structure: Structure,
    private readonly needs: Needs,
  ) {
    this.scene = new SceneSteps(structure, needs);
    this.lights = new LightSearch(this.scene);
    this.surfaces = new SurfaceSteps(this.scene);
    this.b = this.scene.b;
    this.pixel = this.b.input('pixel', 'u32');
    this.sample = this.b.input('sampleIndex', 'u32');
  }

  write(): Step[] {
    const { b, structure } = this;
    const key = b.native(randomKey);
    const u = b.native(numbers, this.pixel, this.sample, b.u32(0), key);
    const filter = structure.filter === 'box' ? boxOffset : gaussianOffset;
    const offset = b.constantCall(filter, this.scene.stratum(u, this.sample, this.pixel, b.u32(0), key));
    const pixelAt = b.constantCall(pixelPlace, this.pixel, b.option('imageWidth'), offset);
    const ray = this.ray(pixelAt);
    const hit = b.native(closestHit, part(ray, 'o'), part(ray, 'd'), b.f32(0), this.scene.far);
    const triangle = part(hit, 'triangle');
    const isHit = b.constantCall(g('isHit'), triangle);
    b.cover(isHit);
    if (structure.background) {
      b.branch(b.constantCall(g('isMiss'), triangle), () => b.emit(this.scene.environment(part(ray, 'd'))));
    }
    b.branch(isHit, () => {
      if (structure.bounces) this.walk(triangle, ray, key);
      else this.gather(this.surfaces.at({ triangle, ray }), key);
    });
    return b.steps;
  }

  /** The ray of a place in the image; the camera stands first in the scene. */
  private ray(pixelAt: Operand): Operand {
    const { b, structure, needs } = this;
    const rowsAt = b.constantCall(g('record'), b.u32(0), b.u32(4), b.u32(8), b.u32(12));
    const rows = b.load(rowsAt, b.option('four'), 4, 4, needs.camera);
    if (structure.lens !== 'distorted') {
      return b.call(structure.lens === 'perspective' ? cameraRay : parallelRay, ...rows, pixelAt);
    }
    const lensAt = b.constantCall(g('record'), b.u32(16), b.u32(20), b.u32(0), b.u32(0));
    const lens = b.load(lensAt, b.option('two'), 2, 4, needs.camera);
    const goal = b.constantCall(planeOfPixel, pixelAt, rows[0]);
    const guess = b.constantCall(undistorted, goal, lens[0], part(lens[1], 'x'));
    return b.call(lensRay, ...rows, ...lens, guess, pixelAt);
  }

  /** From surface to surface; the state is where the path is, and where it was. */
  private walk(first: Operand, ray: Operand, key: Operand): void {
    const { b, needs } = this;
    const [nothing, none] = [b.f32(0), b.u32(0)];
    const nowhere = b.constantCall(g('pair'), nothing, nothing);
    const moving = needs.positions || needs.camera;
    const before = moving ? [none, nowhere] : [b.constantCall(g('repeat'), nothing)];
    b.walk(b.option('turns'), [first, nowhere, b.f32(1), ...before], (turn, now) => {
      const [triangle, weights, importance, ...last] = now;
      const later = {
        turn,
        weights,
        before: moving ? { triangle: last[0], weights: last[1], turn } : { point: last[0] },
      };
      const surface = this.surfaces.at({ triangle, ray, later });
      this.gather(surface, key, { turn, triangle, weights, importance });
    });
  }

  /** The light that a surface reflects. */
  private gather(surface: Surface, key: Operand, bounce?: Bounce): void {
    const { b } = this;
    const { kinds, environment, area, delta } = this.structure;
    if (kinds.length > 0 && (environment || area || delta)) {
      const [first, last] = [b.option('firstTechnique'), b.option('lastTechnique')];
      b.loop(first, last, (j) => this.technique(j, surface, key, bounce));
    }
  }

  /** One way to find light: sampling emitter j, or for the last j the surface's lobe. */
  private technique(j: Operand, surface: Surface, key: Operand, bounce: Bounce | undefined): void {
    const { b, structure, surfaces } = this;
    const { kind: lobeKind, parameters, wo, normal } = surface;
    const emitterAt = b.constantCall(g('rowAt'), b.option('emittersAt'), b.u32(8), j);
    const emitter = b.native(tableRow, emitterAt);
    const kind = part(emitter, 'x');
    const is = (code: number): Operand => b.constantCall(g('equals'), kind, b.u32(code));
    const ofFirst = b.constantCall(g('sum'), j, b.u32(1));
    const stream = bounce ? b.constantCall(g('rowAt'), ofFirst, b.option('streams'), bounce.turn) : ofFirst;
    const u = b.native(numbers, this.pixel, this.sample, stream, key);
    const v = this.scene.stratum(u, this.sample, this.pixel, stream, key);

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
  private goOn(factor: Operand, source: Source, { point }: Surface, bounce: Bounce, u: Operand): void {
    const { b, needs } = this;
    const { turn, importance } = bounce;
    const fate = b.constantCall(survival, importance, factor, turn, b.option('rouletteFrom'), u);
    b.branch(part(fate, 'survives'), () => {
      const before = needs.positions || needs.camera ? [bounce.triangle, bounce.weights] : [detached(point)];
      b.goOn(b.call(g('times'), factor, detached(part(fate, 'scale'))), [
        source.triangle,
        source.weights,
        part(fate, 'importance'),
        ...before,
      ]);
    });
  }

  private shadow(surface: Surface, { arrival: way }: Source): Operand {
    return this.b.native(blocked, surface.origin, part(way, 'wi'), part(way, 'reach'));
  }
}
