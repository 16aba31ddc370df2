import { cropAroundLandmarks, cropRules, landmarkPixels, type FaceScene, type MorphableModel } from '@chiaro/faces';

/** A scene with its camera brought to where photographs are cropped, so that faces of both lie in the same place. */
export function framedScene(model: MorphableModel, scene: FaceScene): FaceScene {
  const { size, focal } = scene;
  const { left, top, width } = cropAroundLandmarks(landmarkPixels(model, scene), cropRules.illuresSfsNet);
  const [x, y, z] = scene.translation;
  // millimetres of a pixel at the head
  const pixel = -z / focal;
  return {
    ...scene,
    focal: (focal * size) / width,
    translation: [x - (left + width / 2 - size / 2) * pixel, y + (top + width / 2 - size / 2) * pixel, z],
  };
}
