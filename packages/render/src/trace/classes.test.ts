import { describe } from 'vitest';
import { tensor } from '../engine.js';
import { lambert } from '../bsdf/index.js';
import { axisAngle, pinhole } from '../camera/index.js';
import { mesh, planeShape, vertexNormals } from '../geometry/index.js';
import { agreesWithOracles } from './agreement.testing.js';
import { environment } from './index.js';
import { numbers } from './lightScene.testing.js';

/** A folded sheet: its two sides light each other. */
const sheet = planeShape({ size: 4, cells: 2 });
const folded = mesh({
  ...sheet,
  positions: sheet.positions.map((z, i, all) => (i % 3 === 2 ? Math.abs(all[i - 2]) : z)),
});
const ownNormals = vertexNormals(folded.positions, folded.topology).add(numbers(folded.positions.shape, -0.1, 0.1));

// `bounces.test.ts` has lobe values, emitters and vertices; here is what else can be derived by, after several surfaces
describe('maps, normals, pose and lens, over three surfaces', () =>
  agreesWithOracles(
    (p) => ({
      scene: {
        shapes: [
          {
            mesh: { ...folded, positions: p['positions'], normals: p['normals'], uvs: p['uvs'] },
            bsdf: lambert({ albedo: p['texture'] }),
            normalMap: p['normal map'],
          },
        ],
        emitters: [environment(p['map'], { background: false })],
      },
      camera: pinhole({
        ...{ width: 5, height: 5, rotation: axisAngle(p['turn']), position: p['position'] },
        ...{ intrinsics: p['intrinsics'], distortion: p['lens'] },
      }),
    }),
    {
      texture: numbers([5, 6, 3], 0.5, 0.9),
      positions: folded.positions,
      normals: ownNormals,
      uvs: folded.uvs!,
      'normal map': tensor([0.5, 0.5, 1]).add(numbers([3, 3, 3], -0.1, 0.1)),
      map: numbers([4, 8, 3], 0.3, 1),
      turn: tensor([0.03, 0.05, -0.1]),
      position: tensor([0.1, -0.1, 2.6]),
      intrinsics: tensor([6.5, 7, 2.6, 2.4]),
      lens: tensor([-0.2, 0.05, 3e-3, -2e-3, 0.01]),
    },
    { depth: 4, rouletteFrom: 4 },
  ));
