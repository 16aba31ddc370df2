import { readFile } from 'node:fs/promises';
import ts from 'typescript';

/** A TypeScript file as an ES module: its types are stripped, nothing is checked. */
export async function transpile(file: string | URL): Promise<string> {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true };
  return ts.transpileModule(await readFile(file, 'utf8'), { compilerOptions }).outputText;
}
