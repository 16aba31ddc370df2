// npm run relight -- FOLDER [LIGHTS]: a fitted face in other lights. --help lists the options.
import { runTool } from './tool.js';
import { parseRelightArguments, relightFace } from './relightFace.js';

await runTool(parseRelightArguments, relightFace);
