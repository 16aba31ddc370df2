// The frame of the ray tracing benchmarks: the face (or the bumpy ball), 256 x 256 pixels, 8 samples, a 64 x 64
// environment of photograph-like contrast, shadows; textures of 256 x 256 texels.
import { Parameter, realize, tensor } from '@chiaro/autograd';
import { environment, ggx, mesh, pathTrace, perspective } from '@chiaro/render';
import { fill } from './inputs.mjs';
import { faceMesh } from './traceCase.mjs';

const texels = (channels, seed) =>
  tensor(
    fill(256 * 256 * channels, seed, 0.25).map((v) => v + 0.4),
    [256, 256, channels],
  );

/** Texture coordinates from above: enough for textures to be read everywhere. */
const flatUVs = (positions) =>
  Float32Array.from({ length: (positions.length / 3) * 2 }, (_, i) => 0.5 + positions[3 * (i >> 1) + (i & 1)] / 40);

/**
 * The scene with everything that may have a gradient as a parameter, and its image, with the gradients of which edges, or
 * with other options of `pathTrace`.
 */
export async function frame(boundary = 'none') {
  const { name, positions, triangles } = faceMesh();
  const rest = mesh({ positions, triangles, uvs: flatUVs(positions) });
  const parameters = {
    vertices: new Parameter(rest.positions),
    diffuse: new Parameter(texels(3, 1)),
    specular: new Parameter(texels(3, 2)),
    roughness: new Parameter(texels(1, 3)),
    sky: new Parameter(
      tensor(
        fill(64 * 64 * 3, 4, 1).map((v) => 0.2 + 4 * Math.max(0, v) ** 8),
        [64, 64, 3],
      ),
    ),
    position: new Parameter([0, 0, 60]),
  };
  await realize(...Object.values(parameters));
  const { vertices, diffuse, specular, roughness, sky, position } = parameters;
  const image = (options = {}) => {
    const camera = perspective({ fovY: 2 * Math.atan(0.5 / 1.6), width: 256, height: 256, position });
    const shape = { mesh: { ...rest, positions: vertices }, bsdf: ggx({ diffuse, specular, roughness }) };
    return pathTrace({ shapes: [shape], emitters: [environment(sky, { background: false })] }, camera, {
      spp: 8,
      seed: 1,
      boundary,
      ...options,
    }).image;
  };
  return { name, parameters, image };
}
