// npm start [-- photo.jpg --out folder ...]: a face from one photograph.
import { fitPhoto } from '../fit/fitPhoto.js';
import { runProcess } from './process.js';

await runProcess(fitPhoto);
