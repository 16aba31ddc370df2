// npm run edit -- FOLDER EDITS --out FOLDER: a fitted face with other coefficients. --help lists the options.
import { editFittedFace, parseEditArguments } from './editFittedFace.js';
import { runTool } from './tool.js';

await runTool(parseEditArguments, editFittedFace);
