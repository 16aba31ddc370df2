import { axisAngle, concat, eye, ShapeError, stack, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { JointData } from './jointData.js';

/**
 * Joints that turn parts of a face: FLAME's neck, jaw and eyes, and the whole head about its root. Linear blend skinning
 * with corrective displacements, as SMPL (Loper et al. 2015, eq. 2-4, 9, 10) defines it and FLAME (Li et al. 2017, eq. 1-4)
 * takes it over. Everything carries gradients. `MorphableModel.geometry` does all of it for `rotations`; the single
 * steps are here for those who pose vertices of their own.
 *
 * @example
 * const jaw = joints.names.indexOf('jaw');
 * const rotations = zeros([joints.count, 3]); // axis times angle; its row `jaw` opens the mouth by its x
 * const posed = joints.pose(model.geometry({ identity }), rotations);
 */
export class FaceJoints {
  /** [J] */
  readonly names: readonly string[];
  /** Number of joints J. */
  readonly count: number;
  /** [J] the joint that each hangs on; the root, joint 0, is its own. */
  readonly parents: Uint32Array;
  /** [J, 3] joints of the mean face, mm. */
  readonly positions: Tensor;
  /** [J, V] displacements of vertices -> displacements of joints. */
  readonly regressor: Tensor;
  /** [V, J] shares of the joints in the motion of each vertex. */
  readonly weights: Tensor;
  /** [9 (J - 1), V, 3] mm, see `JointData`. */
  readonly correctives: Tensor;
  readonly #mean: Tensor;

  /** @param mean [V, 3] the mean face of the model that the joints belong to, mm. */
  constructor({ names, parents, positions, regressor, weights, correctives }: JointData, mean: Tensor) {
    const [count, vertices] = [names.length, mean.shape[0]];
    this.names = names;
    this.count = count;
    this.parents = parents;
    this.positions = tensor(positions, [count, 3]);
    this.regressor = tensor(regressor, [count, vertices]);
    this.weights = tensor(weights, [vertices, count]);
    this.correctives = tensor(correctives, [9 * (count - 1), vertices, 3]);
    this.#mean = mean;
  }

  /**
   * Where the joints of a face in the pose of the mean are: J(shape) of SMPL's eq. 10.
   * @param shape [..., V, 3] mm.
   * @returns [..., J, 3] mm.
   */
  locations(shape: Tensor): Tensor {
    this.#checkVertices('locations', shape);
    return this.positions.add(this.regressor.matmul(shape.sub(this.#mean)));
  }

  /**
   * Turns the joints of a face: adds the correctives of the rotations, then turns every vertex about the joints by their
   * weights. Rotations of 0 change nothing but the last bit.
   * @param face [..., V, 3] mm, in the pose of the mean.
   * @param rotations [..., J, 3] axis times angle in radians, each in the frame of the joint's parent; leading dimensions
   * broadcast with those of `face`.
   * @param shape [..., V, 3] mm: the face that says where the joints are. FLAME's paper takes the identity alone, which is
   * what `geometry` gives here; the code published with it takes the expression, too, which is the default here.
   * @returns [..., V, 3] mm.
   * @throws ShapeError for other shapes.
   */
  pose(face: Tensor, rotations: Tensor, shape: Tensor = face): Tensor {
    this.#checkVertices('pose', face);
    if (rotations.shape.at(-1) !== 3 || rotations.shape.at(-2) !== this.count) {
      throw new ShapeError(`pose: rotations must be [..., ${this.count}, 3], got [${rotations.shape.join(', ')}]`);
    }
    const { matrix } = axisAngle(rotations);
    const places = this.locations(shape);
    const skin = this.weights.matmul(this.#motions(matrix, places));
    const motion = skin.reshape([...skin.shape.slice(0, -1), 3, 4]);
    const points = this.#corrected(face, matrix).unsqueeze(-2);
    return motion.narrow(-1, 0, 3).mul(points).sum(-1).add(motion.select(-1, 3));
  }

  /** The face with the displacements that go with rotation matrices [..., J, 3, 3]: FLAME's eq. 4. */
  #corrected(face: Tensor, matrix: Tensor): Tensor {
    const turning = this.count - 1;
    if (turning === 0) return face;
    const leading = matrix.shape.slice(0, -3);
    const off = matrix
      .narrow(-3, 1, turning)
      .sub(eye(3))
      .reshape([...leading, 9 * turning]);
    const [vertices] = this.weights.shape;
    const flat = this.correctives.reshape([9 * turning, 3 * vertices]);
    return face.add(off.matmul(flat).reshape([...leading, vertices, 3]));
  }

  /** [..., J, 12] rows of the [3, 4] matrices that take points of the unposed face to where each joint carries them. */
  #motions(matrix: Tensor, places: Tensor): Tensor {
    const column = (k: number): Tensor => places.select(-2, k).unsqueeze(-1); // [..., 3, 1]
    const turns: Tensor[] = [];
    const posed: Tensor[] = [];
    const rows = Array.from(this.parents, (parent, k) => {
      const [turn, place] = [matrix.select(-3, k), column(k)];
      const arm = place.sub(column(parent));
      turns.push(k === 0 ? turn : turns[parent].matmul(turn));
      posed.push(k === 0 ? place : posed[parent].add(turns[parent].matmul(arm)));
      const shift = posed[k].sub(turns[k].matmul(place));
      const leading = shift.shape.slice(0, -2);
      return concat([turns[k].expand([...leading, 3, 3]), shift], -1).reshape([...leading, 12]);
    });
    return stack(rows, -2);
  }

  #checkVertices(name: string, face: Tensor): void {
    const [vertices] = this.weights.shape;
    if (face.shape.at(-1) !== 3 || face.shape.at(-2) !== vertices)
      throw new ShapeError(`${name}: needs a face [..., ${vertices}, 3], got [${face.shape.join(', ')}]`);
  }
}
