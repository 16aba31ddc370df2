/**
 * @chiaro/faces: morphable models, landmarks, fitting of faces to photographs, export.
 * @packageDocumentation
 */
export * from './landmarks/index.js';
export * from './model/index.js';
export { loadPhoto } from './photo/photo.js';
export type { Photo, PhotoOptions } from './photo/photo.js';
export type * from './fit/types.js';
export { fitFace } from './fit/fitFace.js';
export type { FitFaceOptions } from './fit/fitFace.js';
export { fitFaces } from './fit/fitFaces.js';
export type { FaceInPhoto, FitFacesOptions } from './fit/fitFaces.js';
export { fitPhotos } from './fit/fitPhotos.js';
export { defaultConfig, quickConfig } from './fit/config.js';
export type { FitConfig, Rates, TraceLevel, Weights } from './fit/config.js';
export { solveLandmarks } from './fit/pose/solveLandmarks.js';
export type { LandmarkFit, LandmarkPriors } from './fit/pose/solveLandmarks.js';
export type { Matrix3 } from './fit/pose/rotation.js';
export type { HostPose } from './fit/pose/startPose.js';
export type { LandmarkCurve } from './fit/pose/curves.js';
export type { LandmarkModel } from './fit/pose/landmarkModel.js';
export { modelPoints } from './fit/pose/modelPoints.js';
export type { ModelPoints } from './fit/pose/modelPoints.js';
export type { LightPriors } from './fit/light/solveLight.js';
export * from './losses/index.js';
export * from './regularisers/index.js';
export * from './measures/index.js';
export { loadFittedFace } from './edit/fittedFace.js';
export type { FaceState, FittedFace } from './edit/fittedFace.js';
export { editFace, parseFaceEdit } from './edit/editFace.js';
export type { FaceEdit } from './edit/editFace.js';
export { editedFiles } from './edit/editedFiles.js';
export { renderFittedFace } from './edit/renderFittedFace.js';
export type { RenderFittedFaceOptions } from './edit/renderFittedFace.js';
export { resultFiles } from './report/resultFiles.js';
export { faceToGLB } from './export/glb.js';
export type { FaceFile } from './export/glb.js';
export type { FitJSON } from './export/fitJSON.js';
export { faceBsdf, modelTextures, posedFace } from './scene/posedFace.js';
export type { FacePose, FaceTextures } from './scene/posedFace.js';
export { coverage, interpolateImage, surfaceImage, textureImage } from './scene/surfaceImage.js';
export type { SurfaceImage } from './scene/surfaceImage.js';
export { studioLights } from './scene/studioLights.js';
export type { StudioLight } from './scene/studioLights.js';
export { fitPhoto } from './fit/fitPhoto.js';
export * from './synthesis/index.js';
