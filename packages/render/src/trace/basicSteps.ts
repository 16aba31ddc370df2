import { rayThrough } from './cameraSteps.js';
import { g } from './glue.js';
import { detached, part } from './integrand/steps.js';
import type { Integrand, Operand, Step } from './integrand/steps.js';
import { above, arrival, local, reflected, world } from './lights.js';
import { numbers, randomKey } from './natives.js';
import { areaVector, pointOf } from './primary.js';
import { boxOffset, pixelPlace, sampleWeight } from './sampling.js';
import { SceneSteps } from './sceneSteps.js';
import type { Needs, Structure } from './structure.js';
import { SurfaceSteps } from './surfaceSteps.js';
import type { Surface } from './surfaceSteps.js';

/**
 * Light transport as the rendering equation says it (Kajiya 1986), and no more: a path starts at the camera, adds what
 * shines where it arrives, and goes on in a direction that the lobe draws, by the factor f cos / density. The option
 * `turns` says how many surfaces it meets at most, the lamp included.
 */
export function basicSteps(structure: Structure, needs: Needs): Step[] {
  return new BasicPath(structure, needs).write();
}

class BasicPath {
  private readonly scene: SceneSteps;
  private readonly surfaces: SurfaceSteps;
  private readonly b: Integrand;
  private readonly key: Operand;

  constructor(
    private readonly structure: Structure,
    needs: Needs,
  ) {
    this.scene = new SceneSteps(structure, needs);
    this.surfaces = new SurfaceSteps(this.scene);
    this.b = this.scene.b;
    this.key = this.b.native(randomKey);
  }

  write(): Step[] {
    const { b, scene, structure } = this;
    const offset = b.constantCall(boxOffset, b.constantCall(g('firstTwo'), this.random(b.u32(0))));
    const pixelAt = b.constantCall(pixelPlace, b.input('pixel', 'u32'), b.option('imageWidth'), offset);
    const ray = rayThrough(scene, pixelAt);
    const hit = scene.closestHit(part(ray, 'o'), part(ray, 'd'), b.f32(0));
    const triangle = part(hit, 'triangle');
    const isHit = b.constantCall(g('isHit'), triangle);
    b.cover(isHit);
    if (structure.background) {
      b.branch(b.constantCall(g('isMiss'), triangle), () => b.emit(scene.environment(part(ray, 'd'))));
    }
    b.branch(isHit, () => this.walk(triangle, ray));
    return b.steps;
  }

  /** Four numbers of the sample, for one surface. */
  private random(stream: Operand): Operand {
    const { b } = this;
    return b.native(numbers, b.input('pixel', 'u32'), b.input('sampleIndex', 'u32'), stream, this.key);
  }

  private walk(first: Operand, ray: Operand): void {
    const { b, surfaces, structure } = this;
    const turns = b.option('turns');
    const nowhere = b.constantCall(g('pair'), b.f32(0), b.f32(0));
    b.walk(turns, [first, nowhere, ...surfaces.beforeFirst()], (turn, [triangle, weights, ...last]) => {
      const before = surfaces.before(turn, last);
      const surface = surfaces.at({ triangle, ray, later: { turn, weights, before, shines: true } });
      if (structure.kinds.length === 0) return;
      b.branch(b.constantCall(g('isBefore'), turn, turns), () => this.scatter(surface, turn, [triangle, weights]));
    });
  }

  /** A direction, and what it leads to: light from around the scene, or the next surface. */
  private scatter(surface: Surface, turn: Operand, at: readonly [triangle: Operand, weights: Operand]): void {
    const { b, scene, structure, surfaces } = this;
    const { kind, parameters, wo, normal } = surface;
    const u = b.constantCall(g('firstThree'), this.random(b.constantCall(g('sum'), turn, b.u32(1))));
    const drawn = surfaces.ofLobe(kind, g('plus3'), (lobe, k) => b.constantCall(lobe.sample, u, wo, ...parameters[k]));
    const chosen = b.constantCall(world, drawn, normal);
    const hit = scene.closestHit(surface.origin, chosen, b.f32(0));
    const isHit = b.constantCall(g('isHit'), part(hit, 'triangle'));

    const { wi, scale } = this.wayTo(hit, isHit, chosen, surface);
    const wiLocal = b.call(local, wi, normal);
    const cosine = part(wiLocal, 'z');
    const perSteradian = surfaces.ofLobe(kind, g('plus1'), (lobe, k) =>
      b.constantCall(lobe.pdf, wiLocal, wo, ...parameters[k]),
    );
    const density = b.constantCall(g('product'), perSteradian, scale);
    const weight = b.constantCall(sampleWeight, density, b.f32(0), b.u32(0));
    b.branch(b.constantCall(above, wi, surface.side, cosine, weight), () => {
      const f = surfaces.ofLobe(kind, g('plus3'), (lobe, k) => b.call(lobe.evaluate, wiLocal, wo, ...parameters[k]));
      const times = (light: Operand): Operand => b.call(reflected, f, cosine, light, scale, weight);
      if (structure.environment) {
        b.branch(b.constantCall(g('isZero'), isHit), () => b.emit(times(scene.environment(detached(chosen)))));
      }
      b.branch(isHit, () => {
        const weights = b.constantCall(g('pair'), part(hit, 'u'), part(hit, 'v'));
        const next = [part(hit, 'triangle'), weights, ...surfaces.beforeNext(...at, surface)];
        b.goOn(times(b.constantCall(g('repeat'), b.f32(1))), next);
      });
    });
  }

  /**
   * The direction to the point that was met, and steradians per share of its triangle. That point keeps its place in the
   * triangle when vertices move, and so both change, while the density of the lobe is constant.
   */
  private wayTo(hit: Operand, isHit: Operand, chosen: Operand, { point }: Surface): { wi: Operand; scale: Operand } {
    const { b, scene } = this;
    const met = b.branch(isHit, () => {
      const corners = scene.places(part(hit, 'triangle'));
      const weights = b.constantCall(g('pair'), part(hit, 'u'), part(hit, 'v'));
      return { point: b.call(pointOf, weights, ...corners), m: b.call(areaVector, ...corners) };
    });
    const zero = b.constantCall(g('repeat'), b.f32(0));
    const code = b.constantCall(g('beyond'), isHit);
    const way = b.call(arrival, code, detached(chosen), zero, met.point, met.m, b.u32(1), point);
    return { wi: part(way, 'wi'), scale: part(way, 'scale') };
  }
}
