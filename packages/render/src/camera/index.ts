export { lookAt, perspective, pinhole } from './camera.js';
export type { Camera, CameraOptions, Pose } from './camera.js';
export { axisAngle, euler, fromMat3, quaternion, rotation6D, rotationOf } from './rotation.js';
export type { EulerOrder, Rotation } from './rotation.js';
