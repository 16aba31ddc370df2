import { resolve } from 'node:path';
import { Command } from 'commander';
import { host } from '@chiaro/tensor/host';
import { ChiaroError, decodeImage } from '../engine.js';
import { editFace } from '../edit/editFace.js';
import { parseFaceEdit } from '../edit/faceEdit.js';
import { editedFileNames, editedFiles } from '../edit/editedFiles.js';
import { loadFittedFace } from '../edit/fittedFace.js';
import { renderFittedFace } from '../edit/renderFittedFace.js';
import { hostImage } from '../fit/result/hostImages.js';
import { writeFolder } from './folder.js';
import type { ParserHooks } from './options.js';

/** What to change. */
export interface EditOptions {
  /** Result folder of a fit or an edit. */
  readonly folder: string;
  /** See `parseFaceEdit`. */
  readonly edits: readonly string[];
  /** Image file that replaces the diffuse texture. */
  readonly diffuse?: string;
  readonly model?: string;
  readonly out: string;
}

/**
 * Reads the arguments (without node and script).
 * @throws CommanderError, after a message, for wrong arguments and for --help; its `exitCode` says which.
 */
export function parseEditArguments(args: readonly string[], hooks: ParserHooks): EditOptions {
  const command = new Command('npm run edit --')
    .description(
      'Changes a fitted face: its coefficients by name, or its painted texture. Writes face.glb, face.png, the textures, and ' +
        'fit.json, so that the folder can be edited and relit again.',
    )
    .argument('<folder>', 'result folder of npm start, or of npm run edit')
    .argument('[edits...]', 'expression.mouth-open=0.6, identity.0+=1, identity*=1.5, tint.0=1, albedo.3=-1 ...')
    .requiredOption('-o, --out <folder>', 'where the edited face goes')
    .option('-d, --diffuse <image>', 'painted diffuse texture (sRGB), as texture-diffuse.png is laid out')
    .option('-m, --model <file>', 'face model of the fit (default: the shipped one)')
    .configureOutput(hooks)
    .exitOverride();
  command.parse(args, { from: 'user' });
  const [folder, ...edits] = command.args;
  return { ...command.opts<Pick<EditOptions, 'out' | 'diffuse' | 'model'>>(), folder, edits };
}

/**
 * The whole command: a changed face, seen by the camera and in the light of its fit. @returns the exit code; messages go to
 * `log`, one line each.
 */
export async function editFittedFace(options: EditOptions, log: (line: string) => void): Promise<number> {
  const { folder, edits, diffuse, model, out } = options;
  try {
    const changes = edits.map(parseFaceEdit);
    if (changes.length === 0 && diffuse === undefined)
      throw new ChiaroError('nothing to change; give edits or --diffuse');
    if (resolve(out) === resolve(folder))
      throw new ChiaroError('the edited face needs a folder of its own; give another --out');
    const face = await loadFittedFace(folder, model);
    const painted =
      diffuse === undefined ? undefined : await hostImage((await decodeImage(await host.readFile(diffuse))).squeeze(0));
    const edited = await editFace(face, changes, { diffuse: painted });
    const files = await editedFiles(edited, await renderFittedFace(edited));
    await writeFolder(out, files, editedFileNames);
    log(`wrote ${files.size} files; look at ${resolve(out, 'face.png')}`);
    return 0;
  } catch (error) {
    if (!(error instanceof ChiaroError)) throw error;
    log(`error: ${error.message}`);
    return 1;
  }
}
