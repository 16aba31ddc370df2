import { ShapeError, elementwise, parse, stack, tensor } from '../engine.js';
import type { ExprFunction, Tensor } from '../engine.js';
import { detached, part } from './integrand/steps.js';
import type { Integrand, Operand } from './integrand/steps.js';
import type { Shape } from './scene.js';

/**
 * How a value of the surface or of the environment is stored in the scene. A value is the weighted sum of one to four
 * rows: a constant is one row; a value per vertex three, weighted by the place in the triangle; a texture four texels.
 */
const storage = { constant: 0, vertex: 1, textureClamp: 2, textureRepeat: 3, environment: 4 } as const;

const { functions } = parse(`
  // r = (storage, first float, columns, rows)
  fn wrapped(x: f32, n: u32, repeat: bool) -> u32 {
    let size = i32(n);
    let k = i32(x);
    return u32(select(clamp(k, 0, size - 1), ((k % size) + size) % size, repeat));
  }
  // place in texels, rows from the top; a texel's centre is a whole number
  fn texelPlace(r: vec4u, uv: vec2f) -> vec2f {
    let v = select(1.0 - uv.y, uv.y, r.x == 4);
    return vec2f(uv.x * f32(r.z), v * f32(r.w)) - 0.5;
  }

  struct Footprint { rows: vec4u, count: u32 }
  fn footprint(r: vec4u, width: u32, vertices: vec4u, uv: vec2f) -> Footprint {
    if (r.x == 0) { return Footprint(vec4u(r.y), 1); }
    if (r.x == 1) { return Footprint(r.y + width * vertices, 3); }
    let place = floor(texelPlace(r, uv));
    let x0 = wrapped(place.x, r.z, r.x >= 3);
    let x1 = wrapped(place.x + 1.0, r.z, r.x >= 3);
    let y0 = r.z * wrapped(place.y, r.w, r.x == 3);
    let y1 = r.z * wrapped(place.y + 1.0, r.w, r.x == 3);
    return Footprint(r.y + width * vec4u(y0 + x0, y0 + x1, y1 + x0, y1 + x1), 4);
  }

  fn footprintWeights(r: vec4u, w: vec2f, uv: vec2f) -> vec4f {
    let place = texelPlace(r, uv);
    let f = place - floor(place);
    let bilinear = vec4f((1.0 - f.x) * (1.0 - f.y), f.x * (1.0 - f.y), (1.0 - f.x) * f.y, f.x * f.y);
    let inTriangle = vec4f(1.0 - w.x - w.y, w.x, w.y, 0.0);
    return select(select(bilinear, inTriangle, r.x == 1), vec4f(1.0, 0.0, 0.0, 0.0), r.x == 0);
  }

  fn blend1(w: vec4f, a: f32, b: f32, c: f32, d: f32) -> f32 { return w.x * a + w.y * b + w.z * c + w.w * d; }
  fn blend2(w: vec4f, a: vec2f, b: vec2f, c: vec2f, d: vec2f) -> vec2f { return w.x * a + w.y * b + w.z * c + w.w * d; }
  fn blend3(w: vec4f, a: vec3f, b: vec3f, c: vec3f, d: vec3f) -> vec3f { return w.x * a + w.y * b + w.z * c + w.w * d; }
  fn blend4(w: vec4f, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f { return w.x * a + w.y * b + w.z * c + w.w * d; }
`);

const get = (name: string): ExprFunction => functions.get(name)!;
const footprint = get('footprint');
const footprintWeights = get('footprintWeights');
const blends = [1, 2, 3, 4].map((n) => get(`blend${n}`));

/** Storage, address, columns, rows. */
export type ValueRecord = readonly [storage: number, at: number, columns: number, rows: number];

/**
 * How a value of a shape is stored.
 * @param what its name, for errors.
 * @param width number of its components.
 * @param place where its first float is, and the number of the shape's first vertex.
 * @throws ShapeError where its shape is none of a constant, a texture, and one value per vertex.
 */
export function valueRecord(
  what: string,
  value: Tensor | number,
  width: number,
  { mesh, wrap }: Shape,
  { at, firstVertex }: { readonly at: number; readonly firstVertex: number },
): ValueRecord {
  const shape = typeof value === 'number' ? [] : value.shape;
  const { vertexCount } = mesh.topology;
  const single = shape.length === 0 && width === 1;
  if (single || (shape.length === 1 && shape[0] === width)) return [storage.constant, at, 1, 1];
  if (shape.length === 3 && shape[2] === width && shape[0] * shape[1] > 0) {
    return [wrap === 'repeat' ? storage.textureRepeat : storage.textureClamp, at, shape[1], shape[0]];
  }
  if (shape.length === 2 && shape[1] === width && shape[0] === vertexCount) {
    return [storage.vertex, (at - width * firstVertex) >>> 0, 1, 1];
  }
  throw new ShapeError(
    `pathTrace: ${what} must be a constant [${width}], a texture [H, W, ${width}] or one value per vertex ` +
      `[${vertexCount}, ${width}], got [${shape.join(', ')}]`,
  );
}

/** Where on the surface a value is wanted. */
export interface Place {
  /** vec4u: the corners' vertices (the fourth is not used) */
  readonly vertices: Operand;
  /** vec2f: weights of the second and third corner */
  readonly weights: Operand;
  /** vec2f */
  readonly uv: Operand;
}

/**
 * Steps that look a stored value up.
 * @param record vec4u: storage, address, columns, rows.
 * @param width floats per row.
 * @param active whether the stored values need gradients; the place has its own say.
 */
export function lookup(b: Integrand, record: Operand, width: number, place: Place, active: boolean): Operand {
  const print = b.constantCall(footprint, record, b.u32(width), place.vertices, place.uv);
  const rows = b.load(part(print, 'rows'), part(print, 'count'), 4, width, active);
  const weights = b.call(footprintWeights, detached(record), place.weights, place.uv);
  return b.call(blends[width - 1], weights, ...rows);
}

/**
 * The same look-up as tensor operations.
 * @param values the stored floats.
 * @param place vertices [N, 3] (counted like those of `record`), weights [N, 2] and uv [N, 2].
 */
export function lookupOnTensors(
  values: Tensor,
  record: ValueRecord,
  width: number,
  place: { readonly vertices: Tensor; readonly weights: Tensor; readonly uv: Tensor },
): Tensor {
  const words = tensor(Uint32Array.from(record));
  const vertices = place.vertices.to('uint32').pad([
    [0, 0],
    [0, 1],
  ]);
  const print = elementwise(footprint, words, tensor(Uint32Array.of(width)).select(0, 0), vertices, place.uv);
  const first = print.to('int32');
  const flat = values.flatten();
  const row = (k: number): Tensor =>
    stack(
      Array.from({ length: width }, (_, c) => flat.indexSelect(0, first.select(1, k).add(c))),
      1,
    );
  const weights = elementwise(footprintWeights, words, place.weights, place.uv);
  return elementwise(blends[width - 1], weights, row(0), row(1), row(2), row(3));
}
