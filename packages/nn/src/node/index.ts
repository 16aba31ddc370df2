/**
 * @chiaro/nn/node: what training needs in Node and a browser does not have: folders, logs in files, a progress bar,
 * worker threads, parts of large files.
 * @packageDocumentation
 */
export { csvLog, jsonlLog, readJsonl } from './fileLogs.js';
export { folderStore } from './folderStore.js';
export { pictureLog } from './pictureLog.js';
export { tensorboardLog } from './tensorboard/log.js';
export { onInterrupt } from './onInterrupt.js';
export { progressDisplay } from './progress.js';
export type { ProgressDisplay, TextStream } from './progress.js';
export { progressLines } from './progressLines.js';
export { ResultsFile } from './resultsFile.js';
export { openSafetensors, SafetensorsReader } from './safetensorsReader.js';
export type { ArraySlice } from './safetensorsReader.js';
export { stepsChart } from '../report/report.js';
export { InterruptedError, trainInFolder } from './trainInFolder.js';
export type { FolderRunOptions } from './trainInFolder.js';
export { openWorkerDataset } from './worker/openWorkerDataset.js';
