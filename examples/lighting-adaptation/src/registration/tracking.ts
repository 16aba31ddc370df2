import { noGrad, stack, tensor, type Tensor } from '@chiaro/autograd';
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
  /** Weight of the mean square of the codes; the paper has none. */
  readonly codePrior: number;
  /** Frames that are tracked side by side: none sees another, and small ones fill the device together. */
  readonly batch: number;
}

/** Step 3: heads of some frames at a time, each for itself, light and light model fixed. */
export class FrameTracker {
  readonly #subject: LitSubject;
  readonly #options: TrackingOptions;
  readonly #heads: HeadParameters;
  readonly #light: Tensor;
  readonly #minimiser: Minimiser<[Tensor, Tensor, Tensor, Tensor]>;

  /** @param light [L] the clip's code. */
  constructor(subject: LitSubject, light: Float32Array, options: TrackingOptions) {
    const { avatar, camera, light: model } = subject;
    const none = { rotation: [0, 0, 0], translation: [0, 0, -1000], code: new Array<number>(avatar.codeSize).fill(0) };
    const heads = new HeadParameters(Array.from({ length: options.batch }, () => none));
    const lens = pinholeOf(camera);
    const frozen = [...avatar.parameters(), ...model.parameters()];
    this.#subject = subject;
    this.#options = options;
    this.#heads = heads;
    this.#light = tensor(light);
    this.#minimiser = new Minimiser(heads.parameters(), frozen, (photos, places, weights, codes) => {
      const poses = heads.poses();
      const drawn = drawLit(subject, poses, codes);
      const pixels = lens.toPixels(posed(drawn.positions, poses)).narrow(2, 0, 2);
      const squares = pixels.sub(places).square().sum(2).mul(weights).sum(1);
      const away = squares.div(weights.sum(1).maximum(1)).mean();
      const prior = poses.codes.square().mean().mul(options.codePrior);
      return pixelLoss(drawn, photos, options.laplacian).add(away.mul(options.flow)).add(prior);
    });
  }

  /**
   * @param starts heads of step 1, where the flow begins too; at most `batch`. Fewer are filled up by the last one.
   * @param pictures [S, S, 3] linear RGB, of each head.
   * @returns the heads, and of each the share of vertices that the flow held.
   */
  async track(
    starts: readonly Head[],
    pictures: readonly Tensor[],
    told: MinimiseOptions = {},
  ): Promise<{ heads: Head[]; held: number[] }> {
    const { flow, batch } = this.#options;
    const rows = Array.from({ length: batch }, (_, k) => Math.min(k, starts.length - 1));
    const vertices = this.#subject.avatar.mesh.topology.vertexCount;
    const places = new Float32Array(2 * vertices * batch);
    const weights = new Float32Array(vertices * batch);
    const codes: number[][] = [];
    for (const [k, start] of starts.entries()) {
      const code = await this.#code(pictures[k]);
      codes.push(code);
      if (flow === 0) continue;
      const light = tensor(Float32Array.from(code));
      const targets = await flowTargets(this.#subject, start, light, pictures[k]);
      light.dispose();
      places.set(targets.places, 2 * vertices * k);
      weights.set(targets.weights, vertices * k);
    }
    const photos = stack(rows.map((k) => pictures[k]));
    const inputs: [Tensor, Tensor, Tensor, Tensor] = [
      tensor(Float32Array.from((await photos.data()) as Float32Array), photos.shape),
      tensor(places, [batch, vertices, 2]),
      tensor(weights, [batch, vertices]),
      tensor(rows.map((k) => codes[k])),
    ];
    this.#heads.assign(rows.map((k) => starts[k]));
    await this.#minimiser.run(this.#options, () => inputs, told);
    const heads = (await this.#heads.read()).slice(0, starts.length);
    for (const input of inputs) input.dispose();
    const share = (k: number): number => weights.subarray(vertices * k, vertices * (k + 1)).reduce((a, b) => a + b, 0);
    return { heads, held: heads.map((_, k) => share(k) / vertices) };
  }

  /** [L] the clip's code, or the frame's of a model that sees it. */
  async #code(photo: Tensor): Promise<number[]> {
    const { light: model } = this.#subject;
    const code = noGrad(() => lightOfFrames(model, this.#light, photo.unsqueeze(0)).reshape([model.codeSize]));
    return Array.from(await code.data());
  }
}
