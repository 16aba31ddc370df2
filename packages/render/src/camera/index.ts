export type { Camera, CameraOptions, Pose } from './camera.js';
export { lookAt } from './lookAt.js';
export { orthographic, weakPerspective } from './orthographic.js';
export { perspective, pinhole } from './perspective.js';
export type { LensOptions } from './perspective.js';
export { axisAngle, euler, fromMat3, quaternion, rotation6D, rotationOf } from './rotation.js';
export type { EulerOrder, Rotation } from './rotation.js';
