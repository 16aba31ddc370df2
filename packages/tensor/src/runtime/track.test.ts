import { expect, test } from 'vitest';
import { Cell, compile, track, tracked } from '../index.js';

// alone in its file: the device must not have been acquired before
test('a tracked loop needs no other await', async () => {
  const x = new Cell(1);
  const double = compile(() => x.assign(x.mul(2)));
  for (let i = 0; i < 3; i++) track('doubled', double());
  expect(await tracked('doubled').all()).toEqual([2, 4, 8]);
});
