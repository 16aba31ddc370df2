import type { GLTF } from '@gltf-transform/core';
import { fail, integer, listOf, objectOf, shown } from './container.js';
import type { Container, JsonObject } from './container.js';

const componentBytes: Readonly<Record<number, number>> = { 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4 };
const components: Readonly<Record<string, number>> = {
  ...{ SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT2: 4, MAT3: 9, MAT4: 16 },
};

const last = (list: readonly unknown[]): number => list.length - 1;

/** Checks that views lie inside of their buffers. */
function checkViews(views: readonly JsonObject[], { buffers }: Container): void {
  views.forEach((view, k) => {
    const buffer = buffers[integer(`the buffer of view ${k}`, view['buffer'], last(buffers))];
    const offset = integer(`the offset of view ${k}`, view['byteOffset'], buffer.length, 0);
    integer(`the length of view ${k}`, view['byteLength'], buffer.length - offset);
    const stride = integer(`the stride of view ${k}`, view['byteStride'], 252, 4);
    if (stride < 4) fail(`the stride of view ${k} is ${stride}; the least is 4`);
  });
}

/** Bytes of one element. */
function elementBytes(what: string, componentType: unknown, type: unknown): number {
  const bytes = componentBytes[componentType as number];
  const count = typeof type === 'string' && Object.hasOwn(components, type) ? components[type] : undefined;
  if (bytes === undefined || count === undefined) {
    return fail(`the elements of ${what} are unknown: type ${shown(type)} of ${shown(componentType)}`);
  }
  return bytes * count;
}

/** Checks that elements lie inside of their view. */
function checkElements(what: string, view: JsonObject, offset: number, bytes: number, count: number): void {
  const stride = (view['byteStride'] as number | undefined) ?? bytes;
  const end = count === 0 ? 0 : offset + stride * (count - 1) + bytes;
  if (stride < bytes || end > (view['byteLength'] as number)) fail(`${what} has more elements than its view holds`);
}

function checkAccessors(accessors: readonly JsonObject[], views: readonly JsonObject[], size: number): void {
  accessors.forEach((accessor, k) => {
    const what = `accessor ${k}`;
    const bytes = elementBytes(what, accessor['componentType'], accessor['type']);
    const count = integer(`the count of ${what}`, accessor['count'], size);
    if (accessor['bufferView'] !== undefined) {
      const view = views[integer(`the view of ${what}`, accessor['bufferView'], last(views))];
      const offset = integer(`the offset of ${what}`, accessor['byteOffset'], size, 0);
      checkElements(what, view, offset, bytes, count);
    } else if (count * bytes > size) {
      fail(`${what} has ${count} elements without data, in a file of ${size} bytes`);
    }
    if (accessor['sparse'] === undefined) return;
    const sparse = objectOf(`the sparse part of ${what}`, accessor['sparse']);
    const few = integer(`the sparse count of ${what}`, sparse['count'], count);
    for (const name of ['indices', 'values']) {
      const part = objectOf(`the sparse ${name} of ${what}`, sparse[name]);
      const wide = name === 'values' ? bytes : elementBytes(what, part['componentType'], 'SCALAR');
      const view = views[integer(`the sparse view of ${what}`, part['bufferView'], last(views))];
      checkElements(what, view, integer(`the sparse offset of ${what}`, part['byteOffset'], size, 0), wide, few);
    }
  });
}

/** Extensions that are read. Others are ignored where the file can do without them. */
const read = new Set([
  'KHR_materials_specular',
  'KHR_materials_ior',
  'KHR_materials_emissive_strength',
  'KHR_texture_transform',
  'KHR_mesh_quantization',
  'EXT_texture_webp',
]);

/** What a file holds after the check. */
export interface CheckedGLTF {
  /** Accessors, materials and meshes, with indices that exist and data that lie inside of the file; nothing else. */
  readonly json: GLTF.IGLTF;
  readonly images: readonly JsonObject[];
  readonly nodes: readonly JsonObject[];
  /** Numbers of the nodes to begin at. */
  readonly roots: readonly number[];
  readonly notes: string[];
}

function primitivesOf(
  mesh: JsonObject,
  at: number,
  accessors: number,
  materials: number,
  notes: Set<string>,
): object[] {
  return listOf(`the primitives of mesh ${at}`, mesh['primitives']).map((primitive) => {
    const attributes = Object.entries(objectOf(`the attributes of mesh ${at}`, primitive['attributes'])).filter(
      ([name]) => /^(POSITION|NORMAL|TEXCOORD_\d|COLOR_0)$/.test(name),
    );
    for (const [name, index] of attributes) integer(`${name} of mesh ${at}`, index, accessors - 1);
    if (primitive['indices'] !== undefined) integer(`the indices of mesh ${at}`, primitive['indices'], accessors - 1);
    if (primitive['material'] !== undefined)
      integer(`the material of mesh ${at}`, primitive['material'], materials - 1);
    if (primitive['targets'] !== undefined) notes.add('morph targets are not read');
    return {
      attributes: Object.fromEntries(attributes),
      indices: primitive['indices'],
      material: primitive['material'],
      mode: integer(`the mode of mesh ${at}`, primitive['mode'], 6, 4),
    };
  });
}

/** The nodes to begin at: those of the scene that the file shows first, else all that are no one's child. */
function rootsOf(json: JsonObject, nodes: readonly JsonObject[]): number[] {
  const parent = new Int32Array(nodes.length).fill(-1);
  nodes.forEach((node, k) => {
    for (const child of numberList(`the children of node ${k}`, node['children'], last(nodes))) {
      if (parent[child] >= 0) fail(`node ${child} has two parents, ${parent[child]} and ${k}`);
      parent[child] = k;
    }
  });
  const scenes = listOf('scenes', json['scenes']);
  const free = [...parent.keys()].filter((k) => parent[k] < 0);
  if (scenes.length === 0) return free.length > 0 || nodes.length === 0 ? free : fail('the nodes are in a circle');
  const scene = scenes[integer('the scene', json['scene'], last(scenes), 0)];
  const roots = [...new Set(numberList('the nodes of the scene', scene['nodes'], last(nodes)))];
  const inner = roots.find((k) => parent[k] >= 0);
  return inner === undefined ? roots : fail(`node ${inner} of the scene is a child of node ${parent[inner]}`);
}

/** A list of whole numbers; none where it is missing. */
export function numberList(what: string, value: unknown, most: number): number[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return fail(`${what} are no list`);
  return value.map((item) => integer(what, item, most));
}

/**
 * Checks what a reader would trust: every index, and that no count claims more than the file holds. What comes back has
 * the checked parts only.
 */
export function checkGLTF(container: Container): CheckedGLTF {
  const { json, size } = container;
  const required = Array.isArray(json['extensionsRequired']) ? json['extensionsRequired'].map(String) : [];
  const unknown = required.find((name) => !read.has(name));
  if (unknown !== undefined) fail(`the file needs ${unknown.slice(0, 60)}, which is not read; save it without`);
  const used = Array.isArray(json['extensionsUsed']) ? json['extensionsUsed'].map(String) : [];
  const notes = new Set<string>();
  for (const name of used) if (!read.has(name)) notes.add(`the extension ${name.slice(0, 60)} is not read`);
  for (const what of ['skins', 'animations', 'cameras']) {
    if (listOf(what, json[what]).length > 0) notes.add(`${what} are not read`);
  }
  const list = (name: string): JsonObject[] => listOf(name, json[name]);
  const [bufferViews, accessors, images, materials, nodes] = [
    ...[list('bufferViews'), list('accessors'), list('images'), list('materials'), list('nodes')],
  ];
  checkViews(bufferViews, container);
  checkAccessors(accessors, bufferViews, size);
  images.forEach((image, k) => {
    if (image['bufferView'] !== undefined) integer(`the view of image ${k}`, image['bufferView'], last(bufferViews));
    else if (typeof image['uri'] !== 'string') fail(`image ${k} has no data`);
  });
  const meshes = list('meshes').map((mesh, k) => ({
    name: typeof mesh['name'] === 'string' ? mesh['name'] : '',
    primitives: primitivesOf(mesh, k, accessors.length, materials.length, notes),
  }));
  nodes.forEach((node, k) => {
    if (node['mesh'] !== undefined) integer(`the mesh of node ${k}`, node['mesh'], last(meshes));
  });
  const roots = rootsOf(json, nodes);
  const checked = {
    asset: { version: '2.0' },
    extensionsUsed: used.filter((name) => read.has(name)),
    buffers: container.buffers.map((buffer, k) => ({ uri: `buffer${k}`, byteLength: buffer.length })),
    // images are decoded by the caller; the library only tells them apart
    images: images.map((_, k) => ({ uri: `image${k}`, mimeType: 'image/png' })),
    ...{ bufferViews, accessors, materials, meshes },
    textures: list('textures'),
    samplers: list('samplers'),
  };
  return { json: checked as unknown as GLTF.IGLTF, images, nodes, roots, notes: [...notes] };
}
