// The layer check: imports point down only, and nothing imports in a circle.
//
//   tensor <- autograd <- { nn, render } <- faces <- examples
//
// Inside packages/tensor/src, `expr` imports nothing else of the package but the error classes. A package reaches another one by its public
// entry points only. Type-only imports may go in circles (types have no order), values may not.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const layers = {
  tensor: [],
  autograd: ['tensor'],
  nn: ['tensor', 'autograd'],
  render: ['tensor', 'autograd'],
  faces: ['tensor', 'autograd', 'nn', 'render'],
};
/** Examples that go on from others, by their package's names. */
const examplesBelow = { s2f2: ['example-rich-reflectance'] };

const problems = [];

/** All TypeScript files below a folder; tests and their helpers are free to import what they like. */
function sources(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !/\.(test|testing)\.ts$/.test(file))
    .filter((file) => !file.split(sep).some((part) => part === 'node_modules' || part === 'dist'));
}

/** True if an import or export declaration is erased by the compiler. */
function isTypeOnly(node) {
  if (ts.isExportDeclaration(node)) {
    const named = node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : [];
    return node.isTypeOnly || (named.length > 0 && named.every((element) => element.isTypeOnly));
  }
  const clause = node.importClause;
  if (!clause || clause.isTypeOnly) return Boolean(clause);
  const named = clause.namedBindings && ts.isNamedImports(clause.namedBindings) ? clause.namedBindings.elements : [];
  return !clause.name && named.length > 0 && named.every((element) => element.isTypeOnly);
}

/** The modules that a file names in import and export declarations and in `import(...)`. */
function importsOf(file) {
  const tree = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  const found = [];
  const visit = (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      found.push({ name: node.moduleSpecifier.text, typeOnly: isTypeOnly(node) });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      // An import() runs later, so it makes no circle, but it still is a layer's import.
      if (ts.isStringLiteral(node.arguments[0])) found.push({ name: node.arguments[0].text, typeOnly: true });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

const show = (file) => relative(root, file).split(sep).join('/');

/** One package's files: what each imports by value, for the circle check; wrong imports become problems. */
function checkPackage(name, folder, allowed) {
  const graph = new Map();
  const expr = join(folder, 'expr') + sep;
  const errors = join(folder, 'errors.ts');
  for (const file of sources(folder)) {
    const values = [];
    for (const { name: module, typeOnly } of importsOf(file)) {
      const scoped = /^@chiaro\/([^/]+)/.exec(module);
      if (scoped && !allowed.includes(scoped[1])) {
        problems.push(
          `${show(file)}: ${name} may not import ${module} (it may import: ${allowed.join(', ') || 'no other package'})`,
        );
      }
      if (module === '#host' && file.startsWith(expr)) problems.push(`${show(file)}: expr may not import #host`);
      if (!module.startsWith('.')) continue;
      const target = resolve(dirname(file), module).replace(/\.js$/, '.ts');
      if (!target.startsWith(folder + sep))
        problems.push(`${show(file)}: ${module} leaves the package; import it by its name`);
      if (file.startsWith(expr) && !target.startsWith(expr) && target !== errors) {
        problems.push(
          `${show(file)}: expr imports nothing else of the package but errors.js, and this names ${module}`,
        );
      }
      if (!typeOnly) values.push(target);
    }
    graph.set(file, values);
  }
  return graph;
}

/** Reports every circle of value imports once. */
function checkCircles(graph) {
  const state = new Map();
  const path = [];
  const visit = (file) => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      problems.push(`import circle: ${[...path.slice(path.indexOf(file)), file].map(show).join(' -> ')}`);
      return;
    }
    state.set(file, 'open');
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    state.set(file, 'done');
  };
  for (const file of graph.keys()) visit(file);
}

const packages = join(root, 'packages');
for (const name of existsSync(packages) ? readdirSync(packages) : []) {
  if (layers[name]) checkCircles(checkPackage(name, join(packages, name, 'src'), layers[name]));
  else problems.push(`packages/${name}: no such layer; add it to tools/layers.mjs`);
}
const examples = join(root, 'examples');
for (const name of existsSync(examples) ? readdirSync(examples) : []) {
  const allowed = [...Object.keys(layers), ...(examplesBelow[name] ?? [])];
  checkCircles(checkPackage(`examples/${name}`, join(examples, name, 'src'), allowed));
}

for (const problem of problems) console.log(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
