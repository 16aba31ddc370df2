import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Plugin } from 'vitest/config';
import { expectationsOf, snippetsOf } from './page.js';

const recorder = fileURLToPath(new URL('./recorder.ts', import.meta.url));

/** Makes `import('page.md?snippet=NAME')` run the code of a Markdown page, with its console recorded. */
export function markdownSnippets(): Plugin {
  return {
    name: 'markdown-snippets',
    enforce: 'pre',
    load(id) {
      const [file, name] = id.split('?snippet=');
      if (name === undefined) return undefined;
      const snippet = snippetsOf(file!, name.split(':')[0]!).find((s) => s.name === name)!;
      const lines = snippet.text.split('\n');
      for (const { line, text } of expectationsOf(snippet.text)) {
        // in front of the comment: the line keeps its number
        lines[line - 1] = lines[line - 1]!.replace(
          '// -> ',
          () => `;$page.expect(${line}, ${JSON.stringify(text)}); // -> `,
        );
      }
      const head = `import { recorderOf as $recorderOf } from ${JSON.stringify(recorder)}; const $page = $recorderOf(${JSON.stringify(name)}); const console = $page.console;`;
      const compiled = ts.transpileModule(`${head} ${lines.join('\n')}\nexport {};`, {
        fileName: name,
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, sourceMap: true },
      });
      const map = JSON.parse(compiled.sourceMapText!) as Record<string, unknown>;
      return {
        code: compiled.outputText,
        map: JSON.stringify({ ...map, sources: [file], sourcesContent: [snippet.text] }),
      };
    },
  };
}
