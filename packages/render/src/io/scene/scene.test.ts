import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Document, WebIO } from '@gltf-transform/core';
import { KHRTextureTransform } from '@gltf-transform/extensions';
// @ts-expect-error -- it has no types; `validate` below says what we use of it
import { validateBytes } from 'gltf-validator';
import { describe, expect, it } from 'vitest';
import { FormatError, tensor } from '../../engine.js';
import { boxShape, mesh, planeShape, sphereShape, weldSeams } from '../../geometry/index.js';
import { mutations, survive, truncations } from '../../testing/hostileFiles.testing.js';
import { largestDifference } from '../../testing/random.testing.js';
import { encodePixels } from '../files.js';
import {
  encodeGLB,
  loadMesh,
  loadScene,
  parseMTL,
  plainMaterial,
  readGLTF,
  saveMesh,
  saveScene,
  writeGLB,
} from './index.js';
import type { SceneFile } from './index.js';

/** Khronos' validator: checks binary glTF against the specification. */
const validate = validateBytes as (bytes: Uint8Array) => Promise<{
  readonly issues: { readonly messages: readonly { readonly message: string }[] };
}>;

const folder = mkdtempSync(join(tmpdir(), 'chiaro-scene-'));
const nothing = (name: string): Promise<never> => Promise.reject(new Error(`no ${name}`));
const bytesOfText = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** A 2 x 2 image: red, green, blue, grey. */
const colors = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 128, 128, 128);
const image = (): Promise<Uint8Array<ArrayBuffer>> => encodePixels({ width: 2, height: 2, channels: 3, data: colors });

describe('OBJ and MTL', () => {
  const obj = [
    'mtllib look of things.mtl',
    ...['v 0 0 0 1 0 0', 'v 1 0 0 1 0 0', 'v 1 1 0 1 0 0', 'v 0 1 0 1 0 0', 'v 0 0 2 0 0 0', 'v 0 1 2 0 0 0'],
    ...['vt 0 0', 'vt 1 0', 'vt 1 1', 'vt 0 1', 'vn 0 0 1', 'vn 0 0 2', 'vn 1 0 0'],
    ...['o front', 'usemtl red wall', 'f -6/1/1 -5/2/1 -4/3/1 -3/4/1'],
    ...['o side', 'usemtl mirror', 'f 1//3 4//3 6//3', 'f 1//3 6//3 5//3', 'usemtl gone', 'f 1 2 5'],
  ].join('\n');
  const mtl = [
    ...[
      'newmtl red wall',
      'Kd 0.5 0.25 1 # colour',
      'Ke 2',
      'map_Kd -s 1 1 1 -clamp on my colors.png',
      'Ns 6',
      'Ks 1 1 1',
    ],
    ...['newmtl mirror', 'Kd .5 .5 .5', 'Pr 0.25', 'Pm 1', 'd 0.5', 'illum 2'],
  ].join('\r\n');

  it('give one shape for each object with each material', async () => {
    mkdirSync(join(folder, 'obj'), { recursive: true });
    const path = join(folder, 'obj', 'room.obj');
    writeFileSync(path, obj);
    writeFileSync(join(folder, 'obj', 'look of things.mtl'), mtl);
    writeFileSync(join(folder, 'obj', 'my colors.png'), await image());
    const { shapes, notes } = await loadScene(path);
    expect(shapes.map(({ name, mesh: m }) => [name, m.material.name])).toEqual([
      ['front', 'red wall'],
      ['side', 'mirror'],
      ['side', 'gone'],
    ]);
    expect(notes).toEqual(['material gone is not in the material files; it is grey']);
    const [front, side, gone] = shapes.map((shape) => shape.mesh);
    expect(front.topology).toMatchObject({ vertexCount: 4, triangleCount: 2 });
    expect(await front.normals!.data()).toEqual(Float32Array.of(0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1));
    expect(await front.colors!.data()).toEqual(Float32Array.of(1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0));
    expect(side.topology.nonManifoldEdges).toBe(0);
    const { material } = front;
    expect([...(await material.baseColor.data()).subarray(0, 6)]).toEqual([0.5, 0, 0, 0, 0.25, 0]);
    expect(material.wrap).toBe('clamp');
    expect(await material.roughness.item()).toBeCloseTo((2 / 8) ** 0.25, 6);
    expect(await material.emission!.data()).toEqual(Float32Array.of(2, 2, 2));
    expect([await side.material.roughness.item(), await side.material.metallic.item()]).toEqual([0.25, 1]);
    expect(await side.material.opacity!.item()).toBe(0.5);
    // no texture coordinates: the middle of one texel
    expect([gone.uvs.shape, [...gone.uvIndices]]).toEqual([
      [1, 2],
      [0, 0, 0],
    ]);
    await expect(loadMesh(path)).rejects.toThrow(/has 3 materials; loadScene/);
  });

  it('that are broken say how; what refers to nothing says so', async () => {
    expect(() => parseMTL('Kd 1 1 1')).toThrow(/line 1: Kd stands before any newmtl/);
    expect(() => parseMTL('newmtl a\nKd 1 x 1')).toThrow(/line 2: "x" is no number from 0/);
    expect(() => parseMTL('newmtl a\nmap_Kd -s 1 1')).toThrow(/a map has no file name/);
    expect(() => parseMTL('newmtl a\nmap_Kd -what 1 a.png')).toThrow(/option -what/);
    const path = join(folder, 'alone.obj');
    writeFileSync(path, obj.replace(/usemtl .*/g, 'usemtl x'));
    expect((await loadScene(path)).notes).toEqual([
      'the material file look of things.mtl cannot be read',
      'material x is not in the material files; it is grey',
    ]);
    expect((await loadMesh(path)).topology).toMatchObject({ vertexCount: 6, triangleCount: 5 });
    await expect(loadMesh('package.json')).rejects.toThrow(/neither .obj, .ply, .glb nor .gltf/);
    writeFileSync(join(folder, 'empty.obj'), '');
    await expect(loadMesh(join(folder, 'empty.obj'))).rejects.toThrow(/has no triangles/);
  });
});

describe('GLB', () => {
  const ball = sphereShape({ rows: 4, columns: 6 });

  it('that is written passes the Khronos validator and comes back: closed, with its seams and textures', async () => {
    const welded = weldSeams({ ...ball, normals: ball.positions });
    const head = mesh(welded);
    expect(welded.positions.length / 3).toBe(2 + 3 * 6); // poles and rings: no seam
    expect(welded.uvs!.length / 2).toBe(3 * 7 + 2 * 6); // two of the poles' are named by no triangle
    const texels = (c: number, top: number): ReturnType<typeof tensor> =>
      tensor(
        Float32Array.from({ length: 16 * c }, (_, k) => (top * (k + 1)) / (16 * c)),
        [4, 4, c],
      );
    const material = {
      name: 'skin',
      ...{ baseColor: texels(3, 1), roughness: texels(1, 1), metallic: texels(1, 0.5), emission: texels(3, 4) },
      ...{ opacity: texels(1, 1), specular: texels(3, 0.1), normalMap: texels(3, 1), occlusion: texels(1, 1) },
      wrap: 'mirror' as const,
    };
    const glb = await encodeGLB([{ name: 'head', mesh: head, material }], { copyright: 'me' });
    expect((await validate(glb)).issues.messages.filter(({ message }) => !/TANGENT/i.test(message))).toEqual([]);
    await saveMesh(join(folder, 'head.glb'), head, material);
    const back = await loadMesh(join(folder, 'head.glb'));
    expect(back.topology).toMatchObject({ vertexCount: 20, triangleCount: 36, nonManifoldEdges: 0 });
    expect(back.topology.boundary.some((b) => b === 1)).toBe(false);
    const places = async (m: typeof head): Promise<number[]> => {
      const [p, t] = [await m.positions.data(), await m.uvs!.data()];
      return [...m.topology.triangles].flatMap((v, c) => [
        ...p.subarray(3 * v, 3 * v + 3),
        ...t.subarray(2 * m.uvIndices![c], 2 * m.uvIndices![c] + 2),
      ]);
    };
    expect(largestDifference(await places(back), await places(head))).toBeLessThan(1e-6);
    expect(back.normals!.shape).toEqual([20, 3]);
    for (const [role, tolerance] of [
      ['baseColor', 0.005],
      ['roughness', 0.002],
      ['metallic', 0.002],
      ['emission', 0.02],
      ['opacity', 0.002],
      ['specular', 0.004],
      ['normalMap', 0.002],
      ['occlusion', 0.002],
    ] as const) {
      expect([role, back.material[role]!.shape]).toEqual([role, material[role].shape]);
      const difference = largestDifference(await back.material[role]!.data(), await material[role].data());
      expect(difference, role).toBeLessThan(tolerance);
    }
    expect([back.material.wrap, back.material.name]).toEqual(['mirror', 'skin']);
  });

  it('of a box with creases keeps one vertex at each corner and six normals apart', async () => {
    const io = new WebIO();
    const document = new Document();
    const buffer = document.createBuffer();
    const accessor = (type: 'VEC3', array: number[]) =>
      document.createAccessor().setType(type).setArray(Float32Array.from(array)).setBuffer(buffer);
    const { positions, triangles } = boxShape();
    const normals = [...triangles].flatMap((_, c) => {
      const [axis, side] = [Math.floor(c / 12), Math.floor(c / 6) % 2 === 0 ? -1 : 1];
      return [0, 1, 2].map((k) => (k === axis ? side : 0));
    });
    const primitive = document
      .createPrimitive()
      .setAttribute(
        'POSITION',
        accessor(
          'VEC3',
          [...triangles].flatMap((v) => [...positions.subarray(3 * v, 3 * v + 3)]),
        ),
      )
      .setAttribute('NORMAL', accessor('VEC3', normals));
    const box = document.createMesh('box').addPrimitive(primitive);
    // a parent that mirrors, a child that turns z to x and moves
    const child = document
      .createNode('box')
      .setMesh(box)
      .setRotation([0, Math.SQRT1_2, 0, Math.SQRT1_2])
      .setTranslation([10, 0, 0]);
    const parent = document.createNode('mirror').setScale([-1, 2, 1]).addChild(child);
    document.createScene().addChild(parent).addChild(document.createNode('second').setMesh(box));
    const { shapes, materials } = await readGLTF(new Uint8Array(await io.writeBinary(document)), nothing);
    expect(shapes.map(({ name }) => name)).toEqual(['box', 'second']);
    expect(materials[0]).toMatchObject({ baseColor: [1, 1, 1], metallic: 1, roughness: 1 }); // glTF's default
    const [first, second] = shapes.map((shape) => mesh(shape.mesh));
    for (const m of [first, second]) {
      expect(m.topology).toMatchObject({ vertexCount: 8, triangleCount: 12, nonManifoldEdges: 0 });
      expect(m.splitNormals!.values.shape).toEqual([6, 3]);
      expect(m.normals).toBeUndefined();
    }
    const p = await first.positions.data();
    expect(
      [Math.min(...p.filter((_, k) => k % 3 === 0)), Math.max(...p.filter((_, k) => k % 3 === 1))].map(Math.round),
    ).toEqual([-11, 2]);
    // normals point out of the triangles still
    const { values, indices } = first.splitNormals!;
    const n = await values.data();
    for (let f = 0; f < 12; f++) {
      const [a, b, c] = [0, 1, 2].map((k) => [...p.subarray(3 * first.topology.triangles[3 * f + k]).subarray(0, 3)]);
      const [u, v] = [b.map((x, k) => x - a[k]), c.map((x, k) => x - a[k])];
      const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
      const size = Math.hypot(...normal);
      expect(
        largestDifference(
          normal.map((x) => x / size),
          n.slice(3 * indices[3 * f], 3 * indices[3 * f] + 3),
        ),
      ).toBeLessThan(1e-6);
    }
  });

  it('as text beside its buffers and images is read: strips, integers, moved textures, alpha', async () => {
    const document = new Document();
    const buffer = document.createBuffer();
    const accessor = (type: 'VEC2' | 'VEC3' | 'SCALAR', array: Float32Array | Uint16Array) =>
      document
        .createAccessor()
        .setType(type)
        .setArray(array as Float32Array<ArrayBuffer>)
        .setBuffer(buffer);
    const texture = document
      .createTexture('colors')
      .setImage(await image())
      .setMimeType('image/png')
      .setURI('my colors.png');
    const material = document
      .createMaterial('m')
      .setBaseColorTexture(texture)
      .setBaseColorFactor([0.5, 1, 1, 0.4])
      .setAlphaMode('MASK')
      .setAlphaCutoff(0.5);
    const moved = document
      .createExtension(KHRTextureTransform)
      .createTransform()
      .setOffset([0.25, 0.5])
      .setScale([0.5, 0.5]);
    material.getBaseColorTextureInfo()!.setExtension('KHR_texture_transform', moved);
    const uvs = document.createAccessor().setType('VEC2').setBuffer(buffer);
    uvs.setArray(Uint16Array.of(0, 0, 65535, 0, 0, 65535, 65535, 65535)).setNormalized(true);
    const primitive = document
      .createPrimitive()
      .setMode(5)
      .setAttribute('POSITION', accessor('VEC3', Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0)))
      .setAttribute('TEXCOORD_0', uvs)
      .setIndices(accessor('SCALAR', Uint16Array.of(0, 1, 2, 3)))
      .setMaterial(material);
    const points = primitive.clone().setMode(0);
    const node = document
      .createNode('sheet')
      .setMesh(document.createMesh().addPrimitive(primitive).addPrimitive(points));
    document.createScene().addChild(node).addChild(document.createNode().setCamera(document.createCamera()));
    document.createAnimation('wave');
    const { json, resources } = await new WebIO().registerExtensions([KHRTextureTransform]).writeJSON(document);
    const path = join(folder, 'sheet.gltf');
    for (const [name, bytes] of Object.entries(resources)) writeFileSync(join(folder, decodeURIComponent(name)), bytes);
    writeFileSync(path, JSON.stringify(json).replace('"my colors.png"', '"my%20colors.png"'));
    const { shapes, notes } = await loadScene(path);
    expect([...notes].sort()).toEqual([
      'animations are not read',
      'cameras are not read',
      'points and lines are not read',
    ]);
    const [{ mesh: sheet }] = shapes;
    expect([...sheet.topology.triangles]).toEqual([0, 1, 2, 2, 1, 3]);
    expect([...(await sheet.uvs.data())]).toEqual([0.25, 0.5, 0.75, 0.5, 0.25, 0, 0.75, 0]);
    expect([...(await sheet.material.baseColor.data()).subarray(0, 3)]).toEqual([0.5, 0, 0]);
    expect(await sheet.material.opacity!.data()).toEqual(new Float32Array(4)); // below the cutoff
  });

  it('that says what cannot be is refused, and what it lacks is named', async () => {
    const glb = await encodeGLB([{ mesh: mesh(planeShape()) }]);
    const view = new DataView(glb.buffer);
    const length = view.getUint32(12, true);
    const json: unknown = JSON.parse(new TextDecoder().decode(glb.subarray(20, 20 + length)));
    const binary = Buffer.from(glb.subarray(28 + length)).toString('base64');
    type Change = readonly [path: string, value: unknown];
    /** The plane with other values at some places of its JSON; undefined removes one. */
    const text = (changes: readonly Change[]): Promise<SceneFile> => {
      const copy: unknown = structuredClone(json);
      const uri = `data:application/octet-stream;base64,${binary}`;
      for (const [path, value] of [['buffers.0.uri', uri] as const, ...changes]) {
        const keys = path.split('.');
        const last = keys.pop()!;
        const target = keys.reduce((at, key) => (at as Record<string, unknown>)[key], copy) as Record<string, unknown>;
        target[last] = value; // what is undefined is not in the text
      }
      return readGLTF(bytesOfText(JSON.stringify(copy)), nothing);
    };
    expect((await text([])).shapes[0].mesh.triangles.length).toBe(6);
    const textured = { pbrMetallicRoughness: { baseColorTexture: { index: 5 } } };
    const refused: [Change[], RegExp][] = [
      [[['accessors.0.count', 1e9]], /count of accessor 0/],
      [[['accessors.0.count', 9]], /more elements than its view/],
      [
        [
          ['accessors.0.bufferView', undefined],
          ['accessors.0.count', 900],
        ],
        /without data/,
      ],
      [[['bufferViews.0.byteLength', 1e9]], /length of view 0/],
      [[['buffers.0.byteLength', 2 ** 40]], /length of buffer 0/],
      [[['buffers.0.uri', 'https://a.b/c.bin']], /is not beside the file/],
      [[['buffers.0.uri', 'c.bin']], /c.bin, which the file refers to, cannot be read: no c.bin/],
      [[['nodes.0.children', [0]]], /node 0 of the scene is a child of node 0/],
      [
        [
          ['scenes', undefined],
          ['nodes', [{ children: [1] }, { children: [0] }]],
        ],
        /the nodes are in a circle/,
      ],
      [
        [
          ['nodes.1', { children: [0] }],
          ['nodes.2', { children: [0] }],
        ],
        /node 0 has two parents/,
      ],
      [[['nodes.0.scale', [1, 1]]], /scale of node 0 are no 3 numbers/],
      [[['nodes.0.translation', [1e39, 0, 0]]], /moves a vertex to Infinity/],
      [[['meshes.0.primitives.0.attributes.POSITION', 77]], /POSITION of mesh 0/],
      [[['extensionsRequired', ['KHR_draco_mesh_compression']]], /needs KHR_draco_mesh_compression/],
      [[['materials', [textured]]], /the file is broken/],
      [[['materials', [{ pbrMetallicRoughness: { roughnessFactor: -1 } }]]], /outside of 0 to 1/],
      [[['meshes', 7]], /meshes is no list/],
    ];
    for (const [change, why] of refused) {
      const error: unknown = await text(change).then(
        () => why,
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(FormatError);
      expect((error as Error).message).toMatch(why);
    }
    const far = Float32Array.of(0, 0, 0, 1, 0, 0, 0, NaN, 0);
    await expect(encodeGLB([{ mesh: mesh({ positions: far, triangles: [0, 1, 2] }) }])).rejects.toThrow(
      /number 7 of the positions of shape 0 is NaN/,
    );
    await expect(saveScene(join(folder, 'x.gltf'), [])).rejects.toThrow(/must end in .glb/);
    await expect(saveMesh(join(folder, 'x.ply'), mesh(planeShape()), plainSkin)).rejects.toThrow(/without materials/);
    expect(readdirSync(folder).filter((name) => name.startsWith('x.'))).toEqual([]);
  });

  it('and MTL survive 6,000 mutations, and being cut off anywhere', async () => {
    const glb = await encodeGLB([{ mesh: mesh({ ...ball, normals: ball.positions }), material: plainSkin }]);
    const texture = await image();
    const scene: SceneFile = {
      shapes: [{ name: 'a', mesh: planeShape(), material: 0 }],
      materials: [
        {
          ...plainMaterial,
          specular: [0.1, 0.2, 0.3],
          emission: [3, 3, 3],
          textures: { baseColor: { image: texture }, normal: { image: texture } },
        },
      ],
      notes: [],
    };
    const textured = await writeGLB(scene);
    const read = (bytes: Uint8Array<ArrayBuffer>): Promise<SceneFile> => readGLTF(bytes, nothing);
    const check = ({ shapes }: SceneFile): void => {
      for (const shape of shapes) {
        mesh(shape.mesh);
        expect(shape.mesh.positions.every((x) => Number.isFinite(x))).toBe(true);
      }
    };
    expect(await survive(mutations(glb, 2000, 1), read, check)).toBeGreaterThan(1000);
    expect(await survive(mutations(textured, 2000, 2), read, check)).toBeGreaterThan(1000);
    expect(await survive(truncations(textured), read)).toBe(textured.length);
    // the JSON alone, so that it stays JSON more often
    const text = textured.slice(20, 20 + new DataView(textured.buffer).getUint32(12, true));
    const wrapped = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
      const whole = Uint8Array.from([...textured.subarray(0, 20), ...bytes, ...textured.subarray(20 + text.length)]);
      new DataView(whole.buffer).setUint32(8, whole.length, true);
      new DataView(whole.buffer).setUint32(12, bytes.length, true);
      return whole;
    };
    const refused = await survive(mutations(text, 2000, 3), (bytes) => read(wrapped(bytes)), check);
    expect(refused).toBeGreaterThan(500);
    expect(refused).toBeLessThan(2000);
    const mtl = bytesOfText(
      'newmtl a b\nKd 0.1 0.2 0.3\nNs 30\nd 0.5\nmap_Kd -s 1 2 -o 0 0 0 -clamp on a b.png\nnorm -bm 2 n.png\n',
    );
    const readMTL = (bytes: Uint8Array): unknown => parseMTL(new TextDecoder('latin1').decode(bytes));
    expect(await survive(mutations(mtl, 2000, 4), readMTL)).toBeGreaterThan(200);
    await survive(truncations(mtl), readMTL);
  });
  const plainSkin = { baseColor: tensor([1, 0, 0]) };

  it('holds constants without images; OBJ and PLY hold the mesh', async () => {
    const glb = await encodeGLB([{ mesh: mesh(planeShape()), material: plainSkin }]);
    const { materials, shapes } = await readGLTF(glb, nothing);
    expect(materials[0]).toEqual({ ...plainMaterial, baseColor: [1, 0, 0] });
    expect(shapes[0].mesh.uvs).toEqual(planeShape().uvs);
    for (const ending of ['obj', 'ply']) {
      const path = join(folder, `ball.${ending}`);
      await saveMesh(path, mesh({ ...ball, normals: ball.positions }));
      const back = await loadMesh(path);
      expect(back.topology).toMatchObject({ vertexCount: 20, triangleCount: 36 });
      expect(back.uvs.shape).toEqual([33, 2]);
    }
  });
});
