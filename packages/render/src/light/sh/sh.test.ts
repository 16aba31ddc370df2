import { mat3, quat } from 'gl-matrix';
import { describe, expect, it } from 'vitest';
import { elementwise, tensor, valueAndGrad } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { gaussLegendre } from '../../math/quadrature.js';
import { largestDifference, randomDirection, randomNumbers } from '../../testing/random.testing.js';
import { texelSolidAngles } from '../environment/latLong.js';
import { jvp } from '../../../../tensor/src/expr/index.js';
import { monomial, monomialBasis } from './monomials.js';
import {
  environmentOfSH,
  evaluateSH,
  evaluateSHHost,
  evaluateSHSeries,
  fromConvention,
  halfCosine,
  irradianceSH,
  lobeCoefficients,
  projectEnvironment,
  rotateSH,
  rotationMatricesSH,
  shBands,
  sphericalHarmonic,
  toConvention,
  windowSH,
} from './index.js';
import type { SHConvention } from './index.js';

const random = randomNumbers(1);
const directions = Array.from({ length: 500 }, () => randomDirection(random));
directions[0] = [0, 0, 1];
directions[1] = [0, 0, -1];
const coefficients = Array.from({ length: 81 }, () => Array.from({ length: 3 }, () => 2 * random() - 1));
const bands = shBands(8);

function randomRotation(): mat3 {
  const q = quat.normalize(quat.create(), [random() - 0.5, random() - 0.5, random() - 0.5, random() - 0.5]);
  return mat3.fromQuat(mat3.create(), q);
}

describe('spherical harmonics', () => {
  it('are orthonormal: all 81 x 81 integrals by Gauss quadrature', () => {
    const { nodes, weights } = gaussLegendre(20);
    const gram = new Float64Array(81 * 81);
    nodes.forEach((z, i) => {
      for (let j = 0; j < 40; j++) {
        const phi = (2 * Math.PI * j) / 40;
        const s = Math.sqrt(1 - z * z);
        const y = evaluateSHHost([s * Math.cos(phi), s * Math.sin(phi), z]);
        for (let a = 0; a < 81; a++)
          for (let b = 0; b < 81; b++) gram[a * 81 + b] += (y[a] * y[b] * weights[i] * 2 * Math.PI) / 40;
      }
    });
    const identity = gram.map((_, k) => Number(k % 82 === 0));
    expect(largestDifference(gram, identity)).toBeLessThan(1e-13);
  });

  it('have the signs and the order of the conventions', () => {
    const [x, y, z] = [0.36, 0.48, 0.8];
    const c = [Math.sqrt(3 / (4 * Math.PI)), Math.sqrt(15 / (4 * Math.PI)), Math.sqrt(5 / (16 * Math.PI))];
    const expected = [
      ...[0.5 / Math.sqrt(Math.PI), c[0] * y, c[0] * z, c[0] * x],
      ...[c[1] * x * y, c[1] * y * z, c[2] * (3 * z * z - 1), c[1] * x * z, (c[1] * (x * x - y * y)) / 2],
    ];
    expect(largestDifference(evaluateSHHost([x, y, z], 2), expected)).toBeLessThan(1e-15);
  });

  it('are the same as tensors, as expression and on the host; squares of a band sum to (2l + 1) / 4 pi', async () => {
    const exact = directions.flatMap((d) => [...evaluateSHHost(d)]);
    const values = await evaluateSH(tensor(directions)).data();
    expect(largestDifference(values, exact)).toBeLessThan(4e-6);
    const l = tensor(bands, { dtype: 'int32' });
    const m = tensor(
      bands.map((b, k) => k - b * b - b),
      { dtype: 'int32' },
    );
    const each = await elementwise(sphericalHarmonic, tensor(directions).unsqueeze(1), l, m).data();
    expect(largestDifference(each, exact)).toBeLessThan(4e-6);
    const sums = new Float64Array(9 * directions.length);
    values.forEach((y, i) => (sums[Math.floor(i / 81) * 9 + bands[i % 81]] += y * y));
    expect(
      largestDifference(
        sums,
        sums.map((_, i) => (2 * (i % 9) + 1) / (4 * Math.PI)),
      ),
    ).toBeLessThan(1e-5);
  });

  it('have the derivatives of the sphere, to 1e-4', async () => {
    const h = 1e-5;
    const tangents = directions.map(([x, y, z]) => {
      const [a, b, c] = Math.abs(x) < 0.9 ? [0, -z, y] : [-y, x, 0];
      const n = Math.hypot(a, b, c);
      return [a / n, b / n, c / n];
    });
    const move = (i: number, t: number): number[] =>
      directions[i].map((d, k) => d * Math.cos(t) + tangents[i][k] * Math.sin(t));
    const exact = directions.flatMap((_, i) => {
      const [up, down] = [evaluateSHHost(move(i, h)), evaluateSHHost(move(i, -h))];
      return Array.from(up, (y, k) => (y - down[k]) / (2 * h));
    });
    const { exponents, matrix } = monomialBasis(8);
    const [i, j, k] = [0, 1, 2].map((axis) => tensor(Int32Array.from(exponents, (e) => e[axis])));
    const [dx, dy, dz] = [0, 1, 2].map((axis) => tensor(tangents).slice(null, [axis, axis + 1]));
    const change = elementwise(
      jvp(monomial, [true, true, true, false, false, false]),
      tensor(directions).unsqueeze(1),
      i,
      j,
      k,
      dx,
      dy,
      dz,
    );
    const derived = await change.matmul(tensor(Float32Array.from(matrix), [81, 81])).data();
    expect(largestDifference(derived, exact)).toBeLessThan(1e-4);
  });

  it('pass gradients to directions and coefficients', async () => {
    const some = directions.slice(0, 3).map((d) => d.map((v) => 2 * v));
    const light = (x: { d: Tensor; c: Tensor }): Tensor =>
      evaluateSHSeries(x.d.div(x.d.square().sum(1, true).sqrt()), x.c).sum();
    const [, g] = valueAndGrad(light)({ d: tensor(some), c: tensor(coefficients) });
    const host = (points: number[][]): number =>
      points.reduce((total, p) => {
        const y = evaluateSHHost(p.map((v) => v / Math.hypot(...p)));
        return total + coefficients.reduce((s, c, k) => s + y[k] * (c[0] + c[1] + c[2]), 0);
      }, 0);
    const numeric = some.flatMap((p, i) =>
      p.map((_, k) => {
        const moved = (t: number): number =>
          host(some.map((q, j) => q.map((v, m) => (i === j && k === m ? v + t : v))));
        return (moved(1e-5) - moved(-1e-5)) / 2e-5;
      }),
    );
    expect(largestDifference(await g.d.data(), numeric)).toBeLessThan(1e-4);
    const y = some.map((p) => evaluateSHHost(p.map((v) => v / 2)));
    const byCoefficient = coefficients.flatMap((_, k) => new Array<number>(3).fill(y.reduce((s, v) => s + v[k], 0)));
    expect(largestDifference(await g.c.data(), byCoefficient)).toBeLessThan(1e-5);
  });

  it('turn with their matrices, reflections included', async () => {
    for (const rotation of [randomRotation(), mat3.fromValues(0, 1, 0, 0, 0, 1, -1, 0, 0), randomRotation()]) {
      const matrices = rotationMatricesSH(rotation);
      for (const d of directions.slice(0, 20)) {
        const y = evaluateSHHost(d);
        const turned = [0, 1, 2].map((r) => rotation[r] * d[0] + rotation[3 + r] * d[1] + rotation[6 + r] * d[2]);
        const expected = matrices.flatMap((m, l) =>
          Array.from({ length: 2 * l + 1 }, (_, r) =>
            y.slice(l * l, (l + 1) ** 2).reduce((s, v, c) => s + v * m[r * (2 * l + 1) + c], 0),
          ),
        );
        expect(largestDifference(evaluateSHHost(turned), expected)).toBeLessThan(5e-6); // mat3 is in single precision
      }
    }
    const rotation = randomRotation();
    const rows = [0, 1, 2].map((r) => [rotation[r], rotation[3 + r], rotation[6 + r]]);
    const byMatrices = rotateSH(tensor(coefficients), rotation);
    const byQuadrature = rotateSH(tensor(coefficients), tensor(rows));
    expect(largestDifference(await byMatrices.data(), await byQuadrature.data())).toBeLessThan(2e-5);
    const turned = await evaluateSHSeries(tensor(directions).matmul(tensor(rows).transpose()), byMatrices).data();
    const still = await evaluateSHSeries(tensor(directions), tensor(coefficients)).data();
    expect(largestDifference(turned, still)).toBeLessThan(5e-5); // invariance: the turned light at turned directions
  });

  it('project maps and build them', async () => {
    const c = tensor(coefficients);
    const roundTrip = async (height: number, width: number, weights: 'solidAngle' | 'bandLimited'): Promise<number> =>
      largestDifference(
        await projectEnvironment(environmentOfSH(c, { height, width }), { weights }).data(),
        coefficients.flat(),
      );
    expect(await roundTrip(17, 20, 'bandLimited')).toBeLessThan(1e-5);
    expect(await roundTrip(64, 128, 'bandLimited')).toBeLessThan(1e-5);
    expect(await roundTrip(16, 32, 'bandLimited')).toBeGreaterThan(1e-3); // one row too few
    const areas = await roundTrip(64, 128, 'solidAngle');
    expect(areas).toBeGreaterThan(1e-4);
    expect(areas).toBeLessThan(3e-3);
    const total = texelSolidAngles({ height: 64, width: 128 }).reduce((s, w) => s + w * 128, 0);
    expect(total).toBeCloseTo(4 * Math.PI, 13);
  });
});

describe('bands', () => {
  it('have the published half-cosine coefficients, which quadrature gives too', () => {
    const published = [Math.PI, (2 * Math.PI) / 3, 0.785398, 0, -0.1309, 0, 0.0490874, 0, -0.0245437];
    expect(largestDifference(halfCosine(), published)).toBeLessThan(1e-6);
    const numeric = lobeCoefficients((z) => z); // S_l of the cosine is A_l
    expect(largestDifference(numeric, halfCosine())).toBeLessThan(1e-12);
  });

  it('of Phong lobes are the closed forms', () => {
    for (const s of [1, 8, 50, 5000]) {
      const closed = Array.from({ length: 9 }, (_, l) => {
        if (l % 2 === 1)
          return Array.from({ length: (l + 1) / 2 }, (_, k) => [s + 1 - 2 * k, s + 2 + 2 * k]).reduce(
            (p, [a, b]) => (p * a) / b,
            1,
          );
        return Array.from({ length: l / 2 }, (_, k) => [s - 2 * k, s + 3 + 2 * k]).reduce(
          (p, [a, b]) => (p * a) / b,
          1,
        );
      });
      const numeric = lobeCoefficients((z) => ((s + 1) / (2 * Math.PI)) * z ** s);
      expect(largestDifference(numeric, closed)).toBeLessThan(1e-9);
    }
  });

  it('light surfaces: uniform sky gives pi, one band of l = 3 gives nothing', async () => {
    const sky = coefficients.map((_, k) => [k === 0 ? Math.sqrt(4 * Math.PI) : 0, Number(bands[k] === 3)]);
    const irradiance = await irradianceSH(tensor(directions), tensor(sky)).data();
    const expected = irradiance.map((_, i) => (i % 2 === 0 ? Math.PI : 0));
    expect(largestDifference(irradiance, expected)).toBeLessThan(1e-5);
  });

  it("have NextFace's window, which drops bands from 4 on", () => {
    const expected = [
      1,
      (Math.sin(Math.PI / 4) / (Math.PI / 4)) ** 4,
      (2 / Math.PI) ** 4,
      (Math.sin(2.356194490192345) / 2.356194490192345) ** 4,
    ];
    expect(largestDifference(windowSH('nextface', 8, 4), [...expected, 0, 0, 0, 0, 0])).toBeLessThan(1e-12);
  });
});

describe('conventions', () => {
  const normals = directions.slice(0, 50);

  /** Shading at a normal as each code computes it, written down again from the codes' formulas. */
  const shading: Record<
    'sfsnet' | 'deca' | 'deep3d',
    (g: (k: number, c: number) => number, n: number[], c: number) => number
  > = {
    sfsnet: (g, [x, y, z], c) => {
      const [a0, a1, a2] = [Math.PI, (2 * Math.PI) / 3, Math.PI / 4];
      const [c1, c2] = [a0 / Math.sqrt(4 * Math.PI), a1 * Math.sqrt(3 / (4 * Math.PI))];
      const [c3, c4] = [(a2 * Math.sqrt(5 / (4 * Math.PI))) / 2, a2 * 3 * Math.sqrt(5 / (12 * Math.PI))];
      const b = [
        c1,
        c2 * z,
        c2 * x,
        c2 * y,
        c3 * (2 * z * z - x * x - y * y),
        c4 * x * z,
        c4 * y * z,
        (c4 / 2) * (x * x - y * y),
        c4 * x * y,
      ];
      return b.reduce((s, v, k) => s + v * g(k, c), 0);
    },
    deca: (g, [x, y, z], c) => {
      const f1 = ((2 * Math.PI) / 3) * Math.sqrt(3 / (4 * Math.PI));
      const f2 = (Math.PI / 4) * 3 * Math.sqrt(5 / (12 * Math.PI));
      const f4 = (Math.PI / 4) * 0.5 * Math.sqrt(5 / (4 * Math.PI));
      const b = [
        1 / Math.sqrt(4 * Math.PI),
        f1 * x,
        f1 * y,
        f1 * z,
        f2 * x * y,
        f2 * x * z,
        f2 * y * z,
        (f2 / 2) * (x * x - y * y),
        f4 * (3 * z * z - 1),
      ];
      return b.reduce((s, v, k) => s + v * g(k, c), 0);
    },
    deep3d: (g, [x, y, z], c) => {
      const a = [Math.PI, (2 * Math.PI) / Math.sqrt(3), (2 * Math.PI) / Math.sqrt(8)];
      const q = [
        1 / Math.sqrt(4 * Math.PI),
        Math.sqrt(3) / Math.sqrt(4 * Math.PI),
        (3 * Math.sqrt(5)) / Math.sqrt(12 * Math.PI),
      ];
      const b = [
        ...[
          a[0] * q[0],
          -a[1] * q[1] * y,
          a[1] * q[1] * z,
          -a[1] * q[1] * x,
          a[2] * q[2] * x * y,
          -a[2] * q[2] * y * z,
        ],
        ...[
          ((0.5 * a[2] * q[2]) / Math.sqrt(3)) * (3 * z * z - 1),
          -a[2] * q[2] * x * z,
          0.5 * a[2] * q[2] * (x * x - y * y),
        ],
      ];
      return b.reduce((s, v, k) => s + v * (g(k, c) + (k === 0 ? 0.8 : 0)), 0);
    },
  };

  it.each(['sfsnet', 'deca', 'deep3d'] as const)('%s: the same picture, and back', async (code) => {
    const numbers = Array.from({ length: 27 }, () => 2 * random() - 1);
    const planar = code !== 'deca';
    const theirs = planar ? tensor(numbers) : tensor(numbers).reshape([9, 3]);
    const get = (k: number, c: number): number => numbers[planar ? c * 9 + k : k * 3 + c];
    const expected = normals.flatMap((n) => [0, 1, 2].map((c) => shading[code](get, n, c)));
    const ours = fromConvention(code, theirs);
    expect(largestDifference(await irradianceSH(tensor(normals), ours).div(Math.PI).data(), expected)).toBeLessThan(
      1e-5,
    );
    expect(largestDifference(await toConvention(code as SHConvention, ours).data(), numbers)).toBeLessThan(1e-5);
  });

  it('redner: the radiance of its spherical coordinates', async () => {
    const numbers = Array.from({ length: 81 }, () => 2 * random() - 1);
    /** P_l^m with the Condon-Shortley sign, as redner computes it. */
    const P = (l: number, m: number, x: number): number => {
      let pmm = 1;
      for (let i = 1, fact = 1; i <= m; i++, fact += 2) pmm *= -fact * Math.sqrt((1 - x) * (1 + x));
      if (l === m) return pmm;
      let pmmp1 = x * (2 * m + 1) * pmm;
      for (let ll = m + 2; ll <= l; ll++)
        [pmm, pmmp1] = [pmmp1, ((2 * ll - 1) * x * pmmp1 - (ll + m - 1) * pmm) / (ll - m)];
      return pmmp1;
    };
    const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
    const expected = normals.map(([x, y, z]) => {
      const [theta, phi] = [Math.acos(y), Math.atan2(x, -z)];
      let sum = 0;
      for (let k = 0; k < 81; k++) {
        const l = bands[k];
        const m = k - l * l - l;
        const a = Math.abs(m);
        const K = Math.sqrt(((2 * l + 1) * factorial(l - a)) / (4 * Math.PI * factorial(l + a)));
        const turn = m === 0 ? 1 : Math.SQRT2 * (m > 0 ? Math.cos(m * phi) : Math.sin(a * phi));
        sum += numbers[k] * K * turn * P(l, a, Math.cos(theta));
      }
      return sum;
    });
    const ours = fromConvention('redner', tensor(numbers).unsqueeze(1));
    expect(largestDifference(await evaluateSHSeries(tensor(normals), ours).data(), expected)).toBeLessThan(2e-5);
    expect(largestDifference(await toConvention('redner', ours).data(), numbers)).toBeLessThan(1e-5);
  });
});
