import type { FaceValues, FaceVariables } from '../faceVariables.js';
import type { FitParameter } from '../types.js';

const described: Readonly<Record<keyof FaceVariables, readonly [name: string, unit: string, description: string]>> = {
  rotation: ['pose.rotation', 'rad', 'axis times angle, head to camera'],
  translation: ['pose.translation', 'mm', "origin of the head in the camera's frame; the camera looks down -Z"],
  identity: ['identity', 'sigma', 'weights of the identity modes, N(0, 1)'],
  blendshapes: ['expression', 'weight in [0, 1]', "weights of the model's blendshapes"],
  albedo: ['albedo', 'sigma', 'weights of the albedo modes, N(0, 1), for diffuse and specular albedo'],
  tint: ['tint', 'sigma', 'melanin and haemoglobin, N(0, 1)'],
  light: [
    'light.sh',
    'linear radiance',
    'real orthonormal SH coefficients by l * l + l + m, RGB, camera frame, polar axis z',
  ],
};

/** Every fitted number with its meaning. */
export async function fitParameters(v: FaceValues, focal: number, albedoCount: number): Promise<FitParameter[]> {
  const names = Object.keys(described) as (keyof FaceVariables)[];
  const used = names.filter((name) => name !== 'albedo' || albedoCount > 0);
  const parameters = await Promise.all(
    used.map(async (key): Promise<FitParameter> => {
      const [name, unit, description] = described[key];
      return { name, unit, description, shape: v[key].shape, values: await v[key].data() };
    }),
  );
  const focalLength = {
    name: 'camera.focal',
    unit: 'px',
    description: 'focal length in pixels of the photograph',
    shape: [],
  };
  return [...parameters, { ...focalLength, values: [focal] }];
}
