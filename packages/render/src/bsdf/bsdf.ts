import { ShapeError, elementwise, link, parse, tensor } from '../engine.js';
import type { ExprFunction, Tensor } from '../engine.js';
import { cosinePdf, cosineSample } from './cosine.js';

/** Types of a lobe's parameters. */
export type BsdfParamType = 'f32' | 'vec2f' | 'vec3f' | 'vec4f';

/** Names and types of a lobe's parameters, in order. */
export type BsdfParams = Readonly<Record<string, BsdfParamType>>;

/**
 * A lobe as text. All directions are unit vectors in the frame of the shading normal (+Z) and point away from the
 * surface: `wi` to the light, `wo` to the viewer. The texts may name the struct `Params` (the parameters by their names)
 * and the functions in `uses`. Outside of the upper hemisphere every lobe is zero, and the texts are not asked.
 */
export interface BsdfDefinition<P extends BsdfParams> {
  /** For messages and kernel names. */
  readonly name?: string;
  /** fn evaluate(wi: vec3f, wo: vec3f, p: Params) -> vec3f: the BRDF in 1 / sr, without the cosine. */
  readonly evaluate: ExprFunction;
  /**
   * fn sample(u: vec3f, wo: vec3f, p: Params) -> vec3f: a direction wi from three uniform numbers in [0, 1), u.x meant
   * for the choice of a lobe. It may lie below the horizon: such a sample counts as nothing. Default: by the cosine.
   */
  readonly sample?: ExprFunction;
  /** fn pdf(wi: vec3f, wo: vec3f, p: Params) -> f32: density of `sample` per steradian. Comes with `sample`. */
  readonly pdf?: ExprFunction;
  readonly params: P;
  /** Functions that the texts call by name. */
  readonly uses?: readonly ExprFunction[];
  /**
   * The albedo of a Lambert base, where `evaluate` contains one as albedo / pi: a vec3f parameter, or a function
   * fn base(p: Params) -> vec3f. What treats the base apart takes it from here: shading by spherical harmonics and by
   * prefiltered environments.
   */
  readonly base?: (keyof P & string) | ExprFunction;
  /**
   * fn gloss(p: Params) -> vec4f: reflectance at normal incidence F0 (rgb) and roughness (a; alpha is its square) of a
   * GGX lobe with Schlick's Fresnel term, where `evaluate` is the base and such a lobe, nearly at least. Shading by
   * prefiltered environments takes it from here.
   */
  readonly gloss?: ExprFunction;
}

/** A value per parameter: a tensor that broadcasts over the surface (vectors in its last dimension), or a number. */
export type BsdfValues<P extends BsdfParams> = { readonly [K in keyof P]: Tensor | number };

/** A lobe with values for its parameters: a tree of tensors. */
export interface Bsdf {
  readonly kind: BsdfKind;
  /** In the order of the parameters: tensors whose last dimension holds a vector's components, or numbers for scalars. */
  readonly values: Readonly<Record<string, Tensor | number>>;
}

/** A lobe without values: its functions, with one parameter per lobe parameter in place of the struct. */
export interface BsdfKind {
  readonly name: string;
  readonly params: BsdfParams;
  /** (wi, wo, ...parameters) -> vec3f: the BRDF in 1 / sr, zero outside of the upper hemisphere. */
  readonly evaluate: ExprFunction;
  /** (u: vec3f, wo, ...parameters) -> vec3f */
  readonly sample: ExprFunction;
  /** (wi, wo, ...parameters) -> f32: 1 / sr, zero outside of the upper hemisphere. */
  readonly pdf: ExprFunction;
  /** (...parameters) -> vec3f: the albedo of the Lambert base, if the lobe has one. */
  readonly base: ExprFunction | undefined;
  /** (...parameters) -> vec4f: F0 and roughness of the GGX part, if the lobe has one. */
  readonly gloss: ExprFunction | undefined;
}

/** A lobe to be given values; `.kind` holds its functions. */
export type BsdfFactory<P extends BsdfParams> = ((values: BsdfValues<P>) => Bsdf) & { readonly kind: BsdfKind };

/**
 * Defines a lobe that works in every renderer and as a tensor operation, with gradients that are derived from its text.
 *
 * @example
 * const matte = bsdf({
 *   evaluate: expr`fn evaluate(wi: vec3f, wo: vec3f, p: Params) -> vec3f { return p.albedo * INV_PI; }`,
 *   params: { albedo: 'vec3f' },
 * });
 * const surface = matte({ albedo: texture });
 * @throws FormatError (with the place in the text) where a text does not fit, ShapeError where its signature does not.
 */
export function bsdf<P extends BsdfParams>(definition: BsdfDefinition<P>): BsdfFactory<P> {
  const { params, uses = [], name = 'bsdf', base, gloss } = definition;
  if ((definition.sample === undefined) !== (definition.pdf === undefined)) {
    throw new ShapeError(`bsdf ${name}: sample and pdf describe each other; give both or neither`);
  }
  if (typeof base === 'string' && params[base] !== 'vec3f') {
    throw new ShapeError(`bsdf ${name}: the base must be a vec3f parameter, ${base} is ${params[base] ?? 'none'}`);
  }
  const linkAs = (fn: ExprFunction, list: string, result: string): ExprFunction => {
    const linked = link(fn, { uses, structs: { Params: params } });
    const wanted = list.split(', ').map((p) => p.split(': ')[1]);
    const types = linked.params.map((p) => (typeof p.type === 'string' ? p.type : p.type.name));
    if (types.join() !== wanted.join() || linked.result !== result) {
      throw new ShapeError(
        `bsdf ${name}: write fn ${fn.name}(${list}) -> ${result}; found parameters (${types.join(', ')})`,
      );
    }
    return linked;
  };
  const complete = (fn: ExprFunction, first: string, result: string): ExprFunction =>
    linkAs(fn, `${first}: vec3f, wo: vec3f, p: Params`, result);
  const members = Object.entries(params);
  const list = members.map(([member, type]) => `p_${member}: ${type}`).join(', ');
  const struct = `Params(${members.map(([member]) => `p_${member}`).join(', ')})`;
  const flatten = (fn: ExprFunction, suffix: string, first: string, result: string, zero?: string): ExprFunction => {
    const inside = zero === undefined ? '' : `if (!(wi.z > 0.0 && wo.z > 0.0)) { return ${zero}; }`;
    const text = `fn ${name}_${suffix}(${first}: vec3f, wo: vec3f, ${list}) -> ${result} {
      ${inside}
      return ${fn.name}(${first}, wo, ${struct});
    }`;
    return parse(text, { uses: [fn], structs: { Params: params } }).entry;
  };
  /** A function of the parameters alone. */
  const ofParameters = (fn: ExprFunction, suffix: string, result: string): ExprFunction => {
    const linked = linkAs(fn, 'p: Params', result);
    const text = `fn ${name}_${suffix}(${list}) -> ${result} { return ${linked.name}(${struct}); }`;
    return parse(text, { uses: [linked], structs: { Params: params } }).entry;
  };
  const baseOf = (): ExprFunction | undefined => {
    if (typeof base !== 'string') return base && ofParameters(base, 'b', 'vec3f');
    return parse(`fn ${name}_b(${list}) -> vec3f { return p_${base}; }`).entry;
  };
  const kind: BsdfKind = {
    name,
    params,
    evaluate: flatten(complete(definition.evaluate, 'wi', 'vec3f'), 'f', 'wi', 'vec3f', 'vec3f(0.0)'),
    sample: flatten(complete(definition.sample ?? cosineSample, 'u', 'vec3f'), 's', 'u', 'vec3f'),
    pdf: flatten(complete(definition.pdf ?? cosinePdf, 'wi', 'f32'), 'p', 'wi', 'f32', '0.0'),
    base: baseOf(),
    gloss: gloss && ofParameters(gloss, 'g', 'vec4f'),
  };
  const factory = (values: BsdfValues<P>): Bsdf => ({ kind, values: checkValues(kind, values) });
  return Object.assign(factory, { kind });
}

function checkValues(kind: BsdfKind, values: Readonly<Record<string, Tensor | number>>): Bsdf['values'] {
  const names = Object.keys(kind.params);
  const extra = Object.keys(values).filter((key) => !names.includes(key));
  const missing = names.filter((key) => values[key] === undefined);
  if (extra.length + missing.length > 0) {
    const found = [...missing.map((k) => `${k} is missing`), ...extra.map((k) => `${k} is unknown`)].join(', ');
    throw new ShapeError(`bsdf ${kind.name} has the parameters ${names.join(', ')}: ${found}`);
  }
  return Object.fromEntries(names.map((key) => [key, checkValue(kind, key, values[key])]));
}

function checkValue(kind: BsdfKind, key: string, value: Tensor | number): Tensor | number {
  const type = kind.params[key];
  const width = type === 'f32' ? 1 : Number(type[3]);
  if (typeof value === 'number') return width === 1 ? value : tensor(new Array<number>(width).fill(value));
  if (width > 1 && value.shape.at(-1) !== width) {
    throw new ShapeError(
      `bsdf ${kind.name}: ${key} is a ${type}, so its tensor needs a last dimension of ${width}; got [${value.shape.join(', ')}]`,
    );
  }
  return value;
}

/**
 * The BRDF in 1 / sr for directions [..., 3] in the frame of the shading normal -> [..., 3]; parameters broadcast
 * against the leading dimensions. Differentiable in everything.
 */
export function evaluateBsdf(surface: Bsdf, wi: Tensor, wo: Tensor): Tensor {
  return elementwise(surface.kind.evaluate, wi, wo, ...Object.values(surface.values));
}

/** Directions wi [..., 3] that the lobe samples for viewers wo [..., 3], from uniform numbers u [..., 3]. */
export function sampleBsdf(surface: Bsdf, u: Tensor, wo: Tensor): Tensor {
  return elementwise(surface.kind.sample, u, wo, ...Object.values(surface.values));
}

/** Density of `sampleBsdf` per steradian, [...]. */
export function pdfBsdf(surface: Bsdf, wi: Tensor, wo: Tensor): Tensor {
  return elementwise(surface.kind.pdf, wi, wo, ...Object.values(surface.values));
}
