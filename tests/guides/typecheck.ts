import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { Snippet } from './page.js';

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types: string }>>;
}

/** Type errors of snippets, checked strictly against the packages' sources. */
export function typeErrors(root: string, snippets: readonly Snippet[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: Record<string, unknown> };
  };
  const paths: Record<string, string[]> = { '#host': ['packages/tensor/src/host/node/index.ts'] };
  for (const name of readdirSync(join(root, 'packages'))) {
    const manifest = join(root, 'packages', name, 'package.json');
    if (!existsSync(manifest)) continue;
    const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest;
    for (const [entry, { types }] of Object.entries(exports)) {
      const source = types.replace('/dist/', '/src/').replace(/\.d\.ts$/, '.ts');
      paths[join('@chiaro', name, entry)] = [join('packages', name, source)];
    }
  }
  const json = { ...config.compilerOptions, paths, baseUrl: '.', types: ['@webgpu/types', 'node'] };
  const { options } = ts.convertCompilerOptionsFromJson(json, root);
  Object.assign(options, {
    noEmit: true,
    composite: false,
    declaration: false,
    declarationMap: false,
    noUnusedLocals: false,
  });

  const texts = new Map(snippets.map((s) => [fileOf(root, s), `${s.text}\nexport {};`]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists.call(host, file);
  host.readFile = (file) => texts.get(file) ?? readFile.call(host, file);
  host.getSourceFile = (file, target, ...rest) => {
    const text = texts.get(file);
    return text === undefined
      ? getSourceFile.call(host, file, target, ...rest)
      : ts.createSourceFile(file, text, target);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return snippets.flatMap((snippet) => {
    const source = program.getSourceFile(fileOf(root, snippet))!;
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ start = 0, messageText }) => {
      const { line } = source.getLineAndCharacterOfPosition(start);
      const page = snippet.name.split(':')[0]!;
      return `${page}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  });
}

/** A file that is not there, in the root folder, so that packages resolve as they do for the tests. */
const fileOf = (root: string, { name }: Snippet): string => join(root, `snippet ${name.replace(/[/:]/g, ' ')}.mts`);
