import {
  arange,
  compile,
  concat,
  defineProgram,
  elementwise,
  expr,
  Generator,
  Parameter,
  randBits,
  sort,
  tensor,
  wgsl,
  type Tensor,
} from '@chiaro/tensor';
import type { Case } from './case.js';

const n = 64;

/** Six elements of a product of two 64 x 64 matrices. */
async function matmul(): Promise<number[]> {
  const a = tensor(
    Float32Array.from({ length: n * n }, (_, i) => Math.cos(i)),
    [n, n],
  );
  const b = tensor(
    Float32Array.from({ length: n * n }, (_, i) => Math.sin(2 * i)),
    [n, n],
  );
  const product = await a.matmul(b).data();
  const places = [
    [0, 0],
    [0, 63],
    [17, 5],
    [31, 32],
    [63, 0],
    [63, 63],
  ] as const;
  return places.map(([row, column]) => product[row * n + column]!);
}

function chain(): Promise<ArrayLike<number>> {
  const x = arange(6).mul(0.5).sub(1);
  return x.square().neg().exp().add(x.mul(0.25)).tanh().mul(3).data();
}

async function reduction(): Promise<number[]> {
  const x = tensor(Float32Array.from({ length: 100_000 }, (_, i) => Math.sin(i)));
  return [await x.square().sum().item(), await x.max().item()];
}

/** Bits of two draws: element i of draw d under seed s is the first word of Philox 4x32-10 of (i, d, 0, 0), key (s, 0). */
async function bits(): Promise<number[]> {
  const seven = new Generator(7);
  randBits([1], { generator: seven });
  const draws = [randBits([4], { generator: new Generator(0) }), randBits([4], { generator: seven })];
  return [...(await concat(draws).data())];
}

/** Five steps of gradient descent on |w - target|^2, replayed: the parameter, and the loss that is left. */
async function replay(): Promise<number[]> {
  const w = new Parameter([0, 0, 0]);
  const target = tensor([1, -2, 3]);
  const step = compile((rate: number) => {
    const rest = w.sub(target);
    w.assign(w.sub(rest.mul(2).mul(rate)));
    return w.sub(target).square().sum();
  });
  let loss: Tensor | undefined;
  for (let i = 0; i < 5; i++) loss = step(0.25);
  return [...(await w.data()), await loss!.item()];
}

/** sqrt(u . v) of vectors, from an expression. */
function expression(): Promise<ArrayLike<number>> {
  const rootOfDot = expr`fn root_of_dot(u: vec3f, v: vec3f) -> f32 { return sqrt(dot(u, v)); }`;
  const u = tensor([
    [1, 2, 3],
    [0, 3, 4],
  ]);
  return elementwise(rootOfDot, u, u).data();
}

/** Sums of the elements at even and odd places, by accumulation from many invocations. */
function program(): Promise<ArrayLike<number>> {
  const evenOdd = defineProgram({
    name: 'evenOdd',
    inputs: { x: 'f32[N]' },
    outputs: () => ({ sums: { dtype: 'f32', shape: [2], accumulate: 'scatter' } }),
    dispatches: ({ N }) => [{ items: N, code: wgsl`fn item(i: u32) { accumulate_sums(i % 2u, x[i]); }` }],
    reference: () => ({ sums: [2550, 2500] }),
  });
  return evenOdd({ x: arange(101).to('float32') }).sums.data();
}

async function sorting(): Promise<number[]> {
  const { values, indices } = sort(tensor([3, -1, 2, -1, 10]));
  return [...(await values.data()), ...(await indices.data())];
}

const halves = (): Promise<ArrayLike<number>> =>
  tensor([1 / 3, 2049, -65504])
    .to('float16')
    .data();

const third = 1 / 3;

/** The engine. Values computed in float64 by plain JavaScript (exact where they are integers). */
export const engineCases: readonly Case[] = [
  {
    name: 'matmul',
    run: matmul,
    expected: [0.746276169, 0.784062784, -0.557329259, -0.501782268, 0.053736668, -0.190471799],
    tolerance: 1e-5,
  },
  {
    name: 'a fused chain',
    run: chain,
    expected: [0.352009376, 1.72266921, 2.28478247, 2.15443051, 1.64894954, 1.33968984],
    tolerance: 1e-6,
  },
  { name: 'reductions', run: reduction, expected: [50000.0108, 1], tolerance: 1e-6 },
  {
    name: 'softmax without overflow',
    run: () =>
      tensor([
        [1, 2, 3],
        [-1000, 0, 1000],
        [5, 5, 5],
      ])
        .softmax(1)
        .data(),
    expected: [0.0900305732, 0.244728471, 0.665240956, 0, 0, 1, third, third, third],
    tolerance: 1e-6,
  },
  {
    name: 'random bits',
    run: bits,
    expected: [1713891541, 4175744164, 83534633, 3381718825, 784659805, 1019114899, 2377436705, 669835694],
    tolerance: 0,
  },
  {
    name: 'a compiled step, replayed',
    run: replay,
    expected: [0.96875, -1.9375, 2.90625, 0.013671875],
    tolerance: 0,
  },
  { name: 'an expression of vectors', run: expression, expected: [Math.sqrt(14), 5], tolerance: 1e-6 },
  { name: 'a custom program', run: program, expected: [2550, 2500], tolerance: 0 },
  { name: 'a stable sort', run: sorting, expected: [-1, -1, 2, 3, 10, 1, 3, 2, 0, 4], tolerance: 0 },
  { name: 'float16 storage', run: halves, expected: [0.333251953125, 2048, -65504], tolerance: 0 },
];
