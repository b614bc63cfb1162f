import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type ESTree, parseSync, Visitor } from 'vite';

export interface Import {
  /** A file below the project's folder. */
  from: string;
  /** As it is written; undefined where it is only known when it runs. */
  specifier: string | undefined;
  /** Where a relative specifier leads, from the project's folder; it begins with `..` outside of it. Links are not followed. */
  to: string | undefined;
  /** Gone from what runs, with all that it would load: `import { type X }` still loads the file. */
  isType: boolean;
}

export interface SourceFile {
  file: string;
  imports: Import[];
  /** Of lint rules and of the compiler, as they are written. */
  comments: string[];
  /** The clock, read by `new Date()` or `Date()`: a property of Date is a lint rule's. */
  readsClock: boolean;
  /** Says that there is what it does not import, but for the mark of a kind: the rules of globals take such a name for its own. */
  declares: boolean;
}

export const CODE = '*.{ts,mts,cts,tsx,js,mjs,cjs,jsx}';

/** What each file imports, in whichever way: as values, types, re-exports, when it runs, or for its effects. */
export function sourceFiles(folder: string, rooms: readonly string[]): SourceFile[] {
  return globSync(`{${rooms.join(',')}}/**/${CODE}`, { cwd: folder, exclude: ['**/node_modules/**'] })
    .toSorted()
    .map((file) => read(folder, file));
}

function read(folder: string, file: string): SourceFile {
  const { program, comments, errors } = parseSync(file, readFileSync(join(folder, file), 'utf8'));
  if (errors.length > 0) throw new Error(`${file} cannot be read: ${errors[0]?.message}`);
  const imports: Import[] = [];
  let readsClock = false;
  let declares = false;
  const add = (specifier: string | undefined, isType: boolean) =>
    void imports.push({ from: file, specifier, to: fileOf(folder, file, specifier), isType });
  const isDate = (callee: ESTree.Expression) => callee.type === 'Identifier' && callee.name === 'Date';
  new Visitor({
    ImportDeclaration: ({ source: { value }, importKind }) => add(value, importKind === 'type'),
    ExportAllDeclaration: ({ source: { value }, exportKind }) => add(value, exportKind === 'type'),
    ExportNamedDeclaration: ({ source: from, exportKind }) => from && add(from.value, exportKind === 'type'),
    ImportExpression: ({ source: from }) => add(textOf(from), false),
    TSImportType: ({ source: from }) => add(textOf(from), true),
    TSExternalModuleReference: ({ expression }) => add(textOf(expression), false),
    NewExpression({ callee, arguments: given }) {
      readsClock ||= isDate(callee) && given.length === 0;
    },
    CallExpression({ callee, arguments: given }) {
      readsClock ||= isDate(callee);
      if (callee.type === 'Identifier' && callee.name === 'require') add(textOf(given[0]), false);
    },
    VariableDeclaration({ declare, declarations }) {
      declares ||= declare === true && !declarations.every(({ id }) => isMark(id));
    },
    TSModuleDeclaration: () => void (declares = true),
    TSDeclareFunction({ declare }) {
      declares ||= declare === true;
    },
    ClassDeclaration({ declare }) {
      declares ||= declare === true;
    },
    // Ways to load what no specifier names.
    Identifier: ({ name }) => /^(?:createRequire|getBuiltinModule)$/.test(name) && add(undefined, false),
  }).visit(program);
  return { file, imports, comments: comments.map(({ value }) => value.trim()), readsClock, declares };
}

function isMark(id: ESTree.BindingPattern): boolean {
  const type = 'typeAnnotation' in id ? id.typeAnnotation?.typeAnnotation : undefined;
  return type?.type === 'TSTypeOperator' && type.operator === 'unique';
}

function textOf(node: ESTree.Argument | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0)
    return node.quasis[0]?.value.cooked ?? undefined;
  return undefined;
}

/** An URL to Node: `%2e`, a query and a part behind # lead to the same file. */
function fileOf(folder: string, from: string, specifier: string | undefined): string | undefined {
  if (specifier === undefined || !/^\.{1,2}(\/|$)/.test(specifier)) return undefined;
  return relative(folder, fileURLToPath(new URL(specifier, pathToFileURL(join(folder, from)))));
}
