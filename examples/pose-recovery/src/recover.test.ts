import { Generator, tensor } from '@chiaro/autograd';
import { axisAngle } from '@chiaro/render';
import { expect, it } from 'vitest';
import { cube, head } from './objects.js';
import { draw, recover } from './recover.js';

// all 20 starts of both: npm run example pose-recovery
it('the pose of a cube is found from 40 to 60 degrees off', async () => {
  const noise = new Generator(7);
  const { before, after } = await recover(await cube(noise), noise, { starts: 3 });
  before.forEach((degrees) => expect(degrees).toBeGreaterThan(39.9));
  after.forEach((degrees) => expect(degrees).toBeLessThan(1));
});

it('the head fills a third of its pictures, and its coarse mesh looks alike', async () => {
  const thing = await head();
  const turn = axisAngle(tensor([[0, 0.5, 0], [0, 3, 0]])); // prettier-ignore
  const [fine, coarse] = [thing.mesh, thing.coarse].map((mesh) => draw(thing, mesh, turn, 32));
  const covered = await fine!.sum(3).gt(0.01).to('float32').mean([1, 2]).data();
  covered.forEach((share) => expect(Math.abs(share - 0.33)).toBeLessThan(0.12));
  const differences = await fine!.sub(coarse!).abs().mean([1, 2, 3]).data();
  differences.forEach((d) => expect(d).toBeLessThan(0.02));
  expect(await fine!.select(0, 0).sub(fine!.select(0, 1)).abs().mean().item()).toBeGreaterThan(0.03);
});
