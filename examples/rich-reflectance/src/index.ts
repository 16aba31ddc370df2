/** What examples that go on from this one need: the world, its judging, networks, and training in stages. */
export { prepare, attributeModel, settingOf } from './experiment.js';
export type { Experiment, Following, Setting, WorldVariations } from './experiment.js';
export {
  AlbedoDecoders,
  decoderStages,
  Encoder,
  facesIn,
  incrementsOf,
  loadNetwork,
  networkFile,
  saveNetworks,
} from './network.js';
export type { Preset } from './config.js';
export { costTable } from './cost.js';
export type { CostPlan } from './cost.js';
export { measures, measureTitles, score } from './evaluate.js';
export type { Measure, Scores } from './evaluate.js';
export { judgeNaive, once, resultsIn, shareLines } from './entries.js';
export type { RowEntry } from './entries.js';
export { worldFaces, worldModel } from './world.js';
export type { WorldFace, WorldPlan, WorldVariation } from './world.js';
export { batchOf, photoBatches, viewsOf } from './training/photoBatch.js';
export type { PhotoBatch } from './training/photoBatch.js';
export { trainStage } from './training/trainStage.js';
export type { Stage, StepInputs, TrainedStage, TrainingWatch } from './training/trainStage.js';
export { startEncoder } from './training/startEncoder.js';
export type { EncoderStart } from './training/startEncoder.js';
export { meanTerms } from './training/terms.js';
export { stageFolder } from './training/trainRow.js';
export { raysOf } from './training/stages.js';
export type { StageLoss } from './training/stages.js';
export { halvingConsistency, weightsNow } from './training/consistency.js';
export type { StageWeights } from './training/consistency.js';
export { adaptNetworks } from './training/adaptNetworks.js';
export { facePictures, savePhotoFigure, saveTestFigure, seenInWorld } from './uses/figure.js';
export type { FigureDrawing } from './uses/figure.js';
export { forEachFace, inLight, photoDrawing, predictPhoto, takeApart } from './uses/photos.js';
export type { FaceUses, NamedFace, PhotoDrawing, PhotoNotes } from './uses/photos.js';
export { photoOf, refinementTable } from './uses/refine.js';
export { photosToLearnFrom, predictorOf, squaresOf } from './uses/predictor.js';
export type { OwnPhotos, Prediction, Predictor } from './uses/predictor.js';
