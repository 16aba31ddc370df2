import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tensor } from '@chiaro/autograd';
import { icosphereShape, mesh, pinhole, vertexNormals } from '@chiaro/render';
import { openResults } from '../../tools/evaluate/resultFile.mjs';
import { castShadow } from '../../tools/evaluate-fit/shadows.mjs';

// The figures of tools/evaluate-*.mjs are claims about the fit: what they are taken from is checked on cases that are
// known; the measures themselves are those of @chiaro/faces.

describe('castShadow', () => {
  it('finds the shadow of a ball on a wall, and not the dark side of the ball', async () => {
    const size = 64;
    const ball = icosphereShape({ radius: 40, subdivisions: 3 });
    const wall = [-300, -300, -150, 300, -300, -150, 300, 300, -150, -300, 300, -150];
    const start = ball.positions.length / 3;
    const positions = Float32Array.from([...ball.positions, ...wall], (x, i) => x - (i % 3 === 2 ? 900 : 0));
    const triangles = Uint32Array.from([...ball.triangles, ...[0, 1, 2, 0, 2, 3].map((k) => start + k)]);
    const uvs = new Float32Array((positions.length / 3) * 2);
    const both = mesh({ positions, triangles, uvs });
    const intrinsics = tensor([130, 130, size / 2, size / 2]);
    const camera = pinhole({ width: size, height: size, near: 50, far: 5000, intrinsics });
    const direction = [Math.SQRT1_2, 0, Math.SQRT1_2] as const;
    const shadow = await castShadow({ ...both, normals: vertexNormals(both.positions, both.topology) }, camera, {
      direction: [...direction],
      sharpness: 5000,
    });
    // on the wall at z = -1050 a pixel is 8.08 mm wide; the shadow's middle is 150 mm to the left, at pixel 13.4
    const pixels = [...shadow.keys()].filter((k) => shadow[k] === 1);
    const middle = pixels.reduce((sum, k) => sum + (k % size) + 0.5, 0) / pixels.length;
    expect(Math.abs(middle - 13.4)).toBeLessThan(0.7);
    const area = (Math.PI * 40 * 40 * Math.SQRT2) / (1050 / 130) ** 2;
    expect(Math.abs(pixels.length / area - 1)).toBeLessThan(0.12);
    // the ball is 5.8 pixels wide to each side of the middle, half of it dark
    expect(pixels.filter((k) => k % size > 25 && k % size < 39)).toEqual([]);
  });
});

describe('openResults', () => {
  it('goes on where a run was ended, and does not mix settings', () => {
    const folder = mkdtempSync(join(tmpdir(), 'chiaro-results-'));
    try {
      const file = join(folder, 'deep', 'results.json');
      const options = { settings: { size: 96 }, keyOf: (entry: { face: number; value?: number }) => `${entry.face}` };
      const first = openResults(file, options);
      first.add({ face: 1, value: 0.123456789 }, 'adapter');
      first.add({ face: 2 });
      const second = openResults(file, options);
      expect([second.has('1'), second.has('2'), second.has('3')]).toEqual([true, true, false]);
      second.add({ face: 1, value: 2 });
      const written = JSON.parse(readFileSync(file, 'utf8')) as { adapter: string; entries: unknown[] };
      expect(written.adapter).toBe('adapter');
      expect(written.entries).toEqual([{ face: 2 }, { face: 1, value: 2 }]);
      expect(() => openResults(file, { ...options, settings: { size: 128 } })).toThrow(/other settings/);
      expect(openResults(file, { ...options, settings: { size: 128 }, fresh: true }).has('1')).toBe(false);
      expect(readdirSync(join(folder, 'deep'))).toEqual(['results.json']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
