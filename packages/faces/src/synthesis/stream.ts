import { stack } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import type { FaceScene } from './faceScene.js';
import { scenePart } from './sceneParts.js';
import { checkCounts } from './plan.js';
import type { SynthesisItem, SynthesisPlan } from './plan.js';
import { rendererOf, synthesize, synthesizeLocal, tracedOf } from './synthesize.js';
import type { LocalFace, SynthesizeOptions, SyntheticFace } from './synthesize.js';

/** What is streamed, and how. */
export interface StreamOptions extends SynthesizeOptions {
  /** First item, and the one after the last; the whole plan by default. */
  readonly from?: number;
  readonly to?: number;
  /** Items that are in the making at once (default 2): one is rendered while another is read. */
  readonly ahead?: number;
  readonly signal?: AbortSignal;
}

/** An item of a plan, rendered. */
export interface StreamedFace extends SynthesisItem {
  readonly index: number;
  readonly face: SyntheticFace;
}

/** @throws ShapeError for items that the plan does not have. */
function checkRange(
  what: string,
  { count }: SynthesisPlan,
  { from, to, ahead }: Required<Pick<StreamOptions, 'from' | 'to' | 'ahead'>>,
): void {
  checkCounts(what, { from, 'items to go': to - from, 'items behind': count - to }, 0);
  checkCounts(what, { ahead });
}

/** Runs jobs in order, some ahead of the one that is waited for. */
async function* inOrder<T>(count: number, ahead: number, job: (k: number) => Promise<T>): AsyncGenerator<T> {
  const waiting: Promise<T>[] = [];
  let next = 0;
  try {
    for (let k = 0; k < count; k++) {
      while (next < count && waiting.length < ahead) waiting.push(job(next++));
      yield await waiting.shift()!;
    }
  } finally {
    await Promise.allSettled(waiting);
  }
}

/**
 * The items of a plan as host arrays, in order.
 * @throws ShapeError for a range outside of the plan; the signal's reason where it stops.
 *
 * @example
 * for await (const { face, labels } of synthesisStream(model, faceGrid({ identities: 10 }), { spp: 16 })) train(face,
 * labels);
 */
export async function* synthesisStream(
  model: MorphableModel,
  plan: SynthesisPlan,
  { from = 0, to = plan.count, ahead = 2, signal, ...options }: StreamOptions = {},
): AsyncGenerator<StreamedFace> {
  checkRange('synthesisStream', plan, { from, to, ahead });
  yield* inOrder(to - from, ahead, async (k) => {
    signal?.throwIfAborted();
    const { scene, labels } = await plan.item(model, from + k);
    return { index: from + k, labels, scene, face: await synthesize(model, scene, options) };
  });
}

/** The same by local illumination alone, without the path tracer; see `synthesizeLocal`. */
export async function* synthesisLocalStream(
  model: MorphableModel,
  plan: SynthesisPlan,
  { from = 0, to = plan.count, ahead = 2, signal, maps }: Omit<StreamOptions, 'spp' | 'depth'> = {},
): AsyncGenerator<SynthesisItem & { readonly index: number; readonly face: LocalFace }> {
  checkRange('synthesisLocalStream', plan, { from, to, ahead });
  yield* inOrder(to - from, ahead, async (k) => {
    signal?.throwIfAborted();
    const { scene, labels } = await plan.item(model, from + k);
    return { index: from + k, labels, scene, face: await synthesizeLocal(model, scene, maps ? { maps } : {}) };
  });
}

/** Some items as tensors [B, S, S, ...], for training; `SyntheticFace` says what they are. */
export interface FaceBatch {
  readonly indices: readonly number[];
  readonly labels: readonly SynthesisItem['labels'][];
  readonly scenes: readonly FaceScene[];
  /** [B, S, S, 3] each. */
  readonly traced: Tensor;
  readonly local: Tensor;
  readonly albedo: Tensor;
  /** [B, S, S, 3] unit. */
  readonly normals: Tensor;
  /** [B, S, S, 1] each. */
  readonly depth: Tensor;
  readonly mask: Tensor;
  readonly faceMask: Tensor;
  /** [B, S, S, 2] */
  readonly uv: Tensor;
  /** [B, 81, 3] */
  readonly light: Tensor;
}

/**
 * The items of a plan as batches on the GPU, in order; a last one that is not full is left out. Nothing is read back.
 * @throws ShapeError for a range outside of the plan; the signal's reason where it stops.
 */
export async function* synthesisBatches(
  model: MorphableModel,
  plan: SynthesisPlan,
  { batch, from = 0, to = plan.count, ahead = 2, signal, ...options }: StreamOptions & { readonly batch: number },
): AsyncGenerator<FaceBatch> {
  checkRange('synthesisBatches', plan, { from, to, ahead });
  checkCounts('synthesisBatches', { batch });
  yield* inOrder(Math.floor((to - from) / batch), ahead, async (k) => {
    signal?.throwIfAborted();
    const indices = Array.from({ length: batch }, (_, b) => from + k * batch + b);
    const items = await Promise.all(indices.map((index) => plan.item(model, index)));
    const rendered = await Promise.all(
      items.map(async ({ scene }) => (await rendererOf(model, scene, options))(scene, options.maps)),
    );
    const all = (of: (r: (typeof rendered)[number]) => Tensor): Tensor => stack(rendered.map(of));
    const surface = all((r) => r.surface);
    const normals = surface.narrow(3, 3, 3);
    return {
      indices,
      labels: items.map(({ labels }) => labels),
      scenes: items.map(({ scene }) => scene),
      traced: all((r) => tracedOf(r).image),
      local: all((r) => r.local),
      albedo: surface.narrow(3, 0, 3),
      normals: normals.div(normals.square().sum(3, true).sqrt().clamp(1e-9)),
      depth: surface.narrow(3, 6, 1),
      mask: all((r) => r.parts)
        .eq(scenePart.head)
        .to('float32')
        .unsqueeze(3),
      faceMask: surface.narrow(3, 7, 1),
      uv: all((r) => r.uv),
      light: all((r) => r.light),
    };
  });
}
