import type { Adam } from '@chiaro/nn';
import { cropAroundLandmarks, cropRules } from '../../crop/index.js';
import { Cell, Parameter, noGrad, pinhole, tensor, zeros } from '../../engine.js';
import type { SavedState, Tensor } from '../../engine.js';
import type { MorphableModel } from '../../model/index.js';
import { pickPoints, pointTensors, renumberPoints } from '../../model/surfacePoints.js';
import type { SurfacePoints } from '../../model/surfacePoints.js';
import type { Photo } from '../../photo/photo.js';
import type { FitConfig } from '../config.js';
import { faceContext } from '../faceContext.js';
import type { FaceContext } from '../faceContext.js';
import type { FaceVariables } from '../faceVariables.js';
import { heldInputs, holdLight } from '../modelFit.js';
import type { HeldInputs } from '../modelFit.js';
import { curveTangents } from '../pose/curves.js';
import { landmarkPositions } from '../pose/landmarkModel.js';
import type { LandmarkCoefficients } from '../pose/landmarkModel.js';
import { modelPoints } from '../pose/modelPoints.js';
import type { ModelPoints } from '../pose/modelPoints.js';
import { axisAngleOfRotation, rotationOfAxisAngle } from '../pose/rotation.js';
import { choosePoints, solveLandmarks } from '../pose/solveLandmarks.js';
import type { LandmarkFit } from '../pose/solveLandmarks.js';
import type { HostPose } from '../pose/startPose.js';
import { viewOf } from '../problem.js';
import type { View } from '../problem.js';
import { expectedCells, frameStep, movingNames } from '../stages/frameStage.js';
import type { ExpectedCells } from '../stages/frameStage.js';
import { adamOf, scaleRates } from '../stages/modelTerms.js';
import type { FittedFrame } from './frameState.js';
import type { Expected } from './smoothness.js';

/** What all frames of a clip share. */
export interface FramePerson {
  /** Coefficients as `MorphableModel` takes them. */
  readonly identity: Float32Array;
  readonly albedo: Float32Array;
  readonly tint: Float32Array;
  /** Focal length in pixels of the frames. */
  readonly focal: number;
}

/** A frame that was read, and where its face is. */
export interface ReadFrame {
  readonly index: number;
  readonly name: string;
  readonly photo: Photo;
  readonly landmarks: ArrayLike<number>;
}

/** What the frames about a frame say of it; nothing where it is free. */
export interface FrameExpectations {
  readonly rotation?: Expected;
  readonly translation?: Expected;
  readonly expression?: Expected;
  /** In coefficients of the light. */
  readonly light?: Expected;
}

/** Where the steps of a frame start. */
export type FrameStart = Pick<FittedFrame, 'rotation' | 'translation' | 'expression' | 'light' | 'ambient'>;

/** The compiled step, and its optimiser as it is before a frame. */
interface Stepper {
  readonly step: () => Tensor;
  readonly adam: Adam;
  readonly fresh: SavedState;
  readonly rates: readonly number[];
}

const warmUp = 2;

/** What is left of the learning rates at the last step of a frame. */
const lastRate = 0.1;

/**
 * Fits the frames of a clip one at a time: everything that the steps of Adam need is in cells, so that all frames share the
 * kernels of the first.
 */
export class FrameTracker {
  readonly #variables: FaceVariables;
  readonly #shaped: ModelPoints;
  readonly #context: FaceContext;
  readonly #inRegion: ReadonlyMap<number, number>;
  readonly #held: HeldInputs;
  readonly #view: {
    readonly photo: Cell;
    readonly intrinsics: Cell;
    readonly landmarks: Cell;
    readonly tangents: Cell;
    readonly sigma: Cell;
    readonly points: { readonly vertices: Cell; readonly weights: Cell };
  };
  readonly #expected: ExpectedCells;
  #slide?: Tensor;
  #stepper?: Stepper;

  constructor(
    readonly model: MorphableModel,
    readonly person: FramePerson,
    readonly config: FitConfig,
  ) {
    const { size } = config.vertex;
    const points = modelPoints(model.data, person.identity.length);
    const identity = Float64Array.from(person.identity);
    const expression = new Float64Array(points.expression.length);
    // shape stands: the landmarks' solver gets a model that has no other
    this.#shaped = { ...points, mean: landmarkPositions(points, { identity, expression }), identity: [] };
    this.#context = faceContext(model, model.data.landmarkPoints);
    this.#inRegion = new Map(Array.from(this.#context.regionIds, (v, k) => [v, k]));
    this.#held = heldInputs(this.#context);
    this.#variables = {
      rotation: Parameter.zeros([3]),
      translation: Parameter.zeros([3]),
      identity: new Parameter(tensor(person.identity)),
      blendshapes: Parameter.zeros([model.blendshapeCount]),
      albedo: new Parameter(tensor(person.albedo)),
      tint: new Parameter(tensor(person.tint)),
      light: Parameter.zeros([config.light.bands ** 2, 3]),
    };
    this.#expected = expectedCells(this.#variables);
    this.#view = {
      photo: new Cell(zeros([size, size, 3])),
      intrinsics: new Cell(zeros([4])),
      landmarks: new Cell(zeros([68, 2])),
      tangents: new Cell(zeros([68, 2])),
      sigma: new Cell(zeros([])),
      points: {
        vertices: new Cell(zeros([204], { dtype: 'int32' })),
        weights: new Cell(zeros([68, 3, 1])),
      },
    };
  }

  /** Head pose and expression by the landmarks alone, on the host. @param start a frame near it. */
  pose({ photo, landmarks }: ReadFrame, start?: FrameStart): LandmarkFit {
    const seen = Float64Array.from(landmarks);
    const known = { focal: this.person.focal, ...(start && { start: this.#head(start) }) };
    return solveLandmarks(this.#shaped, seen, [photo.width / 2, photo.height / 2], this.config.pose, known);
  }

  /**
   * Finds by rays what every vertex sees of the sky, and where skin shows, for a frame as it was fitted; the frames after it
   * are shaded by that. @returns the light that explains the frame best, and its mean coefficient.
   */
  async relight(frame: ReadFrame, at: FrameStart): Promise<Pick<FrameStart, 'light' | 'ambient'>> {
    const view = this.#show(frame, this.#context.landmarks);
    this.#place(at);
    const face = { context: this.#context, variables: this.#variables, view };
    await holdLight(face, this.#held, this.config.light);
    const [light, ambient] = await Promise.all([this.#variables.light.data(), this.#held.ambient.item()]);
    return { light: Array.from(light), ambient };
  }

  /** Steps of Adam for one frame. */
  async fit(
    frame: ReadFrame,
    start: FrameStart,
    { expected, steps }: { readonly expected: FrameExpectations; readonly steps: number },
  ): Promise<Pick<FittedFrame, 'rotation' | 'translation' | 'expression' | 'light' | 'ambient' | 'photometric'>> {
    this.#show(frame, this.#points(frame, start));
    this.#place(start);
    this.#expect(expected);
    if (!this.#stepper) {
      this.#stepper = await this.#steps(start.ambient);
      // the first calls of a compiled function may round otherwise: no frame shall have them
      for (let k = 0; k < warmUp; k++) await this.#stepper.step().data();
      this.#place(start);
    }
    const { step, adam, fresh, rates } = this.#stepper;
    adam.load(fresh);
    let values: Tensor | undefined;
    for (let k = 0; k < steps; k++) {
      scaleRates(adam, rates, lastRate + ((1 - lastRate) * (1 + Math.cos((Math.PI * k) / steps))) / 2);
      values = step();
    }
    const v = this.#variables;
    const [rotation, translation, expression, light] = await Promise.all(
      movingNames.map(async (name) => Array.from(await v[name].data())),
    );
    const photometric = values ? (await values.data())[1] : NaN;
    return { rotation, translation, expression, light, ambient: start.ambient, photometric };
  }

  #head({ rotation, translation, expression }: FrameStart): LandmarkCoefficients & { readonly pose: HostPose } {
    const { focal } = this.person;
    return {
      pose: { rotation: rotationOfAxisAngle(rotation), translation: Float64Array.from(translation), focal },
      identity: new Float64Array(0),
      expression: Float64Array.from(expression),
    };
  }

  /** Where the landmarks lie: those of the jaw on the outline of the head as it starts. */
  #points({ photo, landmarks }: ReadFrame, start: FrameStart): SurfacePoints {
    const seen = Float64Array.from(landmarks);
    const centre = [photo.width / 2, photo.height / 2] as const;
    const problem = { model: this.#shaped, landmarks: seen, centre, tangents: curveTangents(seen) };
    return pickPoints(this.#shaped.places, choosePoints(problem, this.#head(start)));
  }

  #place({ rotation, translation, expression, light, ambient }: FrameStart): void {
    const v = this.#variables;
    noGrad(() => {
      v.rotation.assign(tensor(Float32Array.from(rotation)));
      v.translation.assign(tensor(Float32Array.from(translation)));
      v.blendshapes.assign(tensor(Float32Array.from(expression)));
      v.light.assign(tensor(Float32Array.from(light), v.light.shape));
      this.#held.ambient.assign(tensor(ambient));
    });
  }

  /** Puts a frame's picture, camera and landmarks into the cells. */
  #show({ photo, landmarks }: ReadFrame, points: SurfacePoints): View {
    const { size } = this.config.vertex;
    const crop = cropAroundLandmarks(
      landmarks,
      { ...cropRules.fit, margin: this.config.cropMargin },
      { within: photo },
    );
    const source = { image: photo.image, crop, landmarks, focal: this.person.focal };
    const view = viewOf(source, size, this.config.pose);
    const inRegion = pointTensors(renumberPoints(points, (v) => this.#inRegion.get(v)!));
    const cells = this.#view;
    noGrad(() => {
      cells.photo.assign(view.photo);
      cells.intrinsics.assign(tensor([...view.intrinsics]));
      cells.landmarks.assign(view.targets.landmarks);
      cells.tangents.assign(view.targets.tangents);
      cells.sigma.assign(view.targets.sigma as number);
      cells.points.vertices.assign(inRegion.vertices);
      cells.points.weights.assign(inRegion.weights);
    });
    this.#slide ??= view.targets.slide;
    return view;
  }

  #expect({ rotation, translation, expression, light }: FrameExpectations): void {
    const given = { rotation, translation, blendshapes: expression, light };
    noGrad(() => {
      for (const name of movingNames) {
        const { value, weight } = this.#expected[name];
        weight.assign(given[name]?.weight ?? 0);
        if (given[name]) value.assign(tensor(Float32Array.from(given[name].value), value.shape));
      }
    });
  }

  async #steps(ambient: number): Promise<Stepper> {
    const v = this.#variables;
    const { size, rates } = this.config.vertex;
    const moving = { rotation: v.rotation, translation: v.translation, blendshapes: v.blendshapes, light: v.light };
    const adam = adamOf([v], rates, [ambient]);
    const { photo, intrinsics, landmarks, tangents, sigma, points } = this.#view;
    const step = frameStep(
      {
        face: {
          region: this.#context.region,
          landmarks: points,
          variables: { ...moving, identity: v.identity.detach(), albedo: v.albedo.detach(), tint: v.tint.detach() },
          view: {
            photo,
            camera: pinhole({ width: size, height: size, near: 50, far: 10000, intrinsics }),
            targets: { landmarks, tangents, slide: this.#slide!, sigma },
          },
        },
        moving,
        held: this.#held,
        expected: this.#expected,
      },
      this.config,
      adam,
    );
    return { step, adam, fresh: await adam.save(), rates: adam.groups.map((group) => group.lr) };
  }
}

/** A landmark fit as a start. */
export const startOf = ({
  pose,
  expression,
}: LandmarkFit): Pick<FrameStart, 'rotation' | 'translation' | 'expression'> => ({
  rotation: axisAngleOfRotation(pose.rotation),
  translation: Array.from(pose.translation),
  expression: Array.from(expression),
});
