import type { Accessor, Document, Primitive } from '@gltf-transform/core';
import { mat3, mat4, vec3 } from 'gl-matrix';
import { ChiaroError, FormatError } from '../../../engine.js';
import { weldSeams } from '../../../geometry/seams.js';
import type { MeshFile } from '../../../geometry/files/meshFile.js';
import type { FileReader } from '../obj.js';
import { plainMaterial } from '../sceneFile.js';
import type { SceneFile, ShapeFile } from '../sceneFile.js';
import { checkGLTF, numberList } from './check.js';
import type { CheckedGLTF } from './check.js';
import { bytesOfURI, fail, numbersOf, openContainer } from './container.js';
import type { Container, JsonObject } from './container.js';
import { gltfLibrary } from './library.js';
import { readMaterial } from './material.js';
import type { UVSource } from './material.js';

/** More triangles are refused: a small file can show one mesh thousands of times. */
const mostTriangles = 2 ** 24;

const points = 0;
const strip = 5;
const fan = 6;

/** Corners of triangles, from a list, a strip or a fan. */
function cornersOf(primitive: Primitive, vertexCount: number): Uint32Array | undefined {
  const mode = primitive.getMode();
  if (mode >= points && mode < 4) return undefined;
  const indices = primitive.getIndices()?.getArray();
  const count = indices?.length ?? vertexCount;
  const at = (k: number): number => (indices ? indices[k] : k);
  const triangles = mode === 4 ? Math.floor(count / 3) : Math.max(0, count - 2);
  const corners = new Uint32Array(3 * triangles);
  for (let f = 0; f < triangles; f++) {
    if (mode === strip) corners.set(f % 2 === 0 ? [at(f), at(f + 1), at(f + 2)] : [at(f + 1), at(f), at(f + 2)], 3 * f);
    else if (mode === fan) corners.set([at(0), at(f + 1), at(f + 2)], 3 * f);
    else corners.set([at(3 * f), at(3 * f + 1), at(3 * f + 2)], 3 * f);
  }
  const outside = corners.find((v) => v >= vertexCount);
  return outside === undefined ? corners : fail(`a triangle names vertex ${outside}; there are ${vertexCount}`);
}

/** The first `width` components of each element as finite floats; normalised integers become fractions. */
function floatsOf(what: string, accessor: Accessor, width: number, count: number): Float32Array {
  const size = accessor.getElementSize();
  if (size < width || accessor.getCount() !== count) {
    fail(`${what} has ${accessor.getCount()} elements of ${size} numbers; ${count} of ${width} are needed`);
  }
  const values = new Float32Array(width * count);
  const element: number[] = [];
  for (let k = 0; k < count; k++) {
    accessor.getElement(k, element);
    for (let c = 0; c < width; c++) values[k * width + c] = element[c];
  }
  const broken = values.findIndex((v) => !Number.isFinite(v));
  return broken < 0 ? values : fail(`${what} ${Math.floor(broken / width)} holds ${values[broken]}`);
}

/** A primitive in its own frame, as the file holds it: vertices are doubled along seams. */
function meshOf(primitive: Primitive, source: UVSource): MeshFile | undefined {
  const accessor = primitive.getAttribute('POSITION');
  if (accessor === null) return undefined;
  const count = accessor.getCount();
  const triangles = cornersOf(primitive, count);
  if (triangles === undefined) return undefined;
  const values = (semantic: string, width: number): Float32Array | undefined => {
    const attribute = primitive.getAttribute(semantic);
    return attribute === null ? undefined : floatsOf(semantic, attribute, width, count);
  };
  const uvs = values(`TEXCOORD_${source.texCoord}`, 2);
  const normals = values('NORMAL', 3);
  const colors = values('COLOR_0', 3);
  return {
    positions: floatsOf('POSITION', accessor, 3, count),
    triangles,
    ...(uvs && { uvs: source.place(uvs) }),
    ...(normals && { normals }),
    ...(colors && { colors }),
  };
}

/** A mesh moved by a matrix; turned over where the matrix mirrors, so that outside stays counter-clockwise. */
function moved(mesh: MeshFile, matrix: mat4): MeshFile {
  const positions = mesh.positions.slice();
  const p = vec3.create();
  for (let k = 0; k < positions.length; k += 3) {
    positions.set(vec3.transformMat4(p, positions.subarray(k, k + 3) as unknown as vec3, matrix), k);
  }
  const broken = positions.find((v) => !Number.isFinite(v));
  if (broken !== undefined) fail(`a node moves a vertex to ${broken}`);
  const triangles =
    mat4.determinant(matrix) < 0 ? mesh.triangles.map((_, c, t) => t[c + [0, 1, -1][c % 3]]) : mesh.triangles;
  return { ...mesh, positions, triangles, ...(mesh.normals && { normals: turned(mesh.normals, matrix) }) };
}

function turned(normals: Float32Array, matrix: mat4): Float32Array {
  const rotation = mat3.normalFromMat4(mat3.create(), matrix) ?? mat3.create(); // a flat node has no normals to turn
  const result = normals.slice();
  const n = vec3.create();
  for (let k = 0; k < normals.length; k += 3) {
    vec3.transformMat3(n, normals.subarray(k, k + 3) as unknown as vec3, rotation);
    result.set(vec3.normalize(n, n), k);
  }
  return result;
}

function localMatrix(node: JsonObject, at: number): mat4 {
  const numbers = (name: string, count: number): number[] | undefined =>
    node[name] === undefined ? undefined : numbersOf(`the ${name} of node ${at}`, node[name], count);
  const matrix = numbers('matrix', 16);
  if (matrix) return Float64Array.from(matrix) as unknown as mat4;
  return mat4.fromRotationTranslationScale(
    new Float64Array(16) as unknown as mat4,
    (numbers('rotation', 4) ?? [0, 0, 0, 1]) as [number, number, number, number],
    (numbers('translation', 3) ?? [0, 0, 0]) as vec3,
    (numbers('scale', 3) ?? [1, 1, 1]) as vec3,
  );
}

/** Every mesh that the scene shows, with its place. Nodes form trees: the check has seen to that. */
function* shown({ nodes, roots }: CheckedGLTF): Generator<{ mesh: number; name: string; matrix: mat4 }> {
  const stack = [...roots]
    .reverse()
    .map((at) => ({ at, above: mat4.identity(new Float64Array(16) as unknown as mat4) }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const node = nodes[next.at];
    const matrix = mat4.multiply(new Float64Array(16) as unknown as mat4, next.above, localMatrix(node, next.at));
    const name = typeof node['name'] === 'string' ? node['name'] : '';
    if (node['mesh'] !== undefined) yield { mesh: node['mesh'] as number, name, matrix };
    for (const child of numberList('children', node['children'], nodes.length - 1).reverse()) {
      stack.push({ at: child, above: matrix });
    }
  }
}

/** What the library stumbles over: it trusts materials to be as the specification says. */
const broken = (cause: unknown): FormatError =>
  new FormatError('glTF: the file is broken: a part of a material or mesh is missing or not as glTF 2.0 says', {
    cause,
  });

/** The document of the checked parts, by the library. */
async function documentOf({ json }: CheckedGLTF, container: Container): Promise<Document> {
  const library = await gltfLibrary();
  const io = new library.WebIO()
    .setLogger(new library.Logger(library.Logger.Verbosity.SILENT))
    .registerExtensions([
      ...[library.EXTTextureWebP, library.KHRMeshQuantization, library.KHRTextureTransform],
      ...[library.KHRMaterialsEmissiveStrength, library.KHRMaterialsIOR, library.KHRMaterialsSpecular],
    ]);
  const resources = {
    ...Object.fromEntries(container.buffers.map((buffer, k) => [`buffer${k}`, buffer])),
    ...Object.fromEntries((json.images ?? []).map((_, k) => [`image${k}`, new Uint8Array(0)])),
  };
  try {
    return await io.readJSON({ json, resources });
  } catch (error) {
    throw broken(error);
  }
}

async function readImages({ json, images }: CheckedGLTF, container: Container, read: FileReader) {
  const all: Uint8Array<ArrayBuffer>[] = [];
  for (const { bufferView, uri } of images) {
    if (bufferView === undefined) {
      all.push(await bytesOfURI(uri as string, read));
      continue;
    }
    const { buffer, byteOffset = 0, byteLength } = json.bufferViews![bufferView as number];
    all.push(container.buffers[buffer].slice(byteOffset, byteOffset + byteLength));
  }
  return all;
}

/**
 * Reads glTF 2.0, binary or text: every triangle mesh of the scene that the file shows first, moved to its place, with its
 * metallic-roughness material. Doubled vertices of seams become one (`weldSeams`). Texture coordinates are turned to v
 * upwards. Skins, animations, morph targets, cameras, points and lines are not read; notes say which the file has.
 *
 * Extensions: KHR_materials_specular, _ior, _emissive_strength, KHR_texture_transform (one for all textures of a
 * material), KHR_mesh_quantization, EXT_texture_webp.
 *
 * @param read gives the files that this one refers to, by their names.
 * @throws FormatError for broken files, and for what needs other extensions.
 */
export async function readGLTF(bytes: Uint8Array<ArrayBuffer>, read: FileReader): Promise<SceneFile> {
  const container = await openContainer(bytes, read);
  const checked = checkGLTF(container);
  const document = await documentOf(checked, container);
  try {
    return sceneOfDocument(document, checked, await readImages(checked, container, read));
  } catch (error) {
    if (error instanceof ChiaroError) throw error;
    throw broken(error);
  }
}

function sceneOfDocument(
  document: Document,
  checked: CheckedGLTF,
  images: readonly Uint8Array<ArrayBuffer>[],
): SceneFile {
  const notes = new Set(checked.notes);
  const read = document
    .getRoot()
    .listMaterials()
    .map((material) => readMaterial(material, images, notes));
  const numbers = new Map(
    document
      .getRoot()
      .listMaterials()
      .map((material, k) => [material, k]),
  );
  const meshes = document.getRoot().listMeshes();
  const plain = read.length;
  const shapes: ShapeFile[] = [];
  let triangles = 0;
  for (const { mesh, name, matrix } of shown(checked)) {
    for (const primitive of meshes[mesh].listPrimitives()) {
      const material = primitive.getMaterial();
      const number = material ? numbers.get(material)! : plain;
      const own = meshOf(primitive, material ? read[number].uvs : { texCoord: 0, place: upright });
      if (own === undefined) {
        notes.add('points and lines are not read');
        continue;
      }
      triangles += own.triangles.length / 3;
      if (triangles > mostTriangles) fail(`the scene shows more than ${mostTriangles} triangles`);
      shapes.push({ name: name || meshes[mesh].getName(), mesh: weldSeams(moved(own, matrix)), material: number });
    }
  }
  const needsPlain = shapes.some(({ material }) => material === plain);
  const grey = { ...plainMaterial, baseColor: [1, 1, 1] as const, metallic: 1 };
  return { shapes, materials: [...read.map((r) => r.material), ...(needsPlain ? [grey] : [])], notes: [...notes] };
}

/** Texture coordinates with v upwards. */
const upright = (uvs: Float32Array): Float32Array => uvs.map((x, k) => (k % 2 === 0 ? x : 1 - x));
