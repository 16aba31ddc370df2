import { noGrad, tensor, type Tensor } from '@chiaro/autograd';
import { pinholeOf, posed } from '../draw/drawHeads.js';
import { lightOfFrames } from '../light/lightModel.js';
import { flowTargets } from './flowTargets.js';
import { HeadParameters, type Head } from './heads.js';
import { Minimiser, type MinimiseOptions, type Schedule } from './minimise.js';
import { drawLit, pixelLoss } from './pixelLoss.js';
import type { LitSubject } from './subject.js';

/** Step 3's options. */
export interface TrackingOptions extends Schedule {
  /** lambda of the Laplacian in L_pix. */
  readonly laplacian: number;
  /** lambda_flow, of mean squared pixels beside 8-bit steps: 3.0. */
  readonly flow: number;
}

/** Step 3: the head of one frame at a time, light and light model fixed. */
export class FrameTracker {
  readonly #subject: LitSubject;
  readonly #options: TrackingOptions;
  readonly #head: HeadParameters;
  readonly #light: Tensor;
  readonly #minimiser: Minimiser<[Tensor, Tensor, Tensor, Tensor]>;

  /** @param light [L] the clip's code. */
  constructor(subject: LitSubject, light: Float32Array, options: TrackingOptions) {
    const { avatar, camera, light: model } = subject;
    const none = { rotation: [0, 0, 0], translation: [0, 0, -1000] };
    const head = new HeadParameters([{ ...none, code: new Array<number>(avatar.codeSize).fill(0) }]);
    const lens = pinholeOf(camera);
    const frozen = [...avatar.parameters(), ...model.parameters()];
    this.#subject = subject;
    this.#options = options;
    this.#head = head;
    this.#light = tensor(light);
    this.#minimiser = new Minimiser(head.parameters(), frozen, (photo, places, weights, code) => {
      const pose = head.poses();
      const drawn = drawLit(subject, pose, code);
      const pixels = lens.toPixels(posed(drawn.positions, pose)).narrow(2, 0, 2).squeeze(0);
      const away = pixels.sub(places).square().sum(1).mul(weights).sum().div(weights.sum().maximum(1));
      return pixelLoss(drawn, photo.unsqueeze(0), options.laplacian).add(away.mul(options.flow));
    });
  }

  /**
   * @param start the head of step 1, also where the flow begins. @param photo [S, S, 3] linear RGB.
   * @returns the head, and the share of vertices that the flow held.
   */
  async track(start: Head, photo: Tensor, told: MinimiseOptions = {}): Promise<{ head: Head; held: number }> {
    const code = await this.#code(photo);
    const targets = this.#options.flow > 0 ? await flowTargets(this.#subject, start, code, photo) : undefined;
    const vertices = this.#subject.avatar.mesh.topology.vertexCount;
    const places = tensor(targets?.places ?? new Float32Array(2 * vertices), [vertices, 2]);
    const weights = tensor(targets?.weights ?? new Float32Array(vertices));
    this.#head.assign([start]);
    await this.#minimiser.run(this.#options, () => [photo, places, weights, code], told);
    const [head] = await this.#head.read();
    const held = targets ? targets.weights.reduce((sum, w) => sum + w, 0) / vertices : 0;
    code.dispose();
    places.dispose();
    weights.dispose();
    return { head, held };
  }

  /** [L] the clip's code, or the frame's of a model that sees it. */
  async #code(photo: Tensor): Promise<Tensor> {
    const { light: model } = this.#subject;
    const code = noGrad(() => lightOfFrames(model, this.#light, photo.unsqueeze(0)).reshape([model.codeSize]));
    return tensor(Float32Array.from((await code.data()) as Float32Array));
  }
}
