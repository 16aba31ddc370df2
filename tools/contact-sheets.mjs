/**
 * Pictures of each kind of synthetic faces, for docs/guides/synthetic-faces.md:
 *
 *   node scripts/run.mjs tools/contact-sheets.mjs [--out docs/images] [--only faces,clips] [--size 128] [--spp 36] [--png]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  backgroundImage,
  caricatureGrid,
  faceClips,
  faceGrid,
  faceSet,
  lightStage,
  loadFaceModel,
  photograph,
  synthesize,
} from '@chiaro/faces';
import { tiles, writeSheet } from './synthesis/sheet.mjs';

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'docs/images' },
    only: { type: 'string', default: 'faces,looks,grid,caricatures,styles,clips,stage' },
    size: { type: 'string', default: '128' },
    spp: { type: 'string', default: '36' },
    png: { type: 'boolean', default: false },
  },
});
const [size, spp] = [Number(options.size), Number(options.spp)];
const model = await loadFaceModel();

const rendered = async (plan, index, samples = spp) => {
  const { scene } = await plan.item(model, index);
  const face = await synthesize(model, scene, { spp: samples });
  return { face, photo: photograph(scene, face.traced, face.coverage, backgroundImage(scene)).bytes };
};
const list = (count, of = (k) => k) => Array.from({ length: count }, (_, k) => of(k));
/** Photographs of items, so many to a row. */
const photos = async (plan, rows, after) => {
  const result = [];
  for (const row of rows) {
    const faces = [];
    for (const index of row) faces.push(await rendered(plan, index));
    result.push(faces.map(({ photo }) => photo));
    if (after) result.push(faces.map(({ face }) => after(face)));
  }
  return result;
};

const sheets = {
  faces: async () => {
    const plan = faceSet({ count: 6, size });
    const rows = [];
    for (const index of list(4)) {
      const { face } = await rendered(plan, index, 8 * spp); // the residual is a difference
      rows.push(
        ['traced', 'local', 'residual', 'albedo', 'normals', 'depth', 'uv', 'parts'].map((name) => tiles[name](face)),
      );
    }
    return rows;
  },
  looks: () => {
    const backgrounds = ['constant', 'gradient', 'environment'];
    const looks = { backgrounds, glasses: 0.6, hands: 0.35, hair: 0.9, sensor: true };
    return photos(faceSet({ count: 12, size, seed: 20, looks }), [list(6), list(6, (k) => 6 + k)], tiles.parts);
  },
  grid: () => {
    const plan = faceGrid({ identities: 3, size, looks: { hair: 0.7, backgrounds: ['gradient'] } });
    const at = (identity, expression, view, light) => ((identity * 6 + expression) * 4 + view) * 5 + light;
    return photos(plan, [
      list(6, (k) => at(0, k, 1, 0)),
      [...list(4, (k) => at(1, 1, k, 1)), at(1, 2, 2, 1), at(1, 3, 2, 1)],
      [...list(5, (k) => at(2, 0, 2, k)), at(2, 4, 2, 4)],
    ]);
  },
  caricatures: () => {
    const plan = caricatureGrid({ identities: 6, size, looks: { backgrounds: ['gradient'] } });
    return photos(plan, [list(6, (k) => 120 * k + 28)]);
  },
  styles: () => {
    const plan = faceGrid({ identities: 6, styles: 6, size, seed: 3 });
    return photos(plan, [list(6, (k) => 120 * k + 6)]);
  },
  clips: async () => {
    const plan = faceClips({ clips: 3, size, looks: { hair: 1, backgrounds: ['environment', 'gradient'] } });
    const rows = [];
    for (let first = 0; first < plan.count;) {
      const { labels } = await plan.item(model, first);
      rows.push(list(5, (k) => first + Math.round((k * (labels.frames - 1)) / 4)));
      first += labels.frames;
    }
    return photos(plan, rows);
  },
  stage: async () => {
    const plan = lightStage({ frames: 14, size });
    const at = (frame, camera) => frame * 6 + camera;
    const rows = [list(6, (camera) => at(0, camera)), list(6, (k) => at(2 * k + 1, k))];
    const result = [];
    for (const [r, row] of rows.entries()) {
      const line = [];
      // one group is a tenth of the light: shown four times as bright
      for (const index of row) line.push(tiles.traced((await rendered(plan, index)).face, r === 0 ? 0.5 : 2));
      result.push(line);
    }
    return result;
  },
};

for (const name of options.only.split(',')) {
  const path = join(options.out, `synthetic-${name}.${options.png ? 'png' : 'jpg'}`);
  await writeSheet(path, await sheets[name](), size);
  process.stderr.write(`${path}\n`);
}
process.exit(0); // the GPU's threads would keep the process
