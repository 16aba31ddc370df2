import { concat, idle, noGrad, realize, tidy } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { Camera } from '../camera/index.js';
import { develop } from './film.js';
import type { PathTraced } from './film.js';
import { showing, traceCall } from './pathTrace.js';
import type { Crop, PathTraceOptions } from './pathTrace.js';
import { filmProgram, surfacesOfPath } from './programs.js';
import type { FilmProgram, TraceInputs, TraceOptions } from './programs.js';
import type { Scene } from './scene.js';

/** How far a long render is. */
export interface RenderProgress {
  /** Share of all samples that are taken, 0 ... 1. */
  readonly done: number;
  /** Samples of pixels per second, lately. */
  readonly rate: number;
  /** Expected seconds to the end. */
  readonly secondsLeft: number;
}

/** What all long renders take. */
export interface LongRenderOptions extends PathTraceOptions {
  /** Ends the render before its next piece, which takes a tenth of a second or so, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after every piece. */
  readonly onProgress?: (progress: RenderProgress) => void;
}

/** What a piece should take, in seconds. */
const pieceSeconds = 0.1;

/**
 * A render that is computed piece by piece, each waited for: some samples of a part of the image, as many as the measured
 * rate lets finish in a tenth of a second. Without gradients.
 */
export class PieceRenderer {
  readonly samples: number;
  /** Samples are asked for in multiples of this. */
  readonly stride: number;
  private readonly inputs: TraceInputs;
  private readonly numbers: TraceOptions;
  private readonly program: FilmProgram;
  private readonly total: number;
  private taken = 0;
  /** Samples per second. */
  private rate = 0;

  constructor(
    scene: Scene,
    camera: Camera,
    private readonly options: LongRenderOptions,
  ) {
    const call = noGrad(() =>
      tidy(() => {
        const { packed, inputs, numbers } = traceCall(scene, camera, options);
        return { inputs, numbers, structure: packed.structure, needs: packed.needs };
      }),
    );
    this.samples = options.spp ?? 16;
    this.inputs = call.inputs;
    this.program = filmProgram(call.structure, call.needs);
    this.total = call.numbers.pixels * this.samples;
    this.stride = call.numbers.sampleStride;
    this.numbers = call.numbers;
  }

  /** The film of a part of the image after samples `from` ... `to` - 1, given that before; that is disposed of. */
  async expose(crop: Crop, before: Tensor | undefined, from: number, to: number): Promise<Tensor> {
    const { signal, onProgress } = this.options;
    const pixels = crop.width * crop.height;
    let sum = before;
    try {
      for (let first = from; first < to;) {
        signal?.throwIfAborted();
        const wanted = Math.floor((this.rate * pieceSeconds) / (pixels * this.stride));
        const last = Math.min(to, first + this.stride * Math.max(1, wanted));
        const numbers = {
          ...this.numbers,
          ...showing(crop),
          fromSample: first,
          toSample: last,
          ...this.dispatchSize(),
        };
        const begin = performance.now();
        const old = sum;
        sum = noGrad(() => tidy(() => this.program(this.inputs, numbers, old)));
        await realize(sum);
        await idle();
        old?.dispose();
        const count = pixels * (last - first);
        // the first piece waits for kernels to be compiled
        if (this.taken > 0 || first > 0) this.rate = count / Math.max(1e-4, (performance.now() - begin) / 1000);
        this.taken += count;
        first = last;
        const secondsLeft = this.rate > 0 ? (this.total - this.taken) / this.rate : Infinity;
        onProgress?.({ done: this.taken / this.total, rate: this.rate, secondsLeft });
      }
      return sum!;
    } catch (error) {
      if (sum !== before) sum?.dispose();
      throw error;
    }
  }

  /** The images of films that lie below each other, after so many samples. */
  develop(films: readonly Tensor[], { width, height }: Crop, samples: number): PathTraced {
    const { batches } = this.numbers;
    return noGrad(() => tidy(() => develop(concat(films, 1), { samples, batches, width, height })));
  }

  /** What takes a tenth of a second at the measured rate; little as long as it is unknown. Changes no sum. */
  private dispatchSize(): Pick<TraceOptions, 'dispatchSurfaces'> {
    const surfaces = Math.floor(this.rate * pieceSeconds) * surfacesOfPath(this.numbers.turns);
    return { dispatchSurfaces: Math.min(Math.max(surfaces, 2 ** 12), 2 ** 22) };
  }

  dispose(): void {
    for (const t of Object.values(this.inputs) as Tensor[]) t.dispose();
  }
}
