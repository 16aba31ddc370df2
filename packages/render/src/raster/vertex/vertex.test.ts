import { describe, expect, it } from 'vitest';
import { Parameter, ShapeError, compileToJS, expr, gradcheck, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { bsdf, ggx, lambert } from '../../bsdf/index.js';
import type { Bsdf } from '../../bsdf/index.js';
import { axisAngle, lookAt, orthographic, perspective } from '../../camera/index.js';
import { icosphere, icosphereShape, mesh, plane, planeShape, sphere, sphereShape } from '../../geometry/index.js';
import { evaluateSHHost, halfCosine, lobeCoefficients, shBands } from '../../light/index.js';
import { gaussLegendre } from '../../math/quadrature.js';
import { largestDifference, randomNumbers } from '../../testing/random.testing.js';
import { environmentFromSH, pathTrace, renderAovs } from '../../trace/index.js';
import { mirrorMoments, renderVertices, valuesAtVertices, vertexVisibility } from './index.js';

const random = randomNumbers(41);
const bands = shBands(8);
const camera = perspective({ fovY: 0.5, width: 64, height: 48, ...lookAt([1, 2, 6], [0, 0, 0]) });
const lightOf = (degree: number): number[][] =>
  Array.from({ length: (degree + 1) ** 2 }, (_, k) => [0, 1, 2].map((c) => (k === 0 ? 3 + c : random() - 0.5)));

/** Phong's lobe about the mirror direction, divided by the cosine: its moments are known. */
const phong = bsdf({
  name: 'phong',
  params: { shine: 'f32' },
  evaluate: expr`fn evaluate(wi: vec3f, wo: vec3f, p: Params) -> vec3f {
    let c = max(wi.z * wo.z - wi.x * wo.x - wi.y * wo.y, 0.0);
    return vec3f((p.shine + 1.0) / TAU * pow(c, p.shine) / wi.z);
  }`,
});

/** Estevez and Kulla 2017: a user's sheen lobe. */
const velvet = bsdf({
  name: 'velvet',
  params: { tint: 'vec3f', roughness: 'f32' },
  evaluate: expr`fn evaluate(wi: vec3f, wo: vec3f, p: Params) -> vec3f {
    let h = normalize(wi + wo);
    let sine = sqrt(max(1.0 - h.z * h.z, 1e-6));
    let d = (2.0 + 1.0 / p.roughness) * pow(sine, 1.0 / p.roughness) / TAU;
    return p.tint * (d / (4.0 * (wi.z + wo.z - wi.z * wo.z)));
  }`,
});

/** int f cos L over the hemisphere in float64, for a viewer wo and the normal +Z; the first channel. */
function reflected(surface: Bsdf, parameters: number[], wo: number[], light: (d: number[]) => number): number {
  const f = compileToJS(surface.kind.evaluate);
  const { nodes, weights } = gaussLegendre(96);
  let sum = 0;
  nodes.forEach((x, i) => {
    const [t, step] = [(x + 1) / 2, weights[i] / 2];
    const cosine = t * t; // crowded at the horizon, where lobes are steep
    for (let k = 0; k < 192; k++) {
      const phi = (2 * Math.PI * (k + 0.5)) / 192;
      const s = Math.sqrt(1 - cosine * cosine);
      const wi = [s * Math.cos(phi), s * Math.sin(phi), cosine];
      sum += f(...wi, ...wo, ...parameters)[0] * cosine * light(wi) * ((2 * Math.PI) / 192) * 2 * t * step;
    }
  });
  return sum;
}

describe('the vertex renderer', () => {
  it('lights a Lambert sphere by every single function as the closed form has it', async () => {
    const ball = sphere({ rows: 6, columns: 9, bsdf: lambert({ albedo: tensor([0.9, 0.5, 0.1]) }) });
    const [p, factors] = [await ball.mesh.positions.data(), halfCosine()];
    const normals = Array.from({ length: p.length / 3 }, (_, v) => [...p.subarray(3 * v, 3 * v + 3)]);
    for (let k = 0; k < 81; k += 1 + (k % 5)) {
      const light = bands.map((_, j) => (j === k ? [1, 2, -1] : [0, 0, 0]));
      const { colors } = renderVertices(ball, tensor(light), camera, { normals: tensor(normals) });
      const expected = normals.flatMap((n) => {
        const shade = (factors[bands[k]] / Math.PI) * evaluateSHHost(n)[k];
        return [0.9 * shade, 0.5 * 2 * shade, 0.1 * -shade];
      });
      expect(largestDifference(await colors.data(), expected)).toBeLessThan(1e-6);
    }
  });

  it('reduces lobes to the moments that quadrature and published albedos have', async () => {
    for (const shine of [1, 8, 200, 5000]) {
      const moments = await mirrorMoments(phong.kind, tensor([1]), { shine }, 8).data();
      const closed = lobeCoefficients((z) => ((shine + 1) / (2 * Math.PI)) * z ** shine);
      expect(largestDifference(moments, [closed, closed, closed].flat()), `shine ${shine}`).toBeLessThan(1e-2);
    }
    // directional albedo of GGX with F = 1 at cosines 0.1, 0.5, 1: the table of bsdf.test.ts
    const table = [
      [0.1, 0.8835, 0.9692, 0.9883],
      [0.25, 0.892, 0.858, 0.916],
      [0.5, 0.861, 0.698, 0.689],
      [1, 0.761, 0.451, 0.307],
    ];
    for (const [alpha, ...row] of table) {
      const values = { diffuse: tensor([0, 0, 0]), specular: tensor([1, 1, 1]), roughness: Math.sqrt(alpha) };
      const moments = await mirrorMoments(ggx.kind, tensor([0.1, 0.5, 1]), values, 0).data();
      const found = [0, 3, 6].map((k) => moments[k]);
      expect(largestDifference(found.slice(1), row.slice(1)), `alpha ${alpha}`).toBeLessThan(2e-3);
      expect(found[0], `alpha ${alpha}, grazing`).toBeLessThan(row[0] + 0.02);
      expect(found[0], `alpha ${alpha}, grazing`).toBeGreaterThan(row[0] - 0.02);
    }
  });

  it('has gradients where it is seen from the front, exactly or but for rounding', async () => {
    const cosines = new Parameter(tensor([1, 1 - 2 ** -24, 0.999, 0.5]));
    const values = { diffuse: tensor([0, 0, 0]), specular: tensor([1, 1, 1]), roughness: 0.6 };
    mirrorMoments(ggx.kind, cosines, values, 8).square().sum().backward();
    const gradient = await cosines.grad!.data();
    expect(gradient.every((g) => Number.isFinite(g))).toBe(true);
    expect(gradient[3]).not.toBe(0);
    const above = Math.fround(1 + 2 ** -22); // what a product of unit vectors rounds to
    const facing = new Parameter(tensor([[0, 0, above]]));
    const point = mesh({ positions: tensor([[0, 0, 0]]), normals: facing, triangles: [] });
    const front = perspective({ fovY: 0.5, width: 8, height: 8, ...lookAt([0, 0, 5], [0, 0, 0]) });
    renderVertices(
      { mesh: point, bsdf: ggx({ diffuse: 0.5, specular: 0.3, roughness: 0.5 }) },
      tensor([[3, 2, 1]]),
      front,
    )
      .colors.square()
      .sum()
      .backward();
    expect((await facing.grad!.data()).every((g) => Number.isFinite(g))).toBe(true);
  });

  it('agrees with the integral over the hemisphere: exactly seen from the front, nearly from the side', async () => {
    const light = lightOf(4);
    const radiance = (d: number[]): number => {
      const y = evaluateSHHost(d, 4);
      return light.reduce((s, l, k) => s + l[0] * y[k], 0);
    };
    const cases: [surface: Bsdf, parameters: number[], front: number, side: number][] = [
      [ggx({ diffuse: 0.5, specular: 0.3, roughness: 0.5 }), [0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.5], 1e-3, 0.02],
      [velvet({ tint: 0.8, roughness: 0.4 }), [0.8, 0.8, 0.8, 0.4], 1e-3, 0.15], // sheen is not round about the mirror direction
    ];
    for (const [surface, parameters, front, side] of cases) {
      const patch = plane({ bsdf: surface });
      for (const [wo, tolerance] of [
        [[0, 0, 1], front],
        [[Math.sin(0.9), 0, Math.cos(0.9)], side],
      ] as const) {
        const eye = wo.map((x) => 1e4 * x) as [number, number, number];
        const view = perspective({ fovY: 1e-3, width: 8, height: 8, ...lookAt(eye, [0, 0, 0], [0, 1, 0.01]) });
        const { colors, weights } = renderVertices(patch, tensor(light), view);
        const expected = reflected(surface, parameters, [...wo], radiance);
        expect(Math.abs((await colors.data())[0] / expected - 1), surface.kind.name).toBeLessThan(tolerance);
        expect([...(await weights.data())]).toEqual([1, 1, 1, 1]);
      }
    }
  });

  it('has gradients to positions, normals, surface, light and camera', async () => {
    const { positions, triangles } = sphereShape({ rows: 2, columns: 3 });
    const image = (t: Record<'p' | 'n' | 'diffuse' | 'r' | 'l' | 'turn' | 'eye', Tensor>): Tensor => {
      const surface = ggx({ diffuse: t.diffuse, specular: tensor([0.1, 0.2, 0.3]), roughness: t.r });
      const shape = { mesh: mesh({ positions: t.p, triangles }), bsdf: surface };
      const view = perspective({ fovY: 0.7, width: 40, height: 30, rotation: axisAngle(t.turn), position: t.eye });
      const { colors, pixels, depths } = renderVertices(shape, t.l, view, { normals: t.n });
      return colors.sum(1).add(pixels.sum(1).mul(0.01)).add(depths.mul(0.1));
    };
    const p = Array.from(positions, (x) => x + 0.2 * random());
    const inputs = {
      p: tensor(p).reshape([-1, 3]),
      n: tensor(p.map((x) => 0.7 * x + 0.1)).reshape([-1, 3]),
      diffuse: tensor(Array.from(p, () => 0.2 + 0.6 * random())).reshape([-1, 3]),
      r: tensor(0.5),
      l: tensor(lightOf(2)),
      turn: tensor([0.05, -0.1, 0.02]),
      eye: tensor([0.3, 0.4, 5]),
    };
    const keys = Object.keys(inputs) as (keyof typeof inputs)[];
    const report = await gradcheck(
      (...values: Tensor[]) => image(Object.fromEntries(keys.map((k, i) => [k, values[i]])) as typeof inputs),
      keys.map((k) => inputs[k]),
    );
    expect(report.passed).toBe(true);
  });

  it('knows what the camera sees, and takes what hides', async () => {
    const ball = icosphere({ subdivisions: 2, bsdf: velvet({ tint: 0.5, roughness: 0.3 }) });
    const count = ball.mesh.topology.vertexCount;
    const hidden = tensor(Float32Array.from({ length: count }, (_, v) => Number(v % 2 === 0)));
    const { weights, pixels, depths, colors } = renderVertices(ball, tensor(lightOf(8)), camera, {
      visibility: hidden,
    });
    const [w, p, z, x] = await Promise.all([weights, pixels, depths, ball.mesh.positions].map((t) => t.data()));
    for (let v = 0; v < count; v++) {
      const toEye = [1 - x[3 * v], 2 - x[3 * v + 1], 6 - x[3 * v + 2]];
      const cosine = toEye.reduce((s, d, k) => s + d * x[3 * v + k], 0);
      if (Math.abs(cosine) > 0.1) expect(w[v]).toBe(v % 2 === 0 && cosine > 0 ? 1 : 0);
    }
    expect([...z].every((d) => d > 5 && d < 8)).toBe(true);
    expect([...p].every((d) => d > 0 && d < 64)).toBe(true);
    expect([...(await colors.data())].every(Number.isFinite)).toBe(true);
    const behind = perspective({ fovY: 0.5, width: 64, height: 48, ...lookAt([0, 0, 6], [0, 0, 12]) });
    expect((await renderVertices(ball, tensor(lightOf(0)), behind).weights.data()).every((v) => v === 0)).toBe(true);
  });

  it('takes several views at once as one by one, also of parallel rays', async () => {
    const ball = icosphere({ subdivisions: 1, bsdf: ggx({ diffuse: 0.3, specular: 0.1, roughness: 0.5 }) });
    const count = ball.mesh.topology.vertexCount;
    const tints = tensor(Array.from({ length: count }, (_, v) => [v / count, 0.5, 0.2]));
    const shape = { ...ball, bsdf: ggx({ diffuse: tints, specular: 0.1, roughness: 0.5 }) };
    const eyes = tensor([[1, 2, 6], [-3, 0, 5]]); // prettier-ignore
    const from = (eye: Tensor) => orthographic({ extent: 3, width: 20, height: 20, ...lookAt(eye, [0, 0, 0]) });
    const light = tensor(lightOf(3));
    const draw = (eye: Tensor) => {
      const visibility = vertexVisibility(shape.mesh, from(eye));
      return { visibility, ...renderVertices(shape, light, from(eye), { visibility }) };
    };
    const all = draw(eyes);
    const each = [0, 1].map((k) => draw(eyes.select(0, k)));
    for (const name of ['colors', 'weights', 'pixels', 'depths', 'visibility'] as const) {
      const [found, ...alone] = await Promise.all([all[name].data(), ...each.map((one) => one[name].data())]);
      expect(all[name].shape).toEqual([2, ...each[0][name].shape]);
      expect(largestDifference(found, [...alone[0], ...alone[1]]), name).toBeLessThan(2e-5);
    }
    // parallel rays see half of the ball: all that looks their way, wherever it lies
    const [w, n] = await Promise.all([each[0].weights.data(), ball.mesh.positions.data()]);
    const axis = [1, 2, 6].map((x) => x / Math.sqrt(41));
    for (let v = 0; v < count; v++) {
      const cosine = axis.reduce((s, a, k) => s + a * n[3 * v + k], 0);
      if (Math.abs(cosine) > 1e-3) expect(w[v]).toBe(cosine > 0 ? 1 : 0);
    }
  });

  it('finds by rays what hides what', async () => {
    // a plane whose left half stands behind a second one
    const back = planeShape({ size: 2, cells: 8 });
    const front = planeShape({ size: 1, cells: 1 });
    const moved = Array.from(front.positions, (x, k) => x + [-0.6, 0, 0.5][k % 3]);
    const both = mesh({
      positions: [...back.positions, ...moved],
      triangles: [...back.triangles, ...Array.from(front.triangles, (v) => v + 81)],
    });
    const view = perspective({ fovY: 0.5, width: 32, height: 32, position: [0, 0, 8] });
    const visible = await vertexVisibility(both, view).data();
    const expected = Array.from({ length: 85 }, (_, v) => {
      // where the ray to the vertex passes the plane z = 1/2
      const [x, y] = [0, 1].map((k) => (back.positions[3 * v + k] ?? 0) * (7.5 / 8));
      return v < 81 && x > -1.1 && x < -0.1 && Math.abs(y) < 0.5 ? 0 : 1;
    });
    expect([...visible]).toEqual(expected);
  });

  it('is one physics with the path tracer: the light of a patch agrees within its noise', async () => {
    const light = tensor(lightOf(3));
    const turned = [
      [0, 0, 1],
      [0.6, 0, 0.8],
      [-0.36, 0.48, -0.8],
    ];
    // its base is Lambert's, its lobe seen from the front is round: nothing is approximated
    const surface = ggx({ diffuse: tensor([0.4, 0.3, 0.2]), specular: 0.3, roughness: 0.6 });
    for (const [x, y, z] of turned) {
      const pose = lookAt([8 * x, 8 * y, 8 * z], [0, 0, 0]);
      const positions = await pose.rotation.apply(tensor([-9, -9, 0, 9, -9, 0, 0, 9, 0]).reshape([3, 3])).data();
      const patch = { mesh: mesh({ positions, triangles: [0, 1, 2] }), bsdf: surface, shading: 'flat' as const };
      const view = perspective({ fovY: 0.02, width: 16, height: 16, ...pose });
      const { image } = pathTrace({ shapes: [patch], emitters: [environmentFromSH(light, { height: 64 })] }, view, {
        spp: 64,
        seed: 5,
      });
      const pixels = image.reshape([256, 3]);
      const [mean, square] = await Promise.all([pixels.mean(0).data(), pixels.square().mean(0).data()]);
      // the lobe is taken towards the vertex: put the three into the middle, with the patch's normal
      const point = { ...patch, mesh: mesh({ positions: new Float32Array(9), triangles: [0, 1, 2] }) };
      const { colors } = renderVertices(point, light, view, { normals: tensor([x, y, z]).expand([3, 3]) });
      const found = await colors.data();
      for (let k = 0; k < 3; k++) {
        const error = Math.sqrt((square[k] - mean[k] ** 2) / 256);
        expect(error / mean[k]).toBeLessThan(0.01);
        expect(Math.abs(found[k] - mean[k]) / error).toBeLessThan(4);
      }
    }
  });

  it('is one physics with the path tracer all over a ball', async () => {
    const light = lightOf(3);
    const ball = {
      mesh: mesh(icosphereShape({ subdivisions: 4 })),
      bsdf: lambert({ albedo: tensor([0.9, 0.5, 0.1]) }),
    };
    const view = perspective({ fovY: 0.5, width: 64, height: 64, ...lookAt([2, 1, 4], [0, 0, 0]) });
    const emitters = [environmentFromSH(tensor(light), { height: 64, background: false })];
    const runs = await Promise.all(
      Array.from({ length: 8 }, (_, seed) =>
        pathTrace({ shapes: [ball], emitters }, view, { spp: 32, seed }).image.data(),
      ),
    );
    // a vertex at every pixel's centre
    const { position, normal, mask } = renderAovs({ shapes: [ball] }, view);
    const points = { ...ball, mesh: mesh({ positions: await position.data(), triangles: [0, 1, 2] }) };
    const normals = normal.reshape([-1, 3]);
    const colorsUnder = async (factor: number): Promise<ArrayLike<number>> => {
      const scaled = light.map((row, k) => row.map((v) => (k > 0 && k < 4 ? factor * v : v)));
      return renderVertices(points, tensor(scaled), view, { normals }).colors.data();
    };
    const [inside, right, wrong] = await Promise.all([mask.data(), colorsUnder(1), colorsUnder(1.3)]);
    // by blocks of 8 x 8 pixels and channel; pixels at the outline, which the ball fills in part, are left out
    const whole = (i: number): boolean => [0, -1, 1, -64, 64, -65, -63, 63, 65].every((step) => inside[i + step] === 1);
    const deviates = (colors: ArrayLike<number>): { z: number; error: number }[] =>
      Array.from({ length: 192 }, (_, block) => {
        const places = Array.from({ length: 64 }, (_, k) => {
          const [row, column] = [8 * Math.floor((block % 64) / 8) + Math.floor(k / 8), 8 * (block % 8) + (k % 8)];
          return 64 * row + column;
        }).filter(whole);
        const at = places.map((i) => 3 * i + Math.floor(block / 64));
        const mean = (image: ArrayLike<number>): number => at.reduce((s, i) => s + image[i], 0) / at.length;
        const found = runs.map(mean);
        const average = found.reduce((a, b) => a + b) / 8;
        const error = Math.sqrt(found.reduce((s, v) => s + (v - average) ** 2, 0) / 7 / 8);
        const expected = mean(colors);
        // 1e-3: the footprint of pixels, facets, the map's texels
        return places.length < 24
          ? []
          : [{ z: (average - expected) / (error + 1e-3 * expected), error: error / expected }];
      }).flat();
    const found = deviates(right);
    expect(found.length).toBeGreaterThan(60);
    for (const { z, error } of found) {
      expect(error).toBeLessThan(0.01);
      expect(Math.abs(z)).toBeLessThan(7); // Student's t, 7 degrees, some 100 tries
    }
    expect(Math.max(...deviates(wrong).map(({ z }) => Math.abs(z)))).toBeGreaterThan(10);
  });

  it('takes values as numbers, constants, per vertex and as textures, and refuses others', async () => {
    const texture = tensor(Array.from({ length: 4 }, (_, j) => Array.from({ length: 4 }, (_, i) => [i, j, 1])));
    const shape = plane({
      cells: 3,
      bsdf: ggx({ diffuse: texture, specular: 0.04, roughness: texture.narrow(2, 0, 1) }),
    });
    const values = valuesAtVertices(shape);
    const diffuse = await (values['diffuse'] as Tensor).data();
    expect([...diffuse.subarray(0, 3)]).toEqual([0, 3, 1]); // bottom left: the last row
    expect((values['roughness'] as Tensor).shape).toEqual([16]);
    const wrong = { ...shape, bsdf: lambert({ albedo: tensor(new Float32Array(15), [5, 3]) }) };
    expect(() => renderVertices(wrong, tensor(lightOf(1)), camera)).toThrow(/\[16, 3\] \(per vertex\)/);
    expect(() => renderVertices(shape, tensor([1, 2, 3]), camera)).toThrow(ShapeError);
    const bare = icosphere({ bsdf: lambert({ albedo: texture }) });
    expect(() => renderVertices(bare, tensor(lightOf(1)), camera)).toThrow(/no texture coordinates/);
  });
});
