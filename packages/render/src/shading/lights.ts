import { ShapeError, concat, elementwise, parse, tensor, zeros } from '../engine.js';
import type { ExprFunction, Tensor } from '../engine.js';
import type { BsdfKind } from '../bsdf/index.js';
import { projectEnvironment } from '../light/index.js';
import { toFrame } from '../math/frame.js';
import type { Emitter } from '../trace/emitters.js';

/**
 * A light that surfaces are shaded with, each by itself and without shadows: an emitter of a scene; coefficients [K, 3] of
 * spherical harmonics of radiance, K = 1, 4, ..., 81; or parallel light from the camera that a white surface shows as 1.
 */
export type MeshLight = Emitter | Tensor | 'headlight';

/** Lights as shading takes them. */
export interface Lights {
  /** [K, 3], the sum of all light from infinity. */
  readonly harmonics: Tensor | undefined;
  /** Lights in one direction each: kind [L], direction or place [L, 3], colour [L, 3]. */
  readonly single: { readonly kinds: Tensor; readonly vectors: Tensor; readonly colours: Tensor } | undefined;
}

const kindOf = { headlight: 0, directional: 1, point: 2 } as const;

/**
 * Sorts lights; environments become nine bands of harmonics.
 * @throws ShapeError for area lights, which have no closed form for every lobe, and for coefficients that do not fit.
 */
export function sortLights(lights: readonly MeshLight[]): Lights {
  const harmonics: Tensor[] = [];
  const single: { kind: number; vector: Tensor; colour: Tensor }[] = [];
  for (const light of lights) {
    if (light === 'headlight') {
      single.push({ kind: kindOf.headlight, vector: zeros([3]), colour: tensor([Math.PI, Math.PI, Math.PI]) });
    } else if (!('type' in light)) {
      if (light.rank !== 2 || light.shape[1] !== 3) {
        throw new ShapeError(`renderMesh: harmonics must be [K, 3], got [${light.shape.join(', ')}]`);
      }
      harmonics.push(light);
    } else if (light.type === 'environment') {
      harmonics.push(projectEnvironment(light.map));
    } else if (light.type === 'directional') {
      single.push({ kind: kindOf.directional, vector: light.direction, colour: light.irradiance });
    } else if (light.type === 'point') {
      single.push({ kind: kindOf.point, vector: light.position, colour: light.intensity });
    } else {
      throw new ShapeError(
        'renderMesh: area lights need a renderer with rays; use pathTrace, or a pointLight in its place',
      );
    }
  }
  const most = Math.max(0, ...harmonics.map((h) => h.shape[0]));
  const rows = (name: 'vector' | 'colour'): Tensor => concat(single.map((s) => s[name].reshape([1, 3])));
  return {
    harmonics: harmonics.length === 0 ? undefined : harmonics.map((h) => padded(h, most)).reduce((a, b) => a.add(b)),
    single:
      single.length === 0
        ? undefined
        : {
            kinds: tensor(Int32Array.from(single, (s) => s.kind)),
            vectors: rows('vector'),
            colours: rows('colour'),
          },
  };
}

const padded = (rows: Tensor, count: number): Tensor =>
  rows.shape[0] === count
    ? rows
    : rows.pad([
        [0, count - rows.shape[0]],
        [0, 0],
      ]);

const texts = new WeakMap<BsdfKind, ExprFunction>();

/** What a lobe reflects of one light: (p, n, side, viewer, kind, vector, colour, ...parameters) -> vec3f. */
function reflectedLight(kind: BsdfKind): ExprFunction {
  let fn = texts.get(kind);
  if (fn === undefined) {
    const members = Object.entries(kind.params);
    const list = members.map(([name, type]) => `p_${name}: ${type}`).join(', ');
    const names = members.map(([name]) => `p_${name}`).join(', ');
    const text = `fn ${kind.name}_lit(
        p: vec3f, n: vec3f, side: vec3f, viewer: vec3f, kind: i32, vector: vec3f, colour: vec3f, ${list}) -> vec3f {
      let way = select(vector, vector - p, kind == ${kindOf.point});
      let square = dot(way, way);
      let unit = way * inverseSqrt(select(square, 1.0, square <= 0.0));
      let wi = select(select(unit, -unit, kind == ${kindOf.directional}), viewer, kind == ${kindOf.headlight});
      let local = toFrame(wi, n);
      if (local.z <= 0.0 || dot(wi, side) <= 0.0) { return vec3f(0.0); }
      let falloff = select(1.0, 1.0 / select(square, 1.0, square <= 0.0), kind == ${kindOf.point});
      return ${kind.evaluate.name}(local, toFrame(viewer, n), ${names}) * colour * (local.z * falloff);
    }`;
    texts.set(kind, (fn = parse(text, { uses: [toFrame, kind.evaluate] }).entry));
  }
  return fn;
}

/** Where surfaces are and how they look: [H, W, 3] each. */
export interface LitPlace {
  readonly position: Tensor;
  readonly normal: Tensor;
  readonly side: Tensor;
  readonly viewer: Tensor;
}

/** Radiance [H, W, 3] that a lobe of parameters [H, W, C] or [C], scalars [H, W] or [], reflects of single lights. */
export function reflectSingle(
  kind: BsdfKind,
  values: Readonly<Record<string, Tensor | number>>,
  { kinds, vectors, colours }: NonNullable<Lights['single']>,
  { position, normal, side, viewer }: LitPlace,
): Tensor {
  // one dimension more for the lights, before a vector's components
  const spread = (x: Tensor | number): Tensor | number => (typeof x === 'number' || x.rank < 2 ? x : x.unsqueeze(2));
  const parameters = Object.keys(kind.params).map((name) => spread(values[name]));
  const place = [position, normal, side, viewer].map((t) => t.unsqueeze(2));
  return elementwise(reflectedLight(kind), ...place, kinds, vectors, colours, ...parameters).sum(2);
}
