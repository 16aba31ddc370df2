import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChiaroError, compile, Generator, profile, ShapeError, tensor, zeros, type Tensor } from '../../engine.js';
import {
  Augmenter,
  randomAffine,
  randomBlur,
  randomColour,
  randomCrop,
  randomErase,
  randomFlip,
  randomNoise,
  randomResizedCrop,
  sometimes,
  type Augmentation,
} from './index.js';

const numbers = (shape: readonly number[], f: (i: number) => number): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => f(i)),
    shape,
  );
/** Images [B, 2, H, W] whose pixels hold their own centres, x and y: what comes out says where it was looked up. */
const centres = (B: number, H: number, W: number): Tensor =>
  numbers([B, 2, H, W], (i) => (Math.floor(i / (H * W)) % 2 === 0 ? (i % W) + 0.5 : (Math.floor(i / W) % H) + 0.5));
const draw = (list: readonly Augmentation[], shape: readonly number[], seed = 1) =>
  new Augmenter(list, { generator: new Generator(seed), padding: 'border' }).draw(shape);
/** Applies changes and reads one image at a time. */
async function images(list: readonly Augmentation[], x: Tensor, seed = 1): Promise<Float32Array[]> {
  const data = (await draw(list, x.shape, seed).images(x).data()) as Float32Array;
  const size = data.length / x.shape[0]!;
  return Array.from({ length: x.shape[0]! }, (_, b) => data.slice(b * size, (b + 1) * size));
}
const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
const luma = (rgb: Float32Array, i: number, n: number): number =>
  0.299 * rgb[i]! + 0.587 * rgb[n + i]! + 0.114 * rgb[2 * n + i]!;

describe('places', () => {
  test('crops and flips take whole pixels, exactly, everywhere alike', async () => {
    const B = 2000;
    const found = await images(
      [randomCrop({ size: [3, 5], margin: 1 }), randomFlip({ vertical: 0.25 })],
      centres(B, 6, 7),
    );
    const starts = new Map<string, number>();
    let [mirrored, overturned] = [0, 0];
    for (const values of found) {
      const at = (c: number, y: number, x: number): number => values[c * 15 + y * 5 + x]!;
      // inside of the window there is a pixel whose neighbours are not at the border
      const across = at(0, 1, 2) < at(0, 1, 3) ? 1 : -1;
      const down = at(1, 0, 2) === at(1, 2, 2) || at(1, 0, 2) < at(1, 2, 2) ? 1 : -1;
      if (across < 0) mirrored++;
      if (down < 0) overturned++;
      const left = at(0, 1, 2) - 2.5;
      const top = at(1, 1, 2) - 1.5;
      starts.set(`${top} ${left}`, (starts.get(`${top} ${left}`) ?? 0) + 1);
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 5; x++) {
          const wanted = [left + 2.5 + across * (x - 2), top + 1.5 + down * (y - 1)];
          expect([at(0, y, x), at(1, y, x)]).toEqual([
            Math.min(Math.max(wanted[0]!, 0.5), 6.5),
            Math.min(Math.max(wanted[1]!, 0.5), 5.5),
          ]);
        }
      }
    }
    // 6 rows by 5 columns of starts: 66.7 expected of each, standard error 8.0; five of them
    expect(starts.size).toBe(30);
    for (const count of starts.values()) expect(Math.abs(count - B / 30)).toBeLessThan(40);
    expect(Math.abs(mirrored - B / 2)).toBeLessThan(112); // standard error 22.4
    expect(Math.abs(overturned - B / 4)).toBeLessThan(97); // 19.4
  });

  test('turns clockwise, enlarges, leans and moves as it says', async () => {
    const only = async (options: Parameters<typeof randomAffine>[0], x: number, y: number): Promise<number[]> => {
      const drawn = draw([randomAffine(options)], [1, 1, 10, 20]);
      return Array.from(await drawn.points(tensor([[[x, y]]])).data(), (v) => Math.round(v * 1000) / 1000);
    };
    expect(await only({ degrees: [90, 90] }, 13, 5)).toEqual([10, 8]); // from the right to below
    expect(await only({ scale: [2, 2] }, 13, 4)).toEqual([16, 3]);
    expect(await only({ shear: [45, 45] }, 10, 7)).toEqual([8, 7]); // below, to the left
    const moves = await draw([randomAffine({ move: 0.1 })], [500, 1, 10, 20])
      .points(zeros([500, 1, 2]))
      .data();
    const [x, y] = [moves.filter((_, i) => i % 2 === 0), moves.filter((_, i) => i % 2 === 1)].map((v) =>
      Math.max(...v),
    );
    expect(x! > 1.9 && x! <= 2 && y! > 0.95 && y! <= 1).toBe(true);
  });

  test('pictures, masks and points move alike, however changes follow each other', async () => {
    const place: fc.Arbitrary<Augmentation> = fc.oneof(
      fc.constant(randomFlip({ vertical: 0.5 })),
      fc.constant(randomCrop({ size: [9, 11], margin: 3 })),
      fc.constant(randomResizedCrop({ size: [10, 8], area: [0.4, 1] })),
      fc.constant(randomAffine({ degrees: [-40, 40], scale: [0.7, 1.5], shear: [-20, 20], move: 0.1 })),
    );
    const x = centres(3, 12, 13);
    const cells = x
      .narrow(1, 1, 1)
      .floor()
      .mul(13)
      .add(x.narrow(1, 0, 1).floor())
      .to('int32');
    await fc.assert(
      fc.asyncProperty(fc.array(place, { minLength: 1, maxLength: 4 }), fc.nat(1000), async (list, seed) => {
        const drawn = draw(list, x.shape, seed);
        const moved = drawn.images(x);
        const [B, , H, W] = moved.shape as [number, number, number, number];
        const from = moved.reshape([B, 2, H * W]).transpose();
        const [source, back, cell] = await Promise.all([
          from.data(),
          drawn.points(from).data(),
          drawn.targets(cells).data(),
        ]);
        let checked = 0;
        for (let k = 0; k < B * H * W; k++) {
          const [sx, sy] = [source[2 * k]!, source[2 * k + 1]!];
          // the border stands for what lies outside: only places within say where they are from
          if (sx < 0.51 || sx > 12.49 || sy < 0.51 || sy > 11.49) continue;
          expect(Math.abs(back[2 * k]! - ((k % W) + 0.5))).toBeLessThan(2e-3);
          expect(Math.abs(back[2 * k + 1]! - ((Math.floor(k / W) % H) + 0.5))).toBeLessThan(2e-3);
          const near = [sx, sy].every((v) => Math.abs(v - Math.round(v)) < 1e-3); // between two pixels either is right
          if (!near && [sx, sy].every((v) => Math.abs(v - Math.round(v)) > 1e-3)) {
            expect(cell[k]).toBe(Math.floor(sy) * 13 + Math.floor(sx));
          }
          checked++;
        }
        expect(checked).toBeGreaterThan(20);
      }),
      { seed: 4, numRuns: 6 },
    );
  });

  test('windows of random area have the areas and shapes that were asked for, inside of the images', async () => {
    const drawn = draw([randomResizedCrop({ size: [2, 2], area: [0.1, 0.5], ratio: [0.5, 2] })], [400, 1, 30, 30]);
    // where the corners of the result were: the inverse of points, found from two points of each image
    const at = await drawn.points(numbers([400, 2, 2], (i) => (i % 4 < 2 ? 0 : 30))).data();
    const areas: number[] = [];
    for (let b = 0; b < 400; b++) {
      const [x0, y0, x1, y1] = at.slice(4 * b, 4 * b + 4) as unknown as [number, number, number, number];
      const [wide, high] = [60 / (x1 - x0), 60 / (y1 - y0)];
      const [left, top] = [(-x0 * wide) / 2, (-y0 * high) / 2];
      expect(Math.min(left, top)).toBeGreaterThan(-1e-3);
      expect(Math.max(left + wide, top + high)).toBeLessThan(30 + 1e-3);
      expect(wide / high > 0.499 && wide / high < 2.001).toBe(true);
      areas.push((wide * high) / 900);
    }
    expect(Math.min(...areas) > 0.0999 && Math.max(...areas) < 0.5001).toBe(true);
    expect(Math.abs(mean(areas) - 0.3)).toBeLessThan(5 * (0.4 / Math.sqrt(12 * 400)));
  });
});

describe('values', () => {
  const picture = numbers([4, 3, 5, 6], (i) => 0.5 + 0.5 * Math.sin(1.3 * i));

  test('colours: luma stays under hue and saturation, grey stays grey, contrast keeps the mean', async () => {
    const before = await images([], picture);
    const close = (a: number, b: number): void => expect(Math.abs(a - b)).toBeLessThan(2e-6);
    const nothing = await images([randomColour({})], picture);
    const chroma = await images([randomColour({ hue: [-180, 180], saturation: [0, 2] })], picture);
    const dull = await images([randomColour({ saturation: [0, 0] })], picture);
    const flat = await images([randomColour({ contrast: [0, 0] })], picture);
    const doubled = await images([randomColour({ brightness: [2, 2] })], picture);
    const [turned, back] = [120, 240].map((hue) => [randomColour({ hue: [hue, hue] })]);
    const round = await images([...turned!, ...back!], picture);
    const yellow = await images([randomColour({ hue: [60, 60] })], tensor([1, 0, 0], [1, 3, 1, 1]));
    const grey = await images(
      [randomColour({ hue: [-180, 180] })],
      numbers([1, 3, 4, 4], (i) => (i % 16) / 16),
    );
    before.forEach((image, b) => {
      const middle = mean(Array.from({ length: 30 }, (_, i) => luma(image, i, 30)));
      for (let i = 0; i < 30; i++) {
        close(luma(chroma[b]!, i, 30), luma(image, i, 30));
        for (let c = 0; c < 3; c++) {
          const k = c * 30 + i;
          close(dull[b]![k]!, luma(image, i, 30));
          close(flat[b]![k]!, middle);
          close(nothing[b]![k]!, image[k]!);
          close(round[b]![k]!, image[k]!);
          close(doubled[b]![k]!, 2 * image[k]!);
        }
      }
    });
    expect(Math.max(...chroma.map((image, b) => Math.abs(image[0]! - before[b]![0]!)))).toBeGreaterThan(0.1);
    expect(yellow[0]![0]! > yellow[0]![2]! && yellow[0]![1]! > yellow[0]![2]!).toBe(true);
    grey[0]!.forEach((v, i) => close(v, (i % 16) / 16));
  });

  test('noise has the deviation that was drawn, another one in every image, and no mean', async () => {
    const n = 3 * 40 * 40;
    const found = await images([randomNoise({ deviation: [0.1, 0.5] })], zeros([60, 3, 40, 40]));
    const deviations = found.map((noise) => {
      const sigma = Math.sqrt(mean(noise.map((v) => v * v)));
      expect(Math.abs(mean(noise))).toBeLessThan((5 * sigma) / Math.sqrt(n));
      return sigma;
    });
    expect(Math.min(...deviations)).toBeGreaterThan(0.1 * (1 - 5 / Math.sqrt(2 * n)));
    expect(Math.max(...deviations)).toBeLessThan(0.5 * (1 + 5 / Math.sqrt(2 * n)));
    expect(Math.abs(mean(deviations) - 0.3)).toBeLessThan(5 * (0.4 / Math.sqrt(12 * 60)));
  });

  test('a blurred dot is the Gaussian, and what is even stays even', async () => {
    const dot = numbers([1, 1, 15, 15], (i) => Number(i === 7 * 15 + 7));
    const [spread] = await images([randomBlur({ deviation: [1.4, 1.4] })], dot);
    const line = Array.from({ length: 11 }, (_, k) => Math.exp(-((k - 5) ** 2) / (2 * 1.4 ** 2)));
    const total = line.reduce((a, b) => a + b);
    for (let i = 0; i < 225; i++) {
      const [y, x] = [Math.floor(i / 15) - 2, (i % 15) - 2];
      expect(Math.abs(spread![i]! - ((line[y] ?? 0) * (line[x] ?? 0)) / total ** 2)).toBeLessThan(1e-7);
    }
    const [even] = await images(
      [randomBlur({ deviation: [0.5, 2] })],
      numbers([1, 2, 9, 8], (i) => 1 + Math.floor(i / 72)),
    );
    even!.forEach((v, i) => expect(Math.abs(v - 1 - Math.floor(i / 72))).toBeLessThan(1e-6));
  });

  test('covers one rectangle of each chosen image, inside of it, with the areas that were asked for', async () => {
    const [H, W, B] = [24, 30, 500];
    const erase = randomErase({ chance: 0.6, area: [0.1, 0.3], ratio: [0.5, 2], value: 7 });
    const found = await images([erase], zeros([B, 2, H, W]));
    let hit = 0;
    const areas: number[] = [];
    for (const image of found) {
      const covered = Array.from(image.keys()).filter((i) => image[i] === 7 && i < H * W);
      expect(image.slice(0, H * W)).toEqual(image.slice(H * W));
      if (covered.length === 0) continue;
      hit++;
      const [ys, xs] = [covered.map((i) => Math.floor(i / W)), covered.map((i) => i % W)];
      const [high, wide] = [ys, xs].map((v) => Math.max(...v) - Math.min(...v) + 1) as [number, number];
      expect(covered.length).toBe(high * wide);
      expect(high / wide > 0.5 * 0.85 && high / wide < 2 * 1.15).toBe(true); // whole pixels
      areas.push(covered.length / (H * W));
    }
    expect(Math.abs(hit - 0.6 * B)).toBeLessThan(55); // standard error 11
    expect(Math.abs(mean(areas) - 0.2)).toBeLessThan(5 * (0.2 / Math.sqrt(12 * 300)) + 0.002);
  });

  test('sometimes changes as many images as it says, and those wholly', async () => {
    const found = await images(
      [sometimes(0.3, randomColour({ brightness: [3, 3] }))],
      numbers([1000, 1, 1, 2], () => 1),
    );
    const changed = found.filter(([a]) => a === 3);
    expect(found.every(([a, b]) => a === b && (a === 1 || a === 3))).toBe(true);
    expect(Math.abs(changed.length - 300)).toBeLessThan(73); // standard error 14.5
  });
});

const everything = [
  randomCrop({ size: [20, 20], margin: 2 }),
  randomFlip(),
  randomAffine({ degrees: [-10, 10], scale: [0.9, 1.1], shear: [-5, 5], move: 0.05 }),
  randomColour({ brightness: [0.8, 1.2], contrast: [0.8, 1.2], saturation: [0.5, 1.5], hue: [-20, 20] }),
  sometimes(0.5, randomBlur({ deviation: [0.3, 1] })),
  randomNoise({ deviation: [0, 0.05] }),
  randomErase(),
];

test('a compiled step draws anew in every call, and goes on from a saved place with the same bits', async () => {
  const x = numbers([4, 3, 22, 22], (i) => 0.5 + 0.5 * Math.sin(0.37 * i));
  const steps = async (from: { seed: number; counter: number }, count: number, compiles: boolean) => {
    const generator = new Generator();
    generator.state = from;
    const augmenter = new Augmenter(everything, { generator, range: [0, 1] });
    const step = (images: Tensor): Tensor => augmenter.draw(images.shape).images(images);
    const run = compiles ? compile(step) : step;
    const results: Float32Array[] = [];
    for (let k = 0; k < count; k++) results.push((await run(x).data()) as Float32Array);
    return { results, state: generator.state };
  };
  const whole = await steps({ seed: 8, counter: 0 }, 4, true);
  const half = await steps({ seed: 8, counter: 0 }, 2, true);
  const rest = await steps(half.state, 2, true);
  expect([...half.results, ...rest.results]).toEqual(whole.results);
  expect(rest.state).toEqual(whole.state);
  const plain = await steps({ seed: 8, counter: 0 }, 2, false);
  plain.results.forEach((image, k) => {
    expect(Math.max(...image.map((v, i) => Math.abs(v - whole.results[k]![i]!)))).toBeLessThan(1e-5);
  });
  expect(whole.results[0]).not.toEqual(whole.results[1]);
  whole.results.forEach((image) => expect(Math.min(...image) >= 0 && Math.max(...image) <= 1).toBe(true));
});

test('all of it together takes few kernels', async () => {
  const x = numbers([4, 3, 22, 22], (i) => 0.5 + 0.5 * Math.sin(0.37 * i));
  const step = compile((images: Tensor) => new Augmenter(everything).draw(images.shape).images(images));
  await step(x).data();
  const { kernels } = await profile(() => step(x).data());
  // 38 when every number is drawn by a kernel of its own
  expect(kernels.length).toBeLessThan(28);
});

test('says what cannot be', () => {
  const wrong: readonly (readonly [() => unknown, RegExp])[] = [
    [() => randomFlip({ horizontal: 1.5 }), /horizontal.*1\.5/],
    [() => randomCrop({ size: [3, 2.5] }), /size.*3 x 2\.5/],
    [() => randomResizedCrop({ size: [3, 3], area: [0, 1] }), /area.*\[0, 1\]/],
    [() => randomAffine({ scale: [1.2, 0.8] }), /scale.*\[1\.2, 0\.8\]/],
    [() => randomAffine({ shear: [0, 90] }), /shear.*-89 to 89/],
    [() => randomColour({ contrast: [-1, 1] }), /contrast.*\[-1, 1\]/],
    [() => randomNoise({ deviation: [0, NaN] }), /deviation.*NaN/],
    [() => randomBlur({ deviation: [0, 1] }), /deviation.*\[0, 1\]/],
    [() => randomErase({ value: Infinity }), /value.*Infinity/],
    [() => sometimes(-1, randomNoise({ deviation: [0, 1] })), /-1/],
  ];
  for (const [call, message] of wrong) {
    expect(call).toThrow(ChiaroError);
    expect(call).toThrow(message);
  }
  const shapes: readonly (readonly [() => unknown, RegExp])[] = [
    [() => draw([randomCrop({ size: [9, 4] })], [1, 1, 8, 8]), /8 x 8.*hold no 9 x 4/],
    [() => draw([randomColour({})], [1, 2, 8, 8]), /1 or 3 channels, got 2/],
    [() => draw([], [3, 8, 8]), /\[3, 8, 8\]/],
    [() => draw([], [1, 3, 8, 8]).images(zeros([1, 3, 8, 9])), /\[1, 3, 8, 8\].*\[1, 3, 8, 9\]/],
    [() => draw([], [1, 3, 8, 8]).targets(zeros([1, 1, 4, 4])), /\[1, K, 8, 8\].*\[1, 1, 4, 4\]/],
    [() => draw([], [1, 3, 8, 8]).points(zeros([1, 2])), /\[1, N, 2\].*\[1, 2\]/],
  ];
  for (const [call, message] of shapes) {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  }
});
