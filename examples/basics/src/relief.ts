// An albedo texture and a normal map of a tile, from twelve photographs of it, each under a lamp from another side.
import { compile, concat, full, Parameter, tensor, type Tensor } from '@chiaro/autograd';
import { Adam } from '@chiaro/nn';
import { directionalLight, ggx, mesh, perspective, planeShape, renderMesh } from '@chiaro/render';
import { glaze } from './objects.js';
import { fitPictures, show, writePictures, type Result, type Run } from './report.js';

const [texels, photoCount] = [96, 12];

/** `slopes` [texels, texels, 2] of the relief, to the right and upwards. */
type Tile = Readonly<Record<'albedo' | 'slopes', Tensor>>;

/** Unit normals of slopes, as the colours of a normal map. */
function normalColors(slopes: Tensor): Tensor {
  const normals = concat([slopes.neg(), full([texels, texels, 1], 1)], 2);
  return normals.div(normals.square().sum(2, true).sqrt()).mul(0.5).add(0.5);
}

/** Slopes of four rings of waves. */
const waves = tensor(
  Array.from({ length: texels }, (_, j) =>
    Array.from({ length: texels }, (__, i) => {
      const [x, y] = [(2 * i) / texels - 1, 1 - (2 * j) / texels];
      const [u, v] = [Math.abs(x) - 0.5, Math.abs(y) - 0.5];
      const r = Math.hypot(u, v) + 1e-6;
      const slope = r < 0.45 ? 0.6 * Math.sin(28 * r) : 0;
      return [(slope * u * Math.sign(x)) / r, (slope * v * Math.sign(y)) / r];
    }),
  ),
);

export async function relief(run: Run): Promise<Result> {
  const tile = mesh(planeShape());
  const camera = perspective({ fovY: 0.55, width: run.size, height: run.size, position: [0, 0, 3.8] });
  const photograph = ({ albedo, slopes }: Tile, direction: Tensor): Tensor => {
    const bsdf = ggx({ diffuse: albedo, specular: 0.04, roughness: 0.4 });
    const lamp = directionalLight({ direction, irradiance: 3 });
    return renderMesh({ shapes: [{ mesh: tile, bsdf, normalMap: normalColors(slopes) }], emitters: [lamp] }, camera)
      .image;
  };

  const truth: Tile = { albedo: glaze(texels).albedo, slopes: waves };
  const start: Tile = { albedo: full([texels, texels, 3], 0.4), slopes: full([texels, texels, 2], 0) };
  const found = { albedo: new Parameter(start.albedo), slopes: new Parameter(start.slopes) };
  const photos = Array.from({ length: photoCount }, (_, k) => {
    const direction = tensor([0.8 * Math.cos(2.4 * k), 0.8 * Math.sin(2.4 * k), -0.5 - 0.1 * (k % 4)]);
    return { direction, image: photograph(truth, direction) };
  });

  const adam = new Adam(found, { lr: 0.02 });
  const step = compile((direction: Tensor, image: Tensor) => {
    const loss = photograph(found, direction).sub(image).square().mean();
    loss.backward();
    adam.step();
    adam.zeroGrad();
  });
  for (let i = 0; i < run.steps; i++) {
    if (i === Math.floor(0.7 * run.steps)) adam.groups[0]!.lr /= 5;
    const { direction, image } = photos[i % photoCount]!;
    step(direction, image);
  }

  const albedo = await Promise.all([start, found].map((t) => t.albedo.sub(truth.albedo).abs().mean().item()));
  const normals = await Promise.all([start, found].map((t) => t.slopes.sub(truth.slopes).abs().mean().item()));
  const { direction, image } = photos[0]!;
  await writePictures(run, 'relief', fitPictures(image, photograph(start, direction), photograph(found, direction)));
  await writePictures(run, 'relief-maps', {
    ...{ albedo: truth.albedo, normals: normalColors(truth.slopes) },
    ...{ foundAlbedo: found.albedo, foundNormals: normalColors(found.slopes) },
  });
  return {
    before: albedo[0]! + normals[0]!,
    after: albedo[1]! + normals[1]!,
    lines: [
      `mean error of albedo                      ${albedo.map(show).join(' -> ')}`,
      `mean error of slopes                      ${normals.map(show).join(' -> ')}`,
    ],
  };
}
