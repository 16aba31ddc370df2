import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestDifference, randomNumbers } from '../../../../render/src/testing/random.testing.js';
import { axisAngle, FormatError, gradcheck, ShapeError, tensor, zeros } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { checkFaceModel } from '../faceModelData.js';
import { parseFaceModel, writeFaceModel } from '../files/faceModelFile.js';
import { loadFaceModel } from '../files/loadFaceModel.js';
import { MorphableModel } from '../morphableModel.js';
import { smallModel } from '../smallModel.testing.js';
import { subdivideFaceModel } from '../subdivide.js';
import { smallJoints } from './joints.testing.js';

const plain = smallModel();
const data = { ...plain, joints: smallJoints(plain.positions) };
const model = new MorphableModel(data);
const joints = model.joints!;
const [count, vertices] = [joints.count, model.vertexCount];

type Vector = readonly number[];
type Matrix = readonly Vector[];
const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, k) => sum + x * b[k], 0);
const times = (m: Matrix, v: Vector): Vector => m.map((row) => dot(row, v));

/** Rodrigues' formula with the matrix of the cross product: I + sin t K + (1 - cos t) K K. */
function rotationMatrix(r: Vector): Matrix {
  const t = Math.hypot(...r);
  const [x, y, z] = r.map((c) => c / (t || 1));
  const cross = [[0, -z, y], [z, 0, -x], [-y, x, 0]]; // prettier-ignore
  const columns = [0, 1, 2].map((c) => times(cross, [cross[0][c], cross[1][c], cross[2][c]]));
  return cross.map((row, a) =>
    row.map((k, b) => Number(a === b) + Math.sin(t) * k + (1 - Math.cos(t)) * columns[b][a]),
  );
}

/** A point of the unposed face, carried by joint k alone: from joint to joint up to the root. */
function carried(point: Vector, k: number, places: Matrix, turns: readonly Matrix[]): Vector {
  let at = point;
  for (let joint = k; ; joint = data.joints.parents[joint]) {
    const about = places[joint];
    const turned = times(turns[joint], at.map((x, c) => x - about[c])); // prettier-ignore
    at = turned.map((x, c) => x + about[c]);
    if (joint === 0) return at;
  }
}

/** The posed face in float64; joints where `shape` has them. */
function posedOnHost(face: ArrayLike<number>, rotations: Matrix, shape: ArrayLike<number>): Float64Array {
  const { regressor, positions, weights, correctives } = data.joints;
  const places = rotations.map((_, k) =>
    [0, 1, 2].map((c) => {
      let place = positions[3 * k + c];
      for (let v = 0; v < vertices; v++)
        place += regressor[k * vertices + v] * (shape[3 * v + c] - data.positions[3 * v + c]);
      return place;
    }),
  );
  const turns = rotations.map(rotationMatrix);
  const features = turns.slice(1).flatMap((m) => m.flatMap((row, a) => row.map((x, b) => x - Number(a === b))));
  const result = new Float64Array(face.length);
  for (let v = 0; v < vertices; v++) {
    const point = [0, 1, 2].map(
      (c) => face[3 * v + c] + features.reduce((sum, x, n) => sum + x * correctives[3 * (n * vertices + v) + c], 0),
    );
    for (let k = 0; k < count; k++)
      carried(point, k, places, turns).forEach((x, c) => (result[3 * v + c] += weights[v * count + k] * x));
  }
  return result;
}

const random = randomNumbers(31);
const numbers = (length: number, scale: number): number[] => Array.from({ length }, () => scale * (2 * random() - 1));
const rows = (values: readonly number[], width: number): number[][] =>
  Array.from({ length: values.length / width }, (_, k) => values.slice(k * width, (k + 1) * width));

describe('joints of a face', () => {
  it('turn it as skinning in float64 does, also in batches, and are where the identity has them', async () => {
    const identity = tensor(numbers(5, 1));
    const [a, b] = [numbers(3 * count, 1.5), numbers(3 * count, 1e-3)];
    const expression = tensor([numbers(3, 1), numbers(3, 1)]);
    const rotations = tensor([rows(a, 3), rows(b, 3)]);
    const shape = await model.geometry({ identity }).data();
    const unposed = await model.geometry({ identity, expression }).data();
    const posed = model.geometry({ identity, expression, rotations });
    expect(posed.shape).toEqual([2, vertices, 3]);
    const found = await posed.data();
    [a, b].forEach((turns, n) => {
      const face = unposed.subarray(3 * n * vertices, 3 * (n + 1) * vertices);
      const want = posedOnHost(face, rows(turns, 3), shape);
      expect(largestDifference(found.subarray(3 * n * vertices, 3 * (n + 1) * vertices), want)).toBeLessThan(5e-4);
      // so the reference would see joints that follow the expression, too
      if (n === 0) expect(largestDifference(want, posedOnHost(face, rows(turns, 3), face))).toBeGreaterThan(0.05);
    });
  });

  it('at rest change nothing but the last bits', async () => {
    const identity = tensor(numbers(5, 1));
    const rest = await model.geometry({ identity, rotations: zeros([count, 3]) }).data();
    expect(largestDifference(rest, await model.geometry({ identity }).data())).toBeLessThan(3e-5); // of 100 mm
  });

  it("have gradients to the face, the rotations and the joints' places, at rest, too", async () => {
    const pose = (face: Tensor, rotations: Tensor, shape: Tensor): Tensor => joints.pose(face, rotations, shape);
    const face = tensor(numbers(3 * vertices, 50), [vertices, 3]);
    const shape = tensor(numbers(3 * vertices, 50), [vertices, 3]);
    await gradcheck(pose, [face, tensor(rows(numbers(3 * count, 1), 3)), shape], { most: 15 });
    await gradcheck((rotations: Tensor) => joints.pose(face, rotations), [zeros([count, 3])], { most: 15 });
  });

  it('turned by the root alone move as one body, whatever the others do', async () => {
    const angle = fc.double({ min: -3, max: 3, noNaN: true });
    const vector = fc.tuple(angle, angle, angle);
    await fc.assert(
      fc.asyncProperty(vector, fc.array(vector, { minLength: 4, maxLength: 4 }), async (turn, others) => {
        const posed = (root: Vector): Tensor => model.geometry({ rotations: tensor([[...root], ...others]) });
        const place = model.joints!.positions.narrow(0, 0, 1);
        const rigid = axisAngle(tensor(turn))
          .apply(posed([0, 0, 0]).sub(place))
          .add(place);
        expect(largestDifference(await posed(turn).data(), await rigid.data())).toBeLessThan(1e-3);
      }),
      { numRuns: 15, seed: 5 },
    );
  });

  it('are kept by files and by subdivision', async () => {
    const back = checkFaceModel(parseFaceModel(writeFaceModel(data)));
    const { correctives, ...exact } = data.joints;
    expect(back.joints).toMatchObject(exact);
    expect(largestDifference(back.joints!.correctives, correctives)).toBeLessThan(2 / 254 + 1e-4);

    const fine = new MorphableModel(subdivideFaceModel(data));
    const rotations = tensor(rows(numbers(3 * count, 0.3), 3));
    const identity = tensor(numbers(5, 0.3));
    const near = async (value: Tensor, other: Tensor, limit: number): Promise<void> =>
      expect(largestDifference(await value.data(), await other.data())).toBeLessThan(limit);
    // random modes are far rougher than a face's, and smoothing them moves joints by a part of what they move
    const shape = { identity };
    await near(fine.joints!.locations(fine.geometry(shape)), joints.locations(model.geometry(shape)), 0.7);
    expect(fine.geometry({ rotations }).shape).toEqual([fine.vertexCount, 3]);
    await near(fine.geometry({ rotations: zeros([count, 3]) }), fine.geometry(), 1e-4);
  });

  it('refuse what does not fit', () => {
    expect(() => new MorphableModel(plain).geometry({ rotations: zeros([5, 3]) })).toThrow(ShapeError);
    expect(() => model.geometry({ rotations: zeros([4, 3]) })).toThrow(
      /rotations must be \[\.\.\., 5, 3\], got \[4, 3\]/,
    );
    const broken =
      (change: object): (() => unknown) =>
      () =>
        checkFaceModel({ ...data, joints: { ...data.joints, ...change } });
    expect(broken({ parents: Uint32Array.from([0, 0, 3, 1, 1]) })).toThrow(/joint 2 \(jaw\) hangs on joint 3/);
    expect(broken({ weights: data.joints.weights.map((x) => 2 * x) })).toThrow(/weights of vertex 0 sum to 2/);
    expect(broken({ regressor: new Float32Array(3) })).toThrow(FormatError);
  });
});

it("FLAME's files give the posed face that numpy makes of the same lists", async () => {
  const folder = new URL('../../../reference/models/', import.meta.url);
  const { flame } = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as {
    readonly flame: Readonly<Record<'positions' | 'rotations' | 'coefficients' | 'posed', readonly number[]>>;
  };
  const given = { path: new URL('flame-protocol2.pkl', folder).href, textureSize: 16 };
  const published = await loadFaceModel(given);
  const origin = [0, 1, 2].map((c) => flame.positions[c] - published.data.positions[c]); // which goes between the ears
  const face = published.geometry({ identity: tensor([...flame.coefficients]) });
  const posed = published.joints!.pose(face, tensor(rows([...flame.rotations], 3))).add(tensor(origin));
  expect(largestDifference(await posed.data(), flame.posed)).toBeLessThan(1e-3);
  expect(largestDifference(await face.add(tensor(origin)).data(), flame.posed)).toBeGreaterThan(10);
});
