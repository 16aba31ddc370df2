import { mesh, tensor } from '../engine.js';
import type { Mesh, Tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import { capsuleSurface, capsuleTopology } from './capsules.js';
import type { FaceScene } from './faceScene.js';
import { hairSurface, hairTopology } from './hair.js';
import { scenePart } from './sceneParts.js';
import type { PartSurface } from './sceneParts.js';

/** The head and what stands before it as one mesh, whose vertices are the head's and then the others'. */
export interface SceneTopology {
  readonly mesh: Mesh;
  /** [F] float32 `scenePart` of each triangle. */
  readonly parts: Tensor;
  readonly hasExtras: boolean;
}

/** The topology of all scenes that have the same kinds of things as this one. */
export function sceneTopology(model: MorphableModel, { occluders, hair }: FaceScene): SceneTopology {
  const { data, vertexCount } = model;
  const extras = [...(occluders ? [capsuleTopology()] : []), ...(hair ? [hairTopology(model)] : [])];
  const [rest, triangles, uvTriangles, parts] = [
    Array.from(data.positions),
    Array.from(data.triangles),
    Array.from(data.uvTriangles),
    new Array<number>(data.triangles.length / 3).fill(scenePart.head),
  ];
  let first = vertexCount;
  for (const extra of extras) {
    for (const v of extra.triangles) {
      triangles.push(first + v);
      uvTriangles.push(data.uvs.length / 2);
    }
    for (const x of extra.rest) rest.push(x);
    for (let f = 0; f < extra.triangles.length / 3; f++) parts.push(extra.part);
    first += extra.rest.length / 3;
  }
  return {
    mesh: mesh({ positions: rest, triangles, uvs: [...data.uvs, 0, 0], uvTriangles }),
    parts: tensor(Float32Array.from(parts), [parts.length]),
    hasExtras: extras.length > 0,
  };
}

/** What is not the head, as inputs of the renderer: [E, 3] each, and [E, 1]. */
export function extraInputs(model: MorphableModel, scene: FaceScene): Readonly<Record<string, Tensor>> {
  const { occluders, hair } = scene;
  const surfaces = [
    ...(occluders ? [capsuleSurface(occluders)] : []),
    ...(hair ? [hairSurface(model, scene, hair)] : []),
  ];
  if (surfaces.length === 0) return {};
  const joined = (width: number, of: (surface: PartSurface) => Float32Array): Tensor => {
    const all = surfaces.map(of);
    const data = new Float32Array(all.reduce((sum, x) => sum + x.length, 0));
    all.reduce((at, x) => (data.set(x, at), at + x.length), 0);
    return tensor(data, [data.length / width, width]);
  };
  const even = (s: PartSurface, value: number): Float32Array => new Float32Array(s.positions.length / 3).fill(value);
  return {
    extraPositions: joined(3, (s) => s.positions),
    extraNormals: joined(3, (s) => s.normals),
    extraDiffuse: joined(3, (s) => s.diffuse),
    extraSpecular: joined(1, (s) => even(s, s.specular)),
    extraRoughness: joined(1, (s) => even(s, s.roughness)),
  };
}
