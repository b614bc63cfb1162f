import { existsSync, globSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { CODE, type Import, type SourceFile, sourceFiles } from './import-graph.ts';

/** What the files of a room may import beside each other. */
interface Room {
  rooms: readonly string[];
  /** The only ones; without, any that package.json names. */
  libraries?: readonly string[];
  /** No Temporal, not even its types: what stands here runs in a command, a backtest and a test as well. */
  withoutTemporal?: true;
  /** Its files say the same whenever and wherever they run; oxlint.config.ts holds them against all other globals. */
  isPure?: true;
}

const heart = ['domain'];
const base = [...heart, 'contracts'];
const process = [...base, 'runtime'];
const trading = [...process, 'stores', 'venues'];
const use = [...trading, 'trading'];
const top = [...use, 'activities', 'services', 'workflows'];

/** The way down the house. */
export const rooms: Readonly<Record<string, Room>> = {
  domain: { rooms: [], libraries: ['decimal.js'], isPure: true },
  contracts: { rooms: heart, libraries: ['zod'], isPure: true },
  // The bundle of workflows takes its payload converter by path: no workflow imports it.
  runtime: { rooms: base },
  stores: { rooms: process, withoutTemporal: true },
  venues: { rooms: process, withoutTemporal: true },
  trading: { rooms: trading, withoutTemporal: true },
  // And types of activities: below.
  workflows: { rooms: base, libraries: ['zod', '@temporalio/workflow', '@temporalio/common'] },
  activities: { rooms: use },
  services: { rooms: use },
  workers: { rooms: top },
  client: { rooms: top },
  // Files for other programs: nobody imports them.
  deploy: { rooms: process },
};

/** Pure, though of Node or of Temporal: a hash, the form of an address, the keys of search attributes. */
const libraryOf: Readonly<Record<string, string>> = {
  'contracts/leg-ids.ts': 'node:crypto',
  'contracts/config/host.ts': 'node:net',
  'contracts/search-attributes.ts': '@temporalio/common',
};

/** Those that load by a path which is only known when they run: ccxt exports all its exchanges or none, and a rule's file is its user's. */
const LOADERS = ['venues/binance/ccxt-binance.ts', 'trading/agents/rules/child.ts'];

interface Project {
  folder: string;
  /** Packages by the part of package.json that names them. */
  dependencies: readonly string[];
  devDependencies: readonly string[];
}

/** What breaks the rules of the house, a line each: `file: why`. */
export function faultsOf(folder: string): string[] {
  const files = sourceFiles(folder, Object.keys(rooms));
  const project = { folder: realpathSync(folder), ...packagesOf(folder) };
  const faults = [
    ...files.flatMap(({ imports }) => imports.flatMap((each) => faultOf(each, project) ?? [])),
    ...circleOf(files, project).map((file) => `${file}: is in a circle`),
    ...files.flatMap(impurities),
    ...files.flatMap(suppressions),
    ...strangers(folder),
  ];
  return [...new Set(faults)];
}

function packagesOf(folder: string): Omit<Project, 'folder'> {
  const named = z.record(z.string(), z.string()).default({}).transform(Object.keys);
  const file = z.object({ dependencies: named, devDependencies: named });
  return file.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
}

function faultOf(each: Import, project: Project): string | undefined {
  const { from, specifier, to } = each;
  if (specifier === undefined) return LOADERS.includes(from) ? undefined : `${from}: loads what no specifier names`;
  const why = to === undefined ? libraryFault(from, specifier, project) : wayOf(each, project);
  return why && `${from}: ${why} (${specifier})`;
}

const roomOf = (file: string): string => file.split('/')[0] ?? '';

function wayOf(each: Import, project: Project): string | undefined {
  const { from, isType } = each;
  const to = realFile(each, project);
  if (to === undefined) return 'leads to no file';
  const [own, other] = [roomOf(from), roomOf(to)];
  if (to.startsWith('venues/binance/') && own !== 'venues') return 'an exchange is reached through venues/open.ts';
  if (other === own) return undefined;
  if (own === 'workflows' && other === 'activities')
    return isType ? undefined : 'workflows import types alone of activities';
  if (from.startsWith('services/paper-exchange/') && other === 'stores') return 'the paper exchange knows no store';
  return rooms[own]?.rooms.includes(other) ? undefined : `${own} imports nothing of ${other}`;
}

/** Where the import truly ends, links followed. */
function realFile({ to = '' }: Import, { folder }: Project): string | undefined {
  const file = join(folder, to);
  return existsSync(file) && statSync(file).isFile() ? relative(folder, realpathSync(file)) : undefined;
}

function libraryFault(from: string, specifier: string, project: Project): string | undefined {
  const name = isBuiltin(specifier)
    ? `node:${specifier.replace(/^node:/, '').split('/')[0]}`
    : /^((?:@[\w.-]+\/)?[\w-][\w.-]*)(?:\/[\w-][\w.-]*)*$/.exec(specifier)?.[1];
  if (name === undefined) return 'is neither a file nor a package';
  const own = roomOf(from);
  const { libraries, withoutTemporal } = rooms[own] ?? {};
  if (libraryOf[from] === name) return undefined;
  if (libraries !== undefined)
    return libraries.includes(name) ? undefined : `${own} imports ${libraries.join(', ')} alone`;
  if (withoutTemporal && name.startsWith('@temporalio/'))
    return 'Temporal is for activities, workflows, workers and client';
  if (name === 'ccxt' && own !== 'venues') return 'ccxt stays within venues';
  const known = [...project.dependencies, ...(own === 'deploy' ? project.devDependencies : [])];
  return name.startsWith('node:') || known.includes(name) ? undefined : 'is no dependency in package.json';
}

/** Files of which each is reached from one that it reaches, and what lies between two such circles. */
function circleOf(files: readonly SourceFile[], project: Project): string[] {
  const left = new Map(
    files.map(({ file, imports }) => [file, new Set(imports.flatMap((each) => realFile(each, project) ?? []))]),
  );
  for (let before = Number.POSITIVE_INFINITY; left.size < before; ) {
    before = left.size;
    const imported = new Set([...left.values()].flatMap((to) => [...to]));
    for (const [file, to] of left)
      if (!imported.has(file) || ![...to].some((each) => left.has(each))) left.delete(file);
  }
  return [...left.keys()];
}

function impurities({ file, readsClock, declares }: SourceFile): string[] {
  if (!rooms[roomOf(file)]?.isPure) return [];
  return [...(readsClock ? [`${file}: reads the clock`] : []), ...(declares ? [`${file}: declares a global`] : [])];
}

/** What holds the house is suppressed nowhere; another rule is by its name, in a comment that says why. */
function suppressions({ file, comments }: SourceFile): string[] {
  const isHeld = (rule: string) => rule === '' || /(^|\/)no-restricted-/.test(rule);
  return comments.flatMap((comment) => {
    const [, rules] = /^(?:ox|es)lint-disable(?:-next-line|-line)?(?![\w-])(.*?)(?:\s--\s.*)?$/s.exec(comment) ?? [];
    const hides = rules
      ?.split(',')
      .map((rule) => rule.trim())
      .some(isHeld);
    return hides || /^(?:(?:ox|es)lint\s|\/\s*<reference\s)/.test(comment) ? [`${file}: suppresses (${comment})`] : [];
  });
}

/** Code that stands in no room, and rules of a folder of its own. */
function strangers(folder: string): string[] {
  const code = globSync(`{*,.*}/**/${CODE}`, { cwd: folder, exclude: skipped });
  const known = [...Object.keys(rooms), 'test'];
  const rules = globSync('**/{.oxlintrc.json,.oxlintrc.jsonc,oxlint.config.ts,.eslintignore}', {
    cwd: folder,
    exclude: skipped,
  });
  return [
    ...code.filter((file) => !known.includes(roomOf(file))).map((file) => `${file}: stands in no room`),
    ...rules.filter((file) => file !== 'oxlint.config.ts').map((file) => `${file}: are rules of a folder of its own`),
  ];
}

/** What is not in the repository. */
const skipped = ['**/node_modules/**', '.git/**', '.cache/**', '.sapphire/**'];
