export {
  directionToLatLong,
  latLongCoordinates,
  latLongDirection,
  latLongToDirection,
  texelDirections,
  texelSolidAngles,
} from './latLong.js';
export type { LatLong } from './latLong.js';
export { importanceTables } from './importance.js';
export type { ImportanceTables } from './importance.js';
export { directionInTexel, invertEnvironment, pdfEnvironment, placeInTexel, sampleEnvironment } from './sample.js';
