/**
 * Joints of a face model as plain numbers: where they are, how they hang together and what of the skin follows which.
 * Their order has every parent before its children.
 */
export interface JointData {
  /** [J] names; FLAME's are root, neck, jaw, left eye, right eye. */
  readonly names: readonly string[];
  /** [J] the joint that each hangs on; the root, joint 0, is its own. */
  readonly parents: Uint32Array;
  /** [J * 3] where the joints of the mean face are, mm. */
  readonly positions: Float32Array;
  /** [J * V] what displacements of the vertices move each joint by: its row times them. Rows sum to 1 or nearly so. */
  readonly regressor: Float32Array;
  /** [V * J] shares of the joints in each vertex' motion; those of a vertex sum to 1. */
  readonly weights: Float32Array;
  /**
   * [9 (J - 1) * V * 3] mm: displacements for what the entries of a rotation matrix, row by row, differ from the
   * identity's, one joint after the other, without the root.
   */
  readonly correctives: Float32Array;
}

/** Published weights are rounded; more than this is another kind of list. */
const tolerance = 1e-3;

/**
 * Checks that joints fit each other and a mesh of `vertices` vertices.
 * @param fail throws the error of the model, with what is wrong.
 */
export function checkJoints(joints: JointData, vertices: number, fail: (why: string) => never): void {
  const { names, parents, positions, regressor, weights, correctives } = joints;
  const count = names.length;
  if (count === 0) fail('joints without a root');
  const lists = [
    ['parents', parents, count],
    ['positions', positions, 3 * count],
    ['regressor', regressor, count * vertices],
    ['weights', weights, count * vertices],
    ['correctives', correctives, 27 * (count - 1) * vertices],
  ] as const;
  for (const [name, list, length] of lists) {
    if (list.length !== length) fail(`${name} of joints has ${list.length} numbers, expected ${length}`);
    const at = list.findIndex((x) => !Number.isFinite(x));
    if (at >= 0) fail(`entry ${at} of ${name} of joints is ${list[at]}`);
  }
  const odd = parents.findIndex((parent, k) => (k === 0 ? parent !== 0 : parent >= k));
  if (odd >= 0) fail(`joint ${odd} (${names[odd]}) hangs on joint ${parents[odd]}, which does not come before it`);
  for (let v = 0; v < vertices; v++) {
    let sum = 0;
    for (let k = 0; k < count; k++) sum += weights[v * count + k];
    if (!(Math.abs(sum - 1) < tolerance)) fail(`the joints' weights of vertex ${v} sum to ${sum}, not 1`);
  }
}
