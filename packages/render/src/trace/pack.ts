import { ShapeError, concat, noGrad, tensor, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { BsdfKind } from '../bsdf/index.js';
import type { Camera } from '../camera/index.js';
import { mesh } from '../geometry/index.js';
import { importanceTables } from '../light/index.js';
import type { AreaEmitter, DirectionalEmitter, EnvironmentEmitter, PointEmitter } from './emitters.js';
import { rowsOfBits } from './bvh/index.js';
import { joinTopology, joinVertices } from './geometry.js';
import { inPlace, plantedTrees, transformRows } from './instances.js';
import type { JoinedTopology, Part } from './geometry.js';
import { emitterKind } from './lights.js';
import { valueRecord } from './lookup.js';
import type { Scene, Shape } from './scene.js';
import type { Needs, Structure } from './structure.js';

/** A scene as the kernels read it. */
export interface PackedScene {
  readonly structure: Structure;
  readonly needs: Needs;
  /** All floats that carry gradients, end to end; the `smallCount` first are those that every sample reads. */
  readonly scene: Tensor;
  /** [N, 4] records of shapes and emitters, and triangles; a row with the random key is still to be put in front. */
  readonly records: Tensor;
  /** The tree, and behind it the tables that lights are sampled by. */
  readonly bvh: Tensor;
  /** Addresses and sizes: options of the program. */
  readonly layout: SceneLayout;
  /** Number of emitters that are sampled. */
  readonly lightCount: number;
  readonly lamps: Lamps;
  /** All meshes as one. */
  readonly joined: JoinedTopology;
  /** What they were, and which of them reflect with the normals of their triangles. */
  readonly parts: readonly Part[];
  readonly isFlat: readonly boolean[];
  /** [V, 3] */
  readonly positions: Tensor;
}

/** The emitters of a packed scene by kind; `At` are addresses of floats in it. */
export interface Lamps {
  readonly sky: boolean;
  readonly areas: readonly { readonly firstTriangle: number; readonly radianceAt: number; readonly count: number }[];
  readonly deltas: readonly {
    readonly type: 'directional' | 'point';
    /** [3] direction or place */
    readonly vector: Tensor;
    readonly colourAt: number;
  }[];
}

/** Addresses of arrays in the packed scene (floats), in the tables and behind the tree (words); sizes. */
export type SceneLayout = Readonly<
  Record<
    | 'smallCount'
    | 'positionsAt'
    | 'normalsAt'
    | 'uvsAt'
    | 'tangentsAt'
    | 'environmentAt'
    | 'environmentWidth'
    | 'environmentHeight'
    | 'marginalAt'
    | 'conditionalAt'
    | 'densityAt'
    | 'emittersAt'
    | 'trianglesAt'
    | 'triangleCount'
    | 'transformsAt'
    | 'forestAt'
    | 'instanceShift'
    | 'instanceCount',
    number
  >
>;

/** An input's place in the packed scene; the address is known once all inputs are. */
interface Entry {
  readonly flat: Tensor;
  at: number;
}

/** Most floats that one input may have to be summed privately, and all of them together. */
const smallInput = 16;
const smallTotal = 64;

class Floats {
  readonly entries: Entry[] = [];

  add(values: Tensor): Entry {
    const entry = { flat: values.rank === 1 ? values : values.reshape([values.size]), at: 0 };
    this.entries.push(entry);
    return entry;
  }

  /** Gives every entry its address: small ones first. */
  place(): { scene: Tensor; smallCount: number } {
    let smallCount = 0;
    const [small, large]: Entry[][] = [[], []];
    for (const entry of this.entries) {
      const { size } = entry.flat;
      const fits = size <= smallInput && smallCount + size <= smallTotal;
      (fits ? small : large).push(entry);
      if (fits) smallCount += size;
    }
    const ordered = [...small, ...large];
    let at = 0;
    for (const entry of ordered) {
      entry.at = at;
      at += entry.flat.size;
    }
    return { scene: concat(ordered.map((e) => e.flat)), smallCount };
  }
}

/** Words of the table in front of the shapes: the random key. */
const shapesAt = 4;

/** Lays a scene out for the kernels. Lazy: nothing is computed yet. */
export function packScene(
  scene: Scene,
  camera: Camera,
  { filter, bounces }: Pick<Structure, 'filter' | 'bounces'>,
): PackedScene {
  const { shapes, emitters = [], instances = [] } = scene;
  const environments = emitters.filter((e): e is EnvironmentEmitter => e.type === 'environment');
  if (environments.length > 1) {
    throw new ShapeError(`pathTrace: a scene has at most one environment, got ${environments.length}; add their maps`);
  }
  const sky = environments.at(0);
  const areas = emitters.filter((e): e is AreaEmitter => e.type === 'area' && e.mesh.topology.triangleCount > 0);
  const deltas = emitters.filter(
    (e): e is DirectionalEmitter | PointEmitter => e.type === 'directional' || e.type === 'point',
  );
  const isSome = (p: Part): boolean => p.mesh.topology.triangleCount > 0;
  const copied = instances.filter((i) => isSome(i.shape) && i.transforms.size > 0);
  const single: Part[] = [...shapes, ...areas].filter(isSome);
  const alone = shapes.filter(isSome);
  const visible = [...alone, ...copied.map((i) => i.shape)];
  if (single.length === 0) single.push({ mesh: mesh({ positions: new Float32Array(9), triangles: [0, 1, 2] }) });
  const parts = [...single, ...copied.map((i) => i.shape)];
  const partOf = (s: number): number => (s < alone.length ? s : s - alone.length + single.length);
  const joined = joinTopology(parts);
  const vertices = joinVertices(parts);
  const kinds = kindsOf(visible);

  const floats = new Floats();
  const lens = camera.distortion ? 'distorted' : camera.projection;
  const cameraEntries = cameraFloats(camera).map((rows) => floats.add(rows));
  const places = {
    positionsAt: floats.add(vertices.positions),
    normalsAt: floats.add(vertices.normals),
    uvsAt: floats.add(vertices.uvs),
    tangentsAt: vertices.tangents && floats.add(vertices.tangents),
    environmentAt: sky && floats.add(sky.map),
    transformsAt: copied.length > 0 ? floats.add(concat([inPlace(), ...copied.map(transformRows)])) : undefined,
  };
  const values = visible.map((shape) => Object.values(shape.bsdf.values).map((v) => floats.add(asTensor(v))));
  const flatTexel = tensor([0.5, 0.5, 1]);
  const maps = visible.map(({ normalMap }) => floats.add(normalMap ?? flatTexel));
  const vectors = deltas.map((e) => floats.add(e.type === 'point' ? e.position : e.direction));
  const colours = deltas.map((e) => floats.add(e.type === 'point' ? e.intensity : e.irradiance));
  const radiances = areas.map((e) => floats.add(e.radiance));
  const placed = floats.place();

  // behind the tree: the tables that lights are sampled by
  const { tree, ...planting } = plantedTrees(single, copied, joined, vertices.positions);
  let weightsAt = tree.size;
  const weights: Tensor[] = [];
  const addWeights = (t: Tensor): number => {
    weights.push(t.flatten());
    return (weightsAt += t.size) - t.size;
  };
  const tables = sky && importanceTables(sky.map);
  const skyLayout = {
    marginalAt: tables ? addWeights(tables.marginal) : 0,
    conditionalAt: tables ? addWeights(tables.conditional) : 0,
    densityAt: tables ? addWeights(tables.density) : 0,
    environmentWidth: tables?.width ?? 1,
    environmentHeight: tables?.height ?? 1,
  };

  const stride = 8 + 4 * Math.max(0, ...kinds.map((k) => Object.keys(k.params).length));
  const emittersAt = shapesAt + stride * parts.length;
  const shapeRecords = visible.map((shape, s) => {
    const { normalMap, bsdf } = shape;
    const partRecord = [kinds.indexOf(bsdf.kind), Number(shape.shading === 'flat'), 0, 0];
    const firstVertex = joined.firstVertex[partOf(s)];
    const mapRecord = valueRecord('a normal map', normalMap ?? flatTexel, 3, shape, { at: maps[s].at, firstVertex });
    const params = Object.entries(bsdf.kind.params).map(([name, type], p) => {
      const width = type === 'f32' ? 1 : Number(type[3]);
      const what = `${name} of ${bsdf.kind.name}`;
      return valueRecord(what, bsdf.values[name], width, shape, { at: values[s][p].at, firstVertex });
    });
    return padded([...partRecord, ...mapRecord, ...params.flat()], stride);
  });
  const emitterRecords: number[][] = [];
  if (sky) emitterRecords.push([emitterKind.environment]);
  deltas.forEach((e, k) => emitterRecords.push([emitterKind[e.type], vectors[k].at, colours[k].at]));
  const lightRecords = areas.map((e, k) => {
    const first = joined.firstTriangle[alone.length + k];
    const count = e.mesh.topology.triangleCount;
    const twoSided = Number(e.twoSided);
    const at = emittersAt + 8 * emitterRecords.length;
    const sums = addWeights(areaSums(e));
    emitterRecords.push([emitterKind.area, 0, radiances[k].at, twoSided, sums, count, first]);
    return padded([0xffffffff, 1, at, twoSided], stride);
  });
  const lightCount = emitterRecords.length;
  emitterRecords.push([emitterKind.lobe]);
  const partRecords = parts.map((): number[] => padded([], stride));
  shapeRecords.forEach((record, s) => (partRecords[partOf(s)] = record));
  lightRecords.forEach((record, k) => (partRecords[alone.length + k] = record));
  const words = [...partRecords, ...emitterRecords.map((r) => padded(r, 8))].flat();
  const trianglesAt = shapesAt + words.length;

  const grads = (list: readonly { readonly flat: Tensor }[]): boolean => list.some((e) => e.flat.requiresGrad);
  const one = (entry: Entry | undefined): boolean => entry !== undefined && grads([entry]);
  return {
    structure: {
      lens,
      kinds,
      environment: sky !== undefined,
      background: sky?.background ?? false,
      area: areas.length > 0,
      delta: deltas.length > 0,
      normalMaps: visible.some((s) => s.normalMap),
      flat: visible.some((s) => s.shading === 'flat'),
      filter,
      instances: copied.length > 0,
      bounces: bounces && lightCount > 0 && kinds.length > 0,
    },
    needs: {
      camera: grads(cameraEntries),
      positions: one(places.positionsAt),
      normals: one(places.normalsAt),
      uvs: one(places.uvsAt),
      tangents: one(places.tangentsAt),
      normalMap: grads(maps),
      transforms: one(places.transformsAt),
      parameters: kinds.map((kind) =>
        Object.keys(kind.params).map((_, p) =>
          grads(values.flatMap((v, s) => (visible[s].bsdf.kind === kind ? [v[p]] : []))),
        ),
      ),
      environment: one(places.environmentAt),
      lights: grads([...vectors, ...colours, ...radiances]),
    },
    ...{ joined, parts, positions: vertices.positions },
    isFlat: parts.map((_, k) => visible.some((shape, s) => partOf(s) === k && shape.shading === 'flat')),
    scene: placed.scene,
    records: concat([tensor(Uint32Array.from(words)), triangleWords(joined, stride)]).reshape([-1, 4]),
    bvh: weights.length > 0 ? noGrad(() => concat([tree, rowsOfBits(weights)])) : tree,
    layout: {
      positionsAt: places.positionsAt.at,
      normalsAt: places.normalsAt.at,
      uvsAt: places.uvsAt.at,
      tangentsAt: places.tangentsAt?.at ?? 0,
      environmentAt: places.environmentAt?.at ?? 0,
      ...skyLayout,
      emittersAt,
      trianglesAt,
      triangleCount: joined.triangleCount,
      transformsAt: places.transformsAt?.at ?? 0,
      ...planting,
      smallCount: placed.smallCount,
    },
    lightCount,
    lamps: {
      sky: sky !== undefined,
      areas: areas.map((e, k) => ({
        firstTriangle: joined.firstTriangle[alone.length + k],
        radianceAt: radiances[k].at,
        count: e.mesh.topology.triangleCount,
      })),
      deltas: deltas.map((e, k) => ({
        type: e.type,
        vector: e.type === 'point' ? e.position : e.direction,
        colourAt: colours[k].at,
      })),
    },
  };
}

const padded = (words: readonly number[], length: number): number[] => Array.from({ length }, (_, k) => words[k] ?? 0);

const asTensor = (v: Tensor | number): Tensor => (typeof v === 'number' ? tensor([v]) : v);

/** A camera's floats, as rows of four: those of `cameraRows`, and of a lens that distorts two more. */
export const cameraFloats = (camera: Camera): Tensor[] => [
  cameraRows(camera),
  ...(camera.distortion ? [camera.distortion.pad([[0, 3]])] : []),
];

/** fx, fy, cx, cy, and the rows of rotation and position: [16]. */
function cameraRows({ intrinsics, pose, views }: Camera): Tensor {
  if (views !== undefined) {
    throw new ShapeError(`pathTrace: one view at a time, got a camera of ${views}; make a camera of each`);
  }
  return concat([intrinsics, concat([pose.rotation.matrix, pose.position.reshape([3, 1])], 1).reshape([12])]);
}

/** The lobes of the shapes, each once. */
const kindsOf = (shapes: readonly Shape[]): BsdfKind[] => [...new Set(shapes.map((s) => s.bsdf.kind))];

/** [F + 1] exclusive sums of the triangles' areas over their total: the table that an area light is sampled by. */
function areaSums({ mesh: { positions, triangles } }: AreaEmitter): Tensor {
  return noGrad(() => {
    const [a, b, c] = [0, 1, 2].map((k) => positions.indexSelect(0, triangles.select(1, k)));
    const [e, f] = [b.sub(a), c.sub(a)];
    const [x, y, z] = [0, 1, 2].map((k) => {
      const [i, j] = [(k + 1) % 3, (k + 2) % 3];
      return e
        .select(1, i)
        .mul(f.select(1, j))
        .sub(e.select(1, j).mul(f.select(1, i)));
    });
    const sums = x.square().add(y.square()).add(z.square()).sqrt().cumSum(0);
    return concat([zeros([1]), sums.div(sums.slice([-1]))]);
  });
}

const triangleTables = new WeakMap<JoinedTopology, Map<number, Uint32Array>>();

/** Triangles: rows of positions, address of the shape's record, rows of texture coordinates. */
function triangleWords(joined: JoinedTopology, stride: number): Tensor {
  let tables = triangleTables.get(joined);
  if (tables === undefined) triangleTables.set(joined, (tables = new Map<number, Uint32Array>()));
  let table = tables.get(stride);
  if (table === undefined) {
    const { triangleCount, rows, partOf } = joined;
    table = new Uint32Array(8 * triangleCount);
    for (let f = 0; f < triangleCount; f++) {
      table.set(rows.subarray(6 * f, 6 * f + 3), 8 * f);
      table[8 * f + 3] = shapesAt + stride * partOf[f];
      table.set(rows.subarray(6 * f + 3, 6 * f + 6), 8 * f + 4);
    }
    tables.set(stride, table);
  }
  return tensor(table);
}
