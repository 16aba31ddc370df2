// What a fitted clip is compared by: errors of pose and expression, and how much they tremble.
import { tensor } from '@chiaro/autograd';
import { axisAngle } from '@chiaro/render';

const degrees = 180 / Math.PI;
const root = (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** Rows of three numbers of the vertices that count. */
const pick = (data, vertices) => Float64Array.from(vertices.flatMap((v) => [0, 1, 2].map((c) => data[3 * v + c])));

/** Lengths of the rows of three. */
const lengths = (rows) =>
  Array.from({ length: rows.length / 3 }, (_, k) => Math.hypot(rows[3 * k], rows[3 * k + 1], rows[3 * k + 2]));

/** x(t + 1) - 2 x(t) + x(t - 1) of lists. */
const secondDifferences = (lists) =>
  lists.slice(2).map((list, k) => Float64Array.from(list, (x, i) => x - 2 * lists[k + 1][i] + lists[k][i]));

/** What the expression moves on the face, mm, frame by frame. */
const displacements = (model, weights, vertices) =>
  Promise.all(
    weights.map(async (blendshapes) => {
      const [moved, rest] = [
        await model.geometry({ blendshapes: tensor([...blendshapes]) }).data(),
        model.data.positions,
      ];
      return pick(
        moved.map((x, i) => x - rest[i]),
        vertices,
      );
    }),
  );

/** Where the face is in the picture, pixels, frame by frame. */
const projections = (model, heads, vertices) =>
  Promise.all(
    heads.map(async ({ identity, blendshapes, rotation, translation, focal }) => {
      const rest = model.geometry({ identity: tensor([...identity]), blendshapes: tensor([...blendshapes]) });
      const placed = await axisAngle(tensor([...rotation]))
        .apply(rest)
        .add(tensor([...translation]))
        .data();
      const points = pick(placed, vertices);
      return points.map((x, i) => (i % 3 === 2 ? 0 : (-focal * x) / points[i - (i % 3) + 2]));
    }),
  );

/** The angle between two turns, axis times angle, degrees. */
async function angle(a, b) {
  const basis = tensor([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]);
  const [p, q] = await Promise.all(
    [a, b].map((w) =>
      axisAngle(tensor([...w]))
        .apply(basis)
        .data(),
    ),
  );
  const trace = p.reduce((sum, x, i) => sum + x * q[i], 0);
  return Math.acos(Math.min(1, Math.max(-1, (trace - 1) / 2))) * degrees;
}

/**
 * Errors of a fitted clip: `turn` in degrees and `expression` (displacement of the face's vertices) in mm, `picture` (projected
 * vertices) in pixels, means over frames; and their jitter, the root mean square of second differences of the error, which
 * a perfect fit does not have.
 */
export async function errorsOf(model, { person, frames, focal }, truth) {
  const vertices = [...model.data.mask.keys()].filter((v) => model.data.mask[v] > 0.5);
  const { values } = person[0].parameters.find(({ name }) => name === 'identity');
  const identity = Float32Array.from({ length: model.identityCount }, (_, k) => values[k] ?? 0);
  const scenes = frames.map(({ index }) => truth[index]);
  const turns = await Promise.all(frames.map((frame, k) => angle(frame.rotation, scenes[k].rotation)));
  const turnErrors = frames.map(({ rotation }, k) => rotation.map((x, i) => (x - scenes[k].rotation[i]) * degrees));
  const difference = (a, b) => a.map((list, k) => Float64Array.from(list, (x, i) => x - b[k][i]));
  const expressions = difference(
    await displacements(
      model,
      frames.map(({ expression }) => expression),
      vertices,
    ),
    await displacements(
      model,
      scenes.map(({ blendshapes }) => blendshapes),
      vertices,
    ),
  );
  const heads = frames.map((frame) => ({ ...frame, blendshapes: frame.expression, identity, focal }));
  const places = difference(await projections(model, heads, vertices), await projections(model, scenes, vertices));
  const trembling = (lists) => root(secondDifferences(lists).map((list) => root(lengths(list))));
  return {
    turn: mean(turns),
    expression: mean(expressions.map((list) => mean(lengths(list)))),
    picture: mean(places.map((list) => mean(lengths(list)))),
    turnJitter: trembling(turnErrors),
    expressionJitter: trembling(expressions),
    pictureJitter: trembling(places),
  };
}
