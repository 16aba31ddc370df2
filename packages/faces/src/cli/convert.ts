// npm run convert-model -- FROM TO: a face model file of a published one. --help lists the options.
import { convertModel, parseConvertArguments } from './convertModel.js';
import { runTool } from './tool.js';

await runTool(parseConvertArguments, convertModel);
