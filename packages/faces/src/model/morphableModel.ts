import { mesh } from '@chiaro/render';
import type { Mesh } from '@chiaro/render';
import { add, rand, randn, ShapeError, tensor } from '../engine.js';
import type { Generator, Tensor } from '../engine.js';
import { contourNormals, visibleContour } from './contours.js';
import type { HeadView } from './contours.js';
import { expressionPca } from './expressionPca.js';
import { checkFaceModel } from './faceModelData.js';
import type { FaceModelData } from './faceModelData.js';
import { FaceJoints } from './joints/faceJoints.js';
import { numbersAtPoints, pointsAtVertices, valuesAtPoints } from './surfacePoints.js';
import type { SurfacePoints } from './surfacePoints.js';
import { albedoOf, mixed } from './albedo.js';
import type { AlbedoCoefficients, AlbedoMaps } from './albedo.js';
import { tonesOf } from './tones.js';
import type { Tones } from './tones.js';

/** Coefficients of a face's shape. Vectors may be shorter than the model has modes: the first ones are meant. */
export interface ShapeCoefficients {
  /** [..., K' <= K] weights of the identity modes, N(0, 1). */
  readonly identity?: Tensor;
  /** [..., P' <= P] weights of the orthonormal expression modes, N(0, 1). */
  readonly expression?: Tensor;
  /** [..., B] weights of the named blendshapes in [0, 1]; instead of `expression`. */
  readonly blendshapes?: Tensor;
  /** [..., V, 3] mm added to the vertices: what no mode of the model has. */
  readonly offsets?: Tensor;
  /** [..., J, 3] rotations of the joints, axis times angle in radians, each in its parent's frame; see `joints`. */
  readonly rotations?: Tensor;
}

/** All coefficients of a face; what is left out is zero. */
export type FaceCoefficients = ShapeCoefficients & AlbedoCoefficients;

/** Standard deviation of a blendshape's weight in the expression prior. */
const blendshapeDeviation = 0.3;

/** Tones are drawn by themselves, as if no two went together: at their full deviation they make a patchwork. */
const toneShare = 0.5;

/** Landmarks of the jaw: the first ones. */
const jawCount = 17;

/**
 * A statistical face model on tensors: mean and linear modes of shape, expression and reflectance. Every tensor that
 * its methods return carries gradients to the coefficients. Positions are in millimetres (+X the subject's left, +Y up,
 * +Z out of the face, the origin between the ears), colours linear RGB.
 *
 * @example
 * const model = await loadFaceModel();
 * const identity = new Parameter(zeros([80]));
 * const face = model.mesh(model.geometry({ identity }));
 * const { diffuse, specular } = model.albedo({});
 */
export class MorphableModel implements AlbedoMaps {
  /** The numbers that the model was made of, on the host. */
  readonly data: FaceModelData;
  readonly vertexCount: number;
  /** Number of identity modes K. */
  readonly identityCount: number;
  /** Number of orthonormal expression modes P. */
  readonly expressionCount: number;
  /** Number of blendshapes B, whose names are `data.blendshapeNames`. */
  readonly blendshapeCount: number;
  /** Number of albedo modes A, the tones among them, which come last; 0 where the model has a mean and the tint only. */
  readonly albedoCount: number;
  /** [P] standard deviation of each expression mode along its unit vector, mm. */
  readonly expressionSigma: Float32Array;
  /** [V, 3] mean positions, mm. */
  readonly mean: Tensor;
  /** [K, V, 3] mm for weights of 1. */
  readonly identityModes: Tensor;
  /** [B, V, 3] mm for weights of 1. */
  readonly blendshapeModes: Tensor;
  /** [P, B] expression weights -> blendshape weights. */
  readonly expressionToBlendshapes: Tensor;
  /** [H, W, 3] */
  readonly meanDiffuse: Tensor;
  /** [S, H, W, 3] the modes of skins, S of the A. */
  readonly diffuseModes: Tensor;
  /** The other A - S modes of the diffuse albedo: shares of what the skins' modes give. */
  readonly tones: Tones;
  /** [H, W, 1] */
  readonly meanSpecular: Tensor;
  /** [S, H, W, 1] */
  readonly specularModes: Tensor;
  /** [H, W, 1] how much of the texel is skin. */
  readonly skin: Tensor;
  /** [V] 1 on the face proper, 0 on scalp, neck, eyes and mouth, smooth between. */
  readonly faceMask: Tensor;
  /** The joints that `rotations` turn; undefined for models without. */
  readonly joints: FaceJoints | undefined;
  /** Roughness r of the specular lobe (alpha = r^2), constant. */
  readonly roughness: number;

  readonly #meanMesh: Mesh;
  /** [A] what `sample` takes of each albedo mode's deviation. */
  readonly #sampledShare: Tensor;
  readonly #contourNormals: Float32Array;
  /** The landmarks of the mean [68, 3], of the identity modes [K, 68, 3] and of the blendshapes [B, 68, 3]. */
  readonly #landmarkModes: { readonly mean: Tensor; readonly identity: Tensor; readonly blendshapes: Tensor };

  /** @throws FormatError where the lists of `data` do not fit each other. */
  constructor(data: FaceModelData) {
    this.data = checkFaceModel(data);
    const { positions, albedo } = data;
    const vertices = positions.length / 3;
    const { height, width } = albedo;
    this.vertexCount = vertices;
    this.identityCount = data.identity.length / positions.length;
    this.blendshapeCount = data.blendshapeNames.length;
    const skinModes = albedo.modes.length / (3 * height * width);
    this.tones = tonesOf(albedo.tones, height);
    this.albedoCount = skinModes + this.tones.count;
    this.roughness = data.roughness;
    const pca = expressionPca(data.blendshapes, this.blendshapeCount, blendshapeDeviation);
    this.expressionCount = pca.count;
    this.expressionSigma = pca.sigma;
    this.mean = tensor(positions, [vertices, 3]);
    this.joints = data.joints && new FaceJoints(data.joints, this.mean);
    this.identityModes = tensor(data.identity, [this.identityCount, vertices, 3]);
    this.blendshapeModes = tensor(data.blendshapes, [this.blendshapeCount, vertices, 3]);
    this.expressionToBlendshapes = tensor(pca.toBlendshapes, [pca.count, this.blendshapeCount]);
    this.meanDiffuse = tensor(albedo.mean, [height, width, 3]);
    this.diffuseModes = tensor(albedo.modes, [skinModes, height, width, 3]);
    this.meanSpecular = tensor(albedo.specular, [height, width, 1]);
    this.specularModes = tensor(albedo.specularModes, [skinModes, height, width, 1]);
    this.skin = tensor(albedo.skin, [height, width, 1]);
    this.faceMask = tensor(data.mask, [vertices]);
    this.#sampledShare = tensor(
      Float32Array.from({ length: this.albedoCount }, (_, k) => (k < skinModes ? 1 : toneShare)),
    );
    this.#meanMesh = mesh({ ...data, positions: this.mean, rest: positions });
    this.#contourNormals = contourNormals(positions, data.landmarks);
    const landmarks = (values: ArrayLike<number>, count: number): Tensor =>
      tensor(numbersAtPoints(values, { count, channels: 3 }, data.landmarkPoints), [count, 68, 3]);
    this.#landmarkModes = {
      mean: landmarks(positions, 1).select(0, 0),
      identity: landmarks(data.identity, this.identityCount),
      blendshapes: landmarks(data.blendshapes, this.blendshapeCount),
    };
  }

  /**
   * Vertex positions: mean + identity modes + expression + offsets, mm, then turned by the joints, which are where the
   * identity has them.
   * @returns [V, 3], or [..., V, 3] for coefficients with leading dimensions, which broadcast.
   * @throws ShapeError for more coefficients than there are modes, offsets that are not [..., V, 3], rotations that are
   *   not [..., J, 3] or of a model without joints, or both kinds of expression at once.
   */
  geometry({ identity, expression, blendshapes, offsets, rotations }: ShapeCoefficients = {}): Tensor {
    if (expression !== undefined && blendshapes !== undefined) {
      throw new ShapeError('geometry: give expression or blendshapes, not both');
    }
    let positions = this.mean;
    if (identity !== undefined) positions = positions.add(mixed('identity', identity, this.identityModes));
    const shape = positions;
    const weights = expression === undefined ? blendshapes : this.blendshapeWeights(expression);
    if (weights !== undefined) positions = positions.add(mixed('blendshapes', weights, this.blendshapeModes));
    if (offsets !== undefined) {
      if (offsets.shape.at(-1) !== 3 || offsets.shape.at(-2) !== this.vertexCount) {
        throw new ShapeError(`offsets: needs [..., ${this.vertexCount}, 3], got [${offsets.shape.join(', ')}]`);
      }
      positions = positions.add(offsets);
    }
    if (rotations === undefined) return positions;
    if (this.joints === undefined) throw new ShapeError(`rotations: the model ${this.data.name} has no joints`);
    return this.joints.pose(positions, rotations, shape);
  }

  /** Orthonormal expression weights [..., P'] -> the blendshape weights [..., B] that they stand for. */
  blendshapeWeights(expression: Tensor): Tensor {
    return mixed('expression', expression, this.expressionToBlendshapes);
  }

  /**
   * Reflectance: mean + modes of skins, changed by the tones (`FaceTone`), times the tint, clamped to [0.002, 0.98]. The specular albedo is a synthetic map (see
   * docs/concepts/face-model.md) that follows the same weights; it is colourless.
   * @returns diffuse and specular albedo [H, W, 3], linear RGB.
   */
  albedo(coefficients: AlbedoCoefficients = {}): { diffuse: Tensor; specular: Tensor } {
    return albedoOf(this, coefficients);
  }

  /**
   * Draws a plausible face: identity, albedo and tint from their priors, clamped to 2.5, 1.4 and 2 standard deviations
   * (linear modes of albedo leave the range of skins soon), tones at half of that, expressions as a few blendshapes at once, since that is
   * what faces do (each active with chance 0.15, its weight uniform in [0, 0.7]).
   * @param options `spread` scales the standard deviations of identity, albedo and tint, 0 is the mean face; `expression`
   * scales the blendshape weights, 0 is neutral.
   */
  sample(
    generator: Generator,
    options: { readonly spread?: number; readonly expression?: number } = {},
  ): Required<Omit<FaceCoefficients, 'expression' | 'offsets' | 'rotations'>> {
    const { spread = 1, expression = 1 } = options;
    const clamped = (count: number, limit: number): Tensor =>
      randn([count], { generator }).clamp(-limit, limit).mul(spread);
    const active = rand([this.blendshapeCount], { generator }).lt(0.15);
    return {
      identity: clamped(this.identityCount, 2.5),
      blendshapes: rand([this.blendshapeCount], { generator })
        .mul(0.7 * expression)
        .where(active, 0),
      albedo: clamped(this.albedoCount, 1.4).mul(this.#sampledShare),
      tint: clamped(2, 2),
    };
  }

  /**
   * Minus twice the logarithm of the coefficients' density, up to a constant: the sum of their squares, blendshape
   * weights divided by their standard deviation of 0.3. A scalar. Offsets and rotations have no prior.
   */
  prior({ identity, expression, blendshapes, albedo, tint }: FaceCoefficients): Tensor {
    const terms = [identity, expression, blendshapes?.div(blendshapeDeviation), albedo, tint];
    return terms.reduce<Tensor>((sum, c) => (c === undefined ? sum : add(sum, c.square().sum())), tensor(0));
  }

  /** The model's mesh (triangles, topology, texture coordinates) with these positions [V, 3]; by default the mean's. */
  mesh(positions: Tensor = this.mean): Mesh {
    if (positions.rank !== 2 || positions.shape[0] !== this.vertexCount || positions.shape[1] !== 3) {
      throw new ShapeError(`mesh: positions must be [${this.vertexCount}, 3], got [${positions.shape.join(', ')}]`);
    }
    return { ...this.#meanMesh, positions };
  }

  /** The vertices nearest to the 68 landmarks; with a view, the jaw's are those on the outline that the camera sees. */
  landmarkIds(view?: HeadView): Uint32Array {
    const ids = this.data.landmarks.slice();
    if (view !== undefined)
      ids.set(visibleContour(this.data.positions, this.data.contours, this.#contourNormals, view));
    return ids;
  }

  /** The 68 landmarks as points of the surface; with a view, the jaw's are those on the outline that the camera sees. */
  landmarkPoints(view?: HeadView): SurfacePoints {
    const points = this.data.landmarkPoints;
    if (view === undefined) return points;
    const [vertices, weights] = [points.vertices.slice(), points.weights.slice()];
    const jaw = pointsAtVertices(this.landmarkIds(view).subarray(0, jawCount));
    vertices.set(jaw.vertices);
    weights.set(jaw.weights);
    return { vertices, weights };
  }

  /** Positions of the 68 landmarks [..., 68, 3] on a face [..., V, 3]; see `landmarkPoints` for `view`. */
  landmarks(positions: Tensor, view?: HeadView): Tensor {
    return valuesAtPoints(positions, this.landmarkPoints(view));
  }

  /**
   * The 68 landmarks [..., 68, 3] of the face that coefficients [..., K] and [..., B] mean: those of `geometry`, without the
   * cost of its other vertices.
   */
  landmarksOf({ identity, blendshapes }: Required<Pick<ShapeCoefficients, 'identity' | 'blendshapes'>>): Tensor {
    const modes = this.#landmarkModes;
    return modes.mean
      .add(mixed('identity', identity, modes.identity))
      .add(mixed('blendshapes', blendshapes, modes.blendshapes));
  }
}
