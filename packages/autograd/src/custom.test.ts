import { describe, expect, test } from 'vitest';
import {
  compile,
  customOp,
  defineProgram,
  elementwise,
  expr,
  grad,
  gradcheck,
  gradgradcheck,
  GradientError,
  jvp,
  noGrad,
  Parameter,
  tensor,
  vjp,
  wgsl,
  type HostTensor,
  type Tensor,
} from './index.js';

const list = async (t: Tensor | null): Promise<number[]> => [...(await t!.data())];

const charlie = expr`
  // Estevez and Kulla 2017: sheen distribution, r in (0, 1]
  fn charlie(cos_h: f32, r: f32) -> f32 {
    let sin_h = sqrt(max(1.0 - cos_h * cos_h, 1e-6));
    return (2.0 + 1.0 / r) * pow(sin_h, 1.0 / r) / (2.0 * PI);
  }`;

describe('level 1: expressions', () => {
  test('the second snippet of the API', async () => {
    const [cosH, roughness] = [tensor([0.3, 0.6, 0.9]), tensor(0.5)];
    const d = elementwise(charlie, cosH, roughness);
    expect(d.shape).toEqual([3]);
    const report = await gradcheck(charlie, { cos_h: [0.05, 0.95], r: [0.1, 1] });
    expect(report.passed).toBe(true);
    // r = 1/2: d = 4 (1 - c^2) / (2 pi), so dd/dc = -4 c / pi
    const g = grad((c: Tensor) => elementwise(charlie, c, roughness).sum())(cosH);
    (await list(g)).forEach((v, i) => expect(v).toBeCloseTo((-4 * [0.3, 0.6, 0.9][i]!) / Math.PI, 5));
  });

  test('vectors in and out', async () => {
    const reflect = expr`fn reflected(d: vec3f, n: vec3f) -> vec3f { let u = normalize(n); return d - 2.0 * dot(d, u) * u; }`;
    const report = await gradcheck(reflect, { d: [-1, 1], n: [0.2, 1] });
    expect(report.entries.length).toBeGreaterThan(24 * 3 * 6);
    const twice = (d: Tensor, n: Tensor): Tensor => elementwise(reflect, d, n);
    await gradgradcheck(twice, [tensor([[1, 2, 3]]), tensor([[0.5, 1, -1]])], { gpu: false });
  });

  test('a wrong derivative is found: the report names the worst entries', async () => {
    const wrong = customOp({
      name: 'wrong',
      forward: (x: Tensor) => x.sin(),
      vjp: (g: Tensor, [x]) => [g.mul(x.cos()).mul(1.01)],
    });
    await expect(gradcheck((x: Tensor) => wrong(x), [tensor([0.1, 0.2])])).rejects.toThrow(GradientError);
    const report = await gradcheck((x: Tensor) => wrong(x), [tensor([0.1, 0.2])], { throws: false });
    expect(report.toString()).toMatch(/4? wrong[^]*differences +d output\[0\] \/ d input0\[0\] +1\.00\d+ +0\.995/);
    expect(report.toString()).toMatch(/forward mode was not checked: wrong has no jvp/);
  });
});

describe('level 2: compositions', () => {
  const quantise = customOp({
    name: 'quantise',
    forward: (x: Tensor, levels: number) => x.mul(levels).round().div(levels),
    vjp: (g) => [g, null],
    jvp: ([t]) => t!,
  });

  test('a straight-through quantiser, also compiled', async () => {
    const x = new Parameter([0.12, 0.49, 0.77]);
    const y = quantise(x, 4);
    expect(await list(y)).toEqual([0, 0.5, 0.75]);
    y.square().sum().backward();
    expect(await list(x.grad)).toEqual([0, 1, 1.5]);
    x.grad = null;
    const step = compile(() => {
      quantise(x, 4).square().sum().backward();
      noGrad(() => x.assign(x.sub(x.grad!)));
      x.grad = null;
    });
    step();
    (await list(x)).forEach((v, i) => expect(v).toBeCloseTo([0.12, -0.51, -0.73][i]!, 6));
    const [, t] = jvp((v: Tensor) => quantise(v, 4), tensor([0.3]), tensor([2]));
    expect(await list(t)).toEqual([2]);
  });

  test('several results, second order', async () => {
    const polar = customOp({
      name: 'polar',
      forward: (x: Tensor, y: Tensor) => ({ r: x.square().add(y.square()).sqrt(), phi: y.atan2(x) }),
      vjp: (g, [x, y], { r }) => {
        const rr = r.square();
        return [g.r.mul(x).div(r).sub(g.phi.mul(y).div(rr)), g.r.mul(y).div(r).add(g.phi.mul(x).div(rr))];
      },
    });
    const f = (x: Tensor, y: Tensor): Tensor => {
      const { r, phi } = polar(x, y);
      return r.mul(phi.sin()).mul(r);
    };
    const at = [tensor([0.5, 1, -2]), tensor([1, 0.3, 0.7])];
    await gradcheck(f, at);
    await gradgradcheck(f, at, { gpu: false });
  });

  test('a rule that takes gradients itself, of gathers from a table that is gathered from elsewhere', async () => {
    const rows = (table: Tensor): Tensor =>
      table
        .indexSelect(0, tensor([0, 2, 2]).to('int32'))
        .square()
        .sum();
    const own = customOp({
      name: 'own',
      forward: (table: Tensor) => rows(table),
      vjp: (g: Tensor, [table]) => [vjp(rows, table)[1](g)],
    });
    const table = tensor([[1], [2], [3]]);
    expect(await list(grad((t: Tensor) => own(t).add(rows(t)))(table))).toEqual([4, 0, 24]);
  });

  test('without rules it is an ordinary composition', async () => {
    const cube = customOp({ name: 'cube', forward: (x: Tensor) => x.mul(x).mul(x) });
    expect(await list(grad((x: Tensor) => cube(x).sum())(tensor([1, 2])))).toEqual([3, 12]);
  });

  test('misuse', () => {
    const x = new Parameter([1, 2]);
    const bad = customOp({ name: 'bad', forward: (v: Tensor) => v.sum(), vjp: (g: Tensor) => [g] });
    expect(() => bad(x).backward()).toThrow(/the vjp of bad returned \[\] for argument 0, which has shape \[2\]/);
    const few = customOp({ name: 'few', forward: (v: Tensor) => v.sum(), vjp: () => [] as never });
    expect(() => few(x).backward()).toThrow(/few must return one gradient .* for each of its 1 arguments/);
    const forwardOnly = customOp({ name: 'forwardOnly', forward: (v: Tensor) => v.sum(), jvp: ([t]) => t!.sum() });
    expect(() => forwardOnly(x).backward()).toThrow(/forwardOnly has no vjp/);
    const cyclic: (v: Tensor) => Tensor = customOp({
      name: 'cyclic',
      forward: (v: Tensor): Tensor => cyclic(v),
      vjp: (g) => [g],
    });
    expect(() => cyclic(x)).toThrow(/cyclic is cyclic: its forward function calls the operation itself/);
    // @ts-expect-error a gradient for an argument that is no tensor
    customOp({ name: 'typed', forward: (v: Tensor, _k: number) => v, vjp: (g: Tensor) => [g, g] });
  });
});

/** Sum of 2 r + 1 neighbours in x, clamped at the edge, and its transpose. */
function blurFloat64({ shape, data }: HostTensor, radius: number): Float64Array {
  const [H, W, C] = shape as [number, number, number];
  const out = new Float64Array(data.length);
  for (let y = 0; y < H; y++)
    for (let x = 0; x < W; x++)
      for (let c = 0; c < C; c++) {
        for (let k = -radius; k <= radius; k++) {
          const from = Math.min(Math.max(x + k, 0), W - 1);
          out[(y * W + x) * C + c]! += data[(y * W + from) * C + c]! / (2 * radius + 1);
        }
      }
  return out;
}

const boxBlurAdjoint = defineProgram({
  name: 'boxBlurAdjoint',
  inputs: { gradOut: 'f32[H, W, C]' },
  options: { radius: 'u32' },
  outputs: ({ gradOut }) => ({ grad: { dtype: 'f32', shape: gradOut.shape, accumulate: 'scatter' } }),
  dispatches: ({ H, W, C }) => [
    {
      items: H! * W! * C!,
      code: wgsl`fn item(i: u32) {
        let at = gradOut_index(i);
        for (var k = -i32(radius); k <= i32(radius); k++) {
          accumulate_grad(gradOut_at(at.y, clamp(at.x + k, 0, i32(W) - 1), at.c), gradOut[i] / f32(2 * radius + 1));
        }
      }`,
    },
  ],
  reference: ({ gradOut }, { radius }) => {
    const [H, W, C] = gradOut.shape as [number, number, number];
    const out = new Float64Array(gradOut.data.length);
    for (let i = 0; i < out.length; i++) {
      const [y, x, c] = [Math.floor(i / (W * C)), Math.floor(i / C) % W, i % C];
      for (let k = -radius!; k <= radius!; k++) {
        out[(y * W + Math.min(Math.max(x + k, 0), W - 1)) * C + c]! += gradOut.data[i]! / (2 * radius! + 1);
      }
    }
    void H;
    return { grad: out };
  },
});

const boxBlur = defineProgram({
  name: 'boxBlur',
  inputs: { image: 'f32[H, W, C]' },
  options: { radius: 'u32' },
  outputs: ({ image }) => ({ blurred: { dtype: 'f32', shape: image.shape } }),
  dispatches: ({ H, W, C }) => [
    {
      workgroups: [Math.ceil((H! * W! * C!) / 64)],
      code: wgsl`@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
        if (id.x >= H * W * C) { return; }
        let at = image_index(id.x);
        var sum = 0.0;
        for (var k = -i32(radius); k <= i32(radius); k++) { sum += image_clamped(at.y, at.x + k, at.c); }
        blurred[id.x] = sum / f32(2 * radius + 1);
      }`,
    },
  ],
  reference: ({ image }, { radius }) => ({ blurred: blurFloat64(image, radius!) }),
  vjp: ({ gradBlurred }, _, { radius }) => ({
    image: boxBlurAdjoint({ gradOut: gradBlurred! }, { radius: radius! }).grad,
  }),
  jvp: ({ tangentImage }, _, { radius }): { blurred: Tensor } => ({
    blurred: boxBlur({ image: tangentImage! }, { radius: radius! }).blurred,
  }),
});

describe('level 3: programs', () => {
  const photo = tensor(
    Float32Array.from({ length: 3 * 5 * 2 }, (_, i) => Math.sin(7 * i)),
    [3, 5, 2],
  );

  test('the third snippet of the API: both legs, forward mode, and inside a compiled function', async () => {
    const f = (image: Tensor): Tensor => boxBlur({ image }, { radius: 3 }).blurred.square();
    const report = await gradcheck(f, [photo]);
    expect(report.notes).toEqual([]);
    const p = new Parameter(photo);
    const step = compile(() => {
      const loss = boxBlur({ image: p }, { radius: 1 }).blurred.square().sum();
      loss.backward();
      noGrad(() => p.assign(p.sub(p.grad!.mul(0.5))));
      p.grad = null;
      return loss;
    });
    const first = await step().item();
    let last = step();
    for (let i = 0; i < 30; i++) last = step();
    expect(await last.item()).toBeLessThan(first / 50);
  });

  test('misuse: no vjp, a wrong shape, an unknown name', () => {
    const definition = {
      name: 'twice',
      inputs: { x: 'f32[N]' },
      outputs: ({ x }: { x: { shape: readonly number[] } }) => ({ y: { dtype: 'f32', shape: x.shape } }) as const,
      dispatches: ({ N }: Readonly<Record<string, number>>) => [
        { items: N!, code: wgsl`fn item(i: u32) { y[i] = 2.0 * x[i]; }` },
      ],
      reference: ({ x }: { x: HostTensor }) => ({ y: x.data.map((v) => 2 * v) }),
    };
    const x = new Parameter([1, 2]);
    expect(() => defineProgram(definition)({ x }).y.sum().backward()).toThrow(
      /twice has no vjp: give defineProgram one, or .*detach/,
    );
    const short = defineProgram({ ...definition, vjp: ({ gradY }) => ({ x: gradY.sum() }) });
    expect(() => short({ x }).y.sum().backward()).toThrow(
      /the vjp of twice returned \[\] for x, which has shape \[2\]/,
    );
    const odd = defineProgram({ ...definition, vjp: ({ gradY }) => ({ z: gradY }) as never });
    expect(() => odd({ x }).y.sum().backward()).toThrow(/a gradient for z; its inputs are x/);
  });
});
