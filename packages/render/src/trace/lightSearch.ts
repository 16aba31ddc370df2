import { g } from './glue.js';
import { detached, part } from './integrand/steps.js';
import type { Operand } from './integrand/steps.js';
import { arrival, arrivalFromFar, emitterKind } from './lights.js';
import { search, tableRow, weightEntry } from './natives.js';
import { areaVector, pointOf } from './primary.js';
import { evenInTriangle, shareBetween, texelDirection, texelOf } from './sampling.js';
import type { SceneSteps } from './sceneSteps.js';

/** The steps that find light: by sampling an emitter, or where the direction that a lobe took leads. */
export class LightSearch {
  constructor(private readonly scene: SceneSteps) {}

  /** A texel of the environment by brightness: its direction and its number. */
  texel(wanted: Operand, v: Operand): Texel {
    const { b } = this.scene;
    const [width, height] = [b.option('environmentWidth'), b.option('environmentHeight')];
    return b.branch(wanted, () => {
      const row = b.native(search, b.option('marginalAt'), height, part(v, 'x'));
      const columns = b.constantCall(g('sum'), width, b.u32(1));
      const rowAt = b.constantCall(g('rowAt'), b.option('conditionalAt'), columns, part(row, 'index'));
      const column = b.native(search, rowAt, width, part(v, 'y'));
      const share = (found: Operand, u: Operand): Operand =>
        b.constantCall(shareBetween, u, part(found, 'low'), part(found, 'high'));
      const shares = b.constantCall(g('pair'), share(column, part(v, 'y')), share(row, part(v, 'x')));
      const size = b.constantCall(g('sizes'), width, height);
      return {
        wanted,
        direction: b.constantCall(texelDirection, part(column, 'index'), part(row, 'index'), shares, size),
        number: b.constantCall(g('rowAt'), part(column, 'index'), width, part(row, 'index')),
      };
    });
  }

  /** Density per steradian with which the environment's texels are sampled; that of a triangle where light is one's. */
  densityOfEnvironment(texel: Texel, source: Source, chosen: Operand): Operand {
    const { b } = this.scene;
    const size = b.constantCall(g('sizes'), b.option('environmentWidth'), b.option('environmentHeight'));
    const density = b.branch(b.constantCall(g('equals'), source.code, b.u32(emitterKind.environment)), () => {
      const number = b.constantCall(g('choose'), b.constantCall(texelOf, chosen, size), texel.number, texel.wanted);
      return b.native(weightEntry, b.constantCall(g('sum'), b.option('densityAt'), number));
    });
    return this.scene.structure.area ? b.constantCall(g('plus1'), density, source.density) : density;
  }

  /** The light that was found: by sampling an emitter, or by the direction that the lobe took. */
  source(emitterAt: Operand, emitter: Operand, sampled: Sampled): Source {
    const { b, structure } = this.scene;
    const { chosen, isLobe, surface } = sampled;
    const triangles = structure.area || structure.bounces;
    const kind = part(emitter, 'x');
    const nothing = b.f32(0);
    const none = b.u32(0);
    const noSurface = { surface: none, triangle: none, weights: chosen };
    if (!triangles && !structure.delta) {
      const code = b.u32(emitterKind.environment);
      const fromFar = b.call(arrivalFromFar, chosen);
      return { code, arrival: fromFar, found: b.u32(1), density: nothing, colourAt: code, ...noSurface };
    }
    const zero = b.constantCall(g('repeat'), nothing);
    const vector = structure.delta
      ? b.branch(b.constantCall(g('isDelta'), kind), () => this.scene.colour(part(emitter, 'y')))
      : zero;
    const triangle = triangles ? this.triangle(emitterAt, emitter, sampled) : undefined;
    const code = b.constantCall(g('sourceCode'), kind, triangle?.wanted ?? b.u32(0));
    const far = structure.environment && triangle ? b.constantCall(g('isMiss'), triangle.hit) : b.u32(0);
    const found = triangle
      ? b.constantCall(g('foundBy'), isLobe, triangle.wanted, far)
      : structure.environment
        ? b.u32(1)
        : b.constantCall(g('isZero'), isLobe);
    return {
      code,
      found,
      density: triangle?.density ?? nothing,
      colourAt: triangle
        ? b.constantCall(g('choose'), part(emitter, 'z'), triangle.colourAt, triangle.wanted)
        : part(emitter, 'z'),
      arrival: b.call(
        arrival,
        code,
        detached(chosen),
        vector,
        triangle?.point ?? zero,
        triangle?.m ?? zero,
        triangle?.twoSided ?? none,
        surface.point,
      ),
      ...(triangle ? { surface: triangle.surface, triangle: triangle.hit, weights: triangle.weights } : noSurface),
    };
  }

  /**
   * The point on a triangle that light comes from: of an area light that is sampled, or met by the lobe's direction, and
   * then perhaps of a surface that passes light on.
   */
  private triangle(emitterAt: Operand, emitter: Operand, sampled: Sampled): MetTriangle {
    const { b, structure } = this.scene;
    const { isLobe, u, v, chosen, surface: from, more } = sampled;
    const isArea = b.constantCall(g('equals'), part(emitter, 'x'), b.u32(emitterKind.area));

    // sampled by area
    const own = b.branch(isArea, () => {
      const at = b.native(tableRow, b.constantCall(g('sum'), emitterAt, b.u32(4)));
      const index = part(b.native(search, part(at, 'x'), part(at, 'y'), part(u, 'z')), 'index');
      const weights = b.constantCall(evenInTriangle, v);
      return {
        number: b.constantCall(g('sum'), part(at, 'z'), index),
        weights,
        at: b.constantCall(g('sum'), emitterAt, b.u32(0)),
      };
    });
    // met by the lobe
    const met = b.branch(isLobe, () => {
      const hit = this.scene.closestHit(from.origin, chosen, b.f32(0));
      const at = b.branch(b.constantCall(g('isHit'), part(hit, 'triangle')), () => {
        const shapeAt = part(b.native(tableRow, this.scene.triangleAt(part(hit, 'triangle'))), 'w');
        return part(b.native(tableRow, shapeAt), 'z');
      });
      return { number: part(hit, 'triangle'), weights: b.constantCall(g('pair'), part(hit, 'u'), part(hit, 'v')), at };
    });
    const at = b.constantCall(g('sum'), own.at, met.at);
    const number = b.constantCall(g('choose'), own.number, met.number, isLobe);
    const weights = b.constantCall(g('plus2'), own.weights, met.weights);
    const surface = more ? b.constantCall(g('passesOn'), isLobe, met.number, met.at, more) : b.u32(0);
    const light = b.constantCall(g('isSome'), at);
    const wanted = more ? b.constantCall(g('sum'), light, surface) : light;
    return b.branch(wanted, () => {
      const corners = this.scene.places(number);
      const shines = (): Shine => this.shine(at, number);
      const shine = !structure.area ? undefined : more ? b.branch(light, shines) : shines();
      return {
        ...{ wanted, surface, hit: met.number, weights },
        point: b.call(pointOf, weights, ...corners),
        m: b.call(areaVector, ...corners),
        density: shine?.density ?? b.f32(0),
        colourAt: shine?.colourAt ?? b.u32(0),
        // what passes light on does so on both sides
        twoSided: more ? b.constantCall(g('sum'), shine?.twoSided ?? b.u32(0), surface) : shine!.twoSided,
      };
    });
  }

  /** What is known of a triangle of the area light whose record is at an address. */
  private shine(at: Operand, number: Operand): Shine {
    const { b } = this.scene;
    const light = b.native(tableRow, at);
    const table = b.native(tableRow, b.constantCall(g('sum'), at, b.u32(4)));
    const entry = b.constantCall(g('entryOf'), part(table, 'x'), number, part(table, 'z'));
    const next = b.constantCall(g('sum'), entry, b.u32(1));
    return {
      density: b.constantCall(g('minus'), b.native(weightEntry, next), b.native(weightEntry, entry)),
      colourAt: part(light, 'z'),
      twoSided: part(light, 'w'),
    };
  }

  /** Radiance, intensity or irradiance of the light that was found. */
  light({ code, colourAt }: Source, chosen: Operand): Operand {
    const { b, structure } = this.scene;
    const far = (): Operand => this.scene.environment(detached(chosen));
    if (!structure.area && !structure.delta) return far();
    const near = (): Operand => this.scene.colour(colourAt);
    if (!structure.environment) return near();
    return b.call(
      g('plus3'),
      b.branch(b.constantCall(g('isZero'), code), far),
      b.branch(b.constantCall(g('isSome'), code), near),
    );
  }
}

/** A texel of the environment, chosen by brightness. */
export interface Texel {
  /** Whether the environment is sampled by its texels in this turn. */
  readonly wanted: Operand;
  readonly direction: Operand;
  readonly number: Operand;
}

/** What a technique draws. */
interface Sampled {
  readonly isLobe: Operand;
  readonly u: Operand;
  readonly v: Operand;
  /** Direction of the environment's sample or of the lobe's. */
  readonly chosen: Operand;
  readonly surface: { readonly point: Operand; readonly origin: Operand };
  /** Whether the path may go on; given with `bounces`. */
  readonly more: Operand | undefined;
}

/** The light that a technique found, or the surface that passes light on. */
export interface Source {
  /** `emitterKind` of the light that was found; a surface's is that of an area light. */
  readonly code: Operand;
  /** Whether anything was found. */
  readonly found: Operand;
  readonly arrival: Operand;
  /** Share with which the triangle is sampled; 0 for other lights. */
  readonly density: Operand;
  readonly colourAt: Operand;
  /** Whether it is a surface at which the path goes on: u32. */
  readonly surface: Operand;
  /** What the lobe's direction met: the triangle, and the weights of its second and third corner. */
  readonly triangle: Operand;
  readonly weights: Operand;
}

interface Shine {
  readonly density: Operand;
  readonly colourAt: Operand;
  readonly twoSided: Operand;
}

interface MetTriangle extends Shine {
  /** Whether light comes from it. */
  readonly wanted: Operand;
  /** Whether it only passes light on. */
  readonly surface: Operand;
  /** What the lobe's direction met. */
  readonly hit: Operand;
  readonly weights: Operand;
  readonly point: Operand;
  readonly m: Operand;
}
