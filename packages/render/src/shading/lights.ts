import { ShapeError, concat, elementwise, expr, parse, tensor, zeros } from '../engine.js';
import type { ExprFunction, Tensor } from '../engine.js';
import type { BsdfKind } from '../bsdf/index.js';
import { projectEnvironment } from '../light/index.js';
import { fromFrame, toFrame } from '../math/frame.js';
import { radicalInverse } from '../math/radicalInverse.js';
import type { Emitter } from '../trace/emitters.js';
import { prefilterEnvironment } from './prefilter.js';
import type { PrefilteredEnvironment } from './prefilter.js';
import type { Sky } from './splitSum.js';

/**
 * A light that surfaces are shaded with, each by itself and without shadows: an emitter of a scene; an environment that has
 * been filtered; coefficients [K, 3] of spherical harmonics of radiance, K = 1, 4, ..., 81; or parallel light from the
 * camera that a white surface shows as 1.
 */
export type MeshLight = Emitter | PrefilteredEnvironment | Tensor | 'headlight';

/** Lights as shading takes them. */
export interface Lights {
  /** [K, 3], the sum of the light that is known by harmonics only. */
  readonly harmonics: Tensor | undefined;
  readonly skies: readonly Sky[];
  /**
   * Lights in one direction each: kind [L], direction or place [L, 3], colour [L, 3]; and, if there are samples of
   * spheres, their radius and two numbers of the sample [L, 3].
   */
  readonly single:
    | {
        readonly kinds: Tensor;
        readonly vectors: Tensor;
        readonly colours: Tensor;
        readonly samples: Tensor | undefined;
      }
    | undefined;
}

const kindOf = { headlight: 0, directional: 1, point: 2, sphere: 3 } as const;

/** Directions to a sphere that a lobe is evaluated for. */
const sphereSamples = 24;

/**
 * Sorts lights.
 * @throws ShapeError for area lights that are no spheres, and for coefficients that do not fit.
 */
export function sortLights(lights: readonly MeshLight[]): Lights {
  const harmonics: Tensor[] = [];
  const skies: Sky[] = [];
  const single: { kind: number; vector: Tensor; colour: Tensor; sample?: Tensor }[] = [];
  for (const light of lights) {
    if (light === 'headlight') {
      single.push({ kind: kindOf.headlight, vector: zeros([3]), colour: tensor([Math.PI, Math.PI, Math.PI]) });
    } else if (!('type' in light)) {
      if (light.rank !== 2 || light.shape[1] !== 3) {
        throw new ShapeError(`renderMesh: harmonics must be [K, 3], got [${light.shape.join(', ')}]`);
      }
      harmonics.push(light);
    } else if (light.type === 'environment') {
      let filtered: PrefilteredEnvironment | undefined; // shared by all lobes, and only made if one is glossy
      const prefiltered = (): PrefilteredEnvironment => (filtered ??= prefilterEnvironment(light.map));
      skies.push({ harmonics: projectEnvironment(light.map), prefiltered });
    } else if (light.type === 'prefiltered') {
      skies.push({ harmonics: light.harmonics, prefiltered: () => light });
    } else if (light.type === 'directional') {
      single.push({ kind: kindOf.directional, vector: light.direction, colour: light.irradiance });
    } else if (light.type === 'point') {
      single.push({ kind: kindOf.point, vector: light.position, colour: light.intensity });
    } else if (light.sphere) {
      const { position, radius } = light.sphere;
      const colour = light.radiance.mul(1 / sphereSamples);
      for (let k = 0; k < sphereSamples; k++) {
        const sample = concat([radius.reshape([1]), tensor([(k + 0.5) / sphereSamples, radicalInverse(k)])]);
        single.push({ kind: kindOf.sphere, vector: position, colour, sample });
      }
    } else {
      throw new ShapeError(
        'renderMesh: area lights need a renderer with rays; use pathTrace, or a sphereLight in its place',
      );
    }
  }
  const rows = (name: 'vector' | 'colour' | 'sample'): Tensor =>
    concat(single.map((s) => (s[name] ?? zeros([3])).reshape([1, 3])));
  return {
    harmonics: sumOfHarmonics(harmonics),
    skies,
    single:
      single.length === 0
        ? undefined
        : {
            kinds: tensor(Int32Array.from(single, (s) => s.kind)),
            vectors: rows('vector'),
            colours: rows('colour'),
            samples: single.some((s) => s.sample) ? rows('sample') : undefined,
          },
  };
}

/** The sum of coefficients of any number of bands; undefined without any. */
export function sumOfHarmonics(all: readonly Tensor[]): Tensor | undefined {
  const most = Math.max(0, ...all.map((h) => h.shape[0]));
  return all.length === 0 ? undefined : all.map((h) => padded(h, most)).reduce((a, b) => a.add(b));
}

const padded = (rows: Tensor, count: number): Tensor =>
  rows.shape[0] === count
    ? rows
    : rows.pad([
        [0, count - rows.shape[0]],
        [0, 0],
      ]);

const texts = { plain: new WeakMap<BsdfKind, ExprFunction>(), spheres: new WeakMap<BsdfKind, ExprFunction>() };

/**
 * A direction to a sphere, evenly spread over what of it is seen, and that solid angle; nothing from inside. `unit` and
 * `square`: direction and squared distance of its centre; sample: its radius and two uniform numbers.
 */
const towardsSphere = expr`
  struct Towards { wi: vec3f, solidAngle: f32 }
  fn towardsSphere(unit: vec3f, square: f32, sample: vec3f) -> Towards {
    let s2 = sample.x * sample.x / max(square, 1e-30);     // squared sine of its angle
    if (s2 >= 1.0) { return Towards(unit, 0.0); }
    let depth = s2 / (1.0 + sqrt(1.0 - s2));               // 1 - cosine
    let drop = sample.y * depth;
    let r = sqrt(drop * (2.0 - drop));
    let phi = TAU * sample.z;
    return Towards(${fromFrame}(vec3f(r * cos(phi), r * sin(phi), 1.0 - drop), unit), TAU * depth);
  }`;

const bySample = `
      if (kind == ${kindOf.sphere}) {
        let towards = towardsSphere(unit, square, sample);
        wi = towards.wi;
        falloff = towards.solidAngle;
      }`;

/**
 * What a lobe reflects of one light: (p, n, side, viewer, kind, vector, colour, ...parameters) -> vec3f; where there are
 * spheres, with the sample after the colour.
 */
function reflectedLight(kind: BsdfKind, spheres: boolean): ExprFunction {
  const known = spheres ? texts.spheres : texts.plain;
  let fn = known.get(kind);
  if (fn === undefined) {
    const members = Object.entries(kind.params);
    const list = members.map(([name, type]) => `p_${name}: ${type}`).join(', ');
    const names = members.map(([name]) => `p_${name}`).join(', ');
    const text = `fn ${kind.name}_lit(
        p: vec3f, n: vec3f, side: vec3f, viewer: vec3f, kind: i32, vector: vec3f, colour: vec3f,
        ${spheres ? 'sample: vec3f,' : ''} ${list}) -> vec3f {
      let way = select(vector, vector - p, kind == ${kindOf.point} || kind == ${kindOf.sphere});
      let square = dot(way, way);
      let unit = way * inverseSqrt(select(square, 1.0, square <= 0.0));
      var wi = select(select(unit, -unit, kind == ${kindOf.directional}), viewer, kind == ${kindOf.headlight});
      var falloff = select(1.0, 1.0 / select(square, 1.0, square <= 0.0), kind == ${kindOf.point});
      ${spheres ? bySample : ''}
      let local = toFrame(wi, n);
      if (local.z <= 0.0 || dot(wi, side) <= 0.0) { return vec3f(0.0); }
      return ${kind.evaluate.name}(local, toFrame(viewer, n), ${names}) * colour * (local.z * falloff);
    }`;
    known.set(kind, (fn = parse(text, { uses: [toFrame, towardsSphere, kind.evaluate] }).entry));
  }
  return fn;
}

/** Where surfaces are and how they look: [B?, H, W, 3] each. */
export interface LitPlace {
  readonly position: Tensor;
  readonly normal: Tensor;
  readonly side: Tensor;
  readonly viewer: Tensor;
}

/** Radiance [B?, H, W, 3] that a lobe of parameters [B?, H, W, C] or [C], scalars [B?, H, W] or [], reflects of single lights. */
export function reflectSingle(
  kind: BsdfKind,
  values: Readonly<Record<string, Tensor | number>>,
  { kinds, vectors, colours, samples }: NonNullable<Lights['single']>,
  { position, normal, side, viewer }: LitPlace,
): Tensor {
  // one dimension more for the lights, before a vector's components
  const spread = (x: Tensor | number, type: string): Tensor | number => {
    if (typeof x === 'number' || x.rank < 2) return x;
    return x.unsqueeze(type === 'f32' ? -1 : -2);
  };
  const parameters = Object.entries(kind.params).map(([name, type]) => spread(values[name], type));
  const lights = [kinds, vectors, colours, ...(samples ? [samples] : [])];
  const place = [position, normal, side, viewer].map((t) => t.unsqueeze(-2));
  return elementwise(reflectedLight(kind, samples !== undefined), ...place, ...lights, ...parameters).sum(-2);
}
