import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { memory } from './index.js';
import {
  Cell,
  checkpoint,
  clipGradNorm,
  clipGradValue,
  compile,
  detectAnomaly,
  enableGrad,
  Generator,
  grad,
  GradientError,
  gradgradcheck,
  noGrad,
  ones,
  Parameter,
  rand,
  realize,
  tensor,
  Tensor,
  zeros,
} from './index.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const list = async (t: Tensor | null): Promise<number[]> => [...(await t!.data())];

describe('modes, hooks, leaves', () => {
  test('noGrad, enableGrad and detach stop gradients', async () => {
    const w = new Parameter([2]);
    expect(noGrad(() => w.mul(3)).requiresGrad).toBe(false);
    expect(noGrad(() => enableGrad(() => w.mul(3))).requiresGrad).toBe(true);
    expect(w.mul(3).detach().requiresGrad).toBe(false);
    w.mul(w.detach()).reshape([]).backward();
    expect(await list(w.grad)).toEqual([2]);
    const reshaped = w.mul(3).detach().reshape([1, 1]);
    expect(reshaped.requiresGrad).toBe(false);
    // @ts-expect-error promises are refused, by the compiler too
    expect(() => noGrad(async () => 1)).toThrow(/synchronous/);
  });

  test('hooks see and replace gradients; they come off; those of parameters stay over assignments', async () => {
    const w = new Parameter([1, 2]);
    const seen: Tensor[] = [];
    const hook = w.registerHook((g) => {
      seen.push(g.clone());
      return g.mul(10);
    });
    const h = w.mul(3).retainGrad();
    h.square().sum().backward();
    expect(await list(h.grad)).toEqual([6, 12]);
    expect(await list(w.grad)).toEqual([180, 360]);
    w.assign(tensor([0, 1]));
    w.grad = null;
    w.sum().backward();
    expect(await list(w.grad)).toEqual([10, 10]);
    expect(seen).toHaveLength(2);
    hook.remove();
    w.grad = null;
    w.sum().backward();
    expect(await list(w.grad)).toEqual([1, 1]);
  });

  test('requiresGrad_ makes leaves and freezes parameters', async () => {
    const x = tensor([1, 2]).mul(2).requiresGrad_();
    x.square().sum().backward();
    expect(await list(x.grad)).toEqual([4, 8]);
    const w = new Parameter([1]).requiresGrad_(false);
    expect(w.mul(2).requiresGrad).toBe(false);
    expect(() => x.mul(2).requiresGrad_(false)).toThrow(/detach/);
    expect(() => tensor([1], { dtype: 'int32' }).requiresGrad_()).toThrow(GradientError);
    const unknown: unknown = x;
    if (unknown instanceof Tensor) expect(unknown.grad).not.toBeNull();
  });

  test('higher order by createGraph', async () => {
    const x = tensor([2]).requiresGrad_();
    x.pow(3).sum().backward(undefined, { createGraph: true });
    const g = x.grad!;
    x.grad = null;
    g.sum().backward();
    expect(await list(x.grad)).toEqual([12]);
  });
});

describe('misuse', () => {
  test('each its own message', () => {
    const w = new Parameter([1, 2]);
    expect(() => w.mul(2).backward()).toThrow(/\[2\] is not one number.*seed/);
    expect(() => w.sum().backward(tensor([1]))).toThrow(/seed has shape \[1\]/);
    expect(() => w.detach().sum().backward()).toThrow(/does not depend on anything that requires a gradient.*detach/);
    expect(() => w.gt(0).sum().backward()).toThrow(/int32 tensor has no gradient/);
    expect(() => (w.grad = zeros([3]))).toThrow(/\[3\] does not fit/);
  });

  test('twice through a freed graph', async () => {
    const w = new Parameter([1, 2]);
    const loss = w.square().sum();
    loss.backward();
    expect(() => loss.backward()).toThrow(/freed by an earlier backward.*retainGraph/);
    const kept = w.square().sum();
    kept.backward(undefined, { retainGraph: true });
    kept.backward();
    expect(await list(w.grad)).toEqual([6, 12]);
  });

  test('a parameter assigned between forward and backward', () => {
    const w = new Parameter([1, 2]);
    const loss = w.square().sum();
    w.assign(zeros([2]));
    expect(() => loss.backward()).toThrow(/used version 0 of Tensor\(\[2\], float32\).*version 1/);
  });
});

describe('compile', () => {
  test('gradients that stay set are added at every call', async () => {
    const w = new Parameter([1, 2]);
    const micro = compile((x: Tensor) => {
      const loss = w.mul(x).sum();
      loss.backward();
      return loss;
    });
    micro(tensor([1, 1]));
    micro(tensor([2, 3]));
    expect(await list(w.grad)).toEqual([3, 4]);
  });

  test('what a compiled function cannot do with .grad', () => {
    const w = new Parameter([1, 2]);
    const use = compile(() => {
      w.sum().backward();
      const g = w.grad!;
      w.grad = null;
      return g;
    });
    use();
    w.grad = ones([2]);
    expect(() => use()).toThrow(/already set outside/);
    const lost = compile((x: Tensor) => {
      x.mul(1).requiresGrad_().square().sum().backward();
      const y = x.mul(1).requiresGrad_();
      y.sum().backward();
      return y;
    });
    expect(() => lost(tensor([1]))).toThrow(/not a Parameter.*return t\.grad/);
  });

  test('10,000 compiled and 10,000 plain steps stay flat', async () => {
    const w = new Parameter(rand([16, 4], { generator: new Generator(1) }));
    const x = rand([8, 16], { generator: new Generator(2) });
    const momentum = new Cell(zeros([16, 4]));
    const body = (): Tensor => {
      const loss = x.matmul(w).relu().square().mean();
      loss.backward();
      noGrad(() => {
        momentum.assign(momentum.mul(0.9).add(w.grad!));
        w.assign(w.sub(momentum.mul(1e-3)));
        w.grad = null;
      });
      return loss;
    };
    const step = compile(body);
    await realize(x, w);
    await step().item();
    const live = async (): Promise<number> => {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await realize(zeros([1]));
      return memory().liveBytes;
    };
    const atStart = await live();
    let last = 0;
    for (let i = 0; i < 10_000; i++) {
      const loss = step();
      if (i % 100 === 99) last = await loss.item();
    }
    expect(await live()).toBeLessThan(atStart + 2e6);
    const compiledLoss = last;
    for (let i = 0; i < 10_000; i++) {
      const loss = body();
      if (i % 20 === 19) last = await loss.item();
    }
    expect(last).toBeLessThan(compiledLoss);
    expect(await live()).toBeLessThan(atStart + 2e6);
  });
});

describe('checkpoint', () => {
  test('the same gradients, random numbers and parameters included', async () => {
    const w = new Parameter(rand([6, 6], { generator: new Generator(1) }));
    const x = rand([4, 6], { generator: new Generator(2) }).requiresGrad_();
    const gradients = async (wrap: (fn: (h: Tensor) => Tensor) => (h: Tensor) => Tensor): Promise<number[][]> => {
      const noise = new Generator(3);
      const layer = wrap((h) =>
        h
          .matmul(w)
          .tanh()
          .mul(rand([4, 6], { generator: noise }).gt(0.3).to('float32')),
      );
      layer(layer(layer(x)))
        .square()
        .sum()
        .backward();
      const all = [await list(w.grad), await list(x.grad)];
      [w.grad, x.grad] = [null, null];
      return all;
    };
    const plain = await gradients((fn) => fn);
    const recomputed = await gradients((fn) => checkpoint(fn));
    plain.forEach((g, k) => g.forEach((v, i) => expect(recomputed[k]![i]).toBeCloseTo(v, 5)));
    await gradgradcheck((v: Tensor) => checkpoint((h: Tensor) => h.sin().mul(h))(v), [tensor([0.3, 1.2])], {
      gpu: false,
    });
  });

  test('a parameter assigned before the function runs again', () => {
    const w = new Parameter([1, 2]);
    const y = checkpoint((h: Tensor) => h.mul(w).exp())(tensor([1, 1]));
    w.assign(zeros([2]));
    expect(() => y.sum().backward()).toThrow(/assigned since/);
  });
});

describe('clipping', () => {
  test('by norm and by value', async () => {
    const [a, b] = [new Parameter([0, 0]), new Parameter([0])];
    const set = (): void => {
      a.grad = tensor([3, 0]);
      b.grad = tensor([4]);
    };
    set();
    expect(await clipGradNorm([a, b], 1).item()).toBeCloseTo(5, 6);
    expect((await list(a.grad))[0]).toBeCloseTo(0.6, 5);
    expect((await list(b.grad))[0]).toBeCloseTo(0.8, 5);
    set();
    clipGradNorm([a, b], 100);
    expect(await list(b.grad)).toEqual([4]);
    clipGradValue([a, b], 3.5);
    expect([...(await list(a.grad)), ...(await list(b.grad))]).toEqual([3, 0, 3.5]);
  });
});

describe('detectAnomaly', () => {
  test('forward: the operation, its line and its inputs', async () => {
    const x = tensor([1, -1, 2]);
    await expect(detectAnomaly(() => x.mul(2).log().exp().sum())).rejects.toThrow(
      /^log \[3\] made at .*tools\.test\.ts:\d+ gave NaN first \(element 1\), from inputs \[3\] in -2 to 4/,
    );
  });

  test('backward: of which operation', async () => {
    const w = new Parameter([0, 4]);
    await expect(detectAnomaly(() => w.sqrt().sum().backward())).rejects.toThrow(
      /the backward of sqrt \[2\] made at .*tools\.test\.ts:\d+ gave Infinity/,
    );
    w.grad = null;
    const result = await detectAnomaly(() => w.mul(2).sum());
    expect(await result.item()).toBe(8);
  });

  test('grad of a function that is fine', async () => {
    const g = await detectAnomaly(() => grad((x: Tensor) => x.square().sum())(tensor([1, 2])) as Tensor);
    expect(await list(g)).toEqual([2, 4]);
  });
});
