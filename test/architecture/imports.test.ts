import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { faultsOf } from './house.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sapphire-house-'));
  for (const file of ['oxlint.config.ts', 'package.json']) cpSync(join(projectFolder, file), join(folder, file));
  symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function plant(files: Readonly<Record<string, string>>): void {
  for (const [file, source] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), `${source}\n`);
  }
}

/** What the others lead to; none of them imports anything. */
const goals = Object.fromEntries(
  [
    'domain/goal.ts',
    'domain/money/goal.ts',
    'contracts/goal.ts',
    'runtime/goal.ts',
    'stores/goal.ts',
    'venues/open.ts',
    'venues/binance/venue.ts',
    'trading/goal.ts',
    'activities/goal.ts',
    'services/goal.ts',
    'workers/goal.ts',
    'client/goal.ts',
    'deploy/goal.ts',
    'test/goal.ts',
  ].map((file) => [file, 'export const x = 1;\nexport type X = 1;']),
);

describe('imports run down the house', () => {
  it('in all files, with no circle, and nothing that hides from these rules', () => {
    expect(faultsOf(projectFolder)).toEqual([]);
  });

  it.each<[file: string, source: string, fault: string | undefined]>([
    ['domain/a.ts', "import { x } from '../contracts/goal.ts';", 'domain imports nothing of contracts'],
    ['domain/money/a.ts', "export { x } from '../../stores/goal.ts';", 'domain imports nothing of stores'],
    ['domain/money/a.ts', "export * from './../../venues/open.ts';", 'domain imports nothing of venues'],
    ['domain/money/a.ts', "import { x } from '../../domain/../venues/open.ts';", 'domain imports nothing of venues'],
    ['domain/a.ts', "import { x } from '../%76enues/open.ts';", 'domain imports nothing of venues'],
    ['domain/a.ts', "import '../venues/open.ts?now#here';", 'domain imports nothing of venues'],
    ['domain/a.ts', "type A = import('../contracts/goal.ts').X;", 'domain imports nothing of contracts'],
    ['domain/a.ts', 'await import(`../contracts/goal.ts`);', 'domain imports nothing of contracts'],
    ['domain/a.mts', "import { x } from '../contracts/goal.ts';", 'domain imports nothing of contracts'],
    ['domain/a.ts', "import { x } from './gone.ts';", 'leads to no file'],
    ['domain/a.ts', "import { x } from '../../elsewhere.ts';", 'leads to no file'],
    ['domain/a.ts', "import { x } from '../../domain/money/goal.ts';", 'leads to no file'],
    ['domain/a.ts', "import { x } from '../domain/money/goal.ts';\nimport { Decimal } from 'decimal.js';", undefined],
    ['domain/a.ts', "import type { x } from '@temporalio/client';", 'domain imports decimal.js alone'],
    ['domain/a.ts', "import { debug } from 'debug';", 'domain imports decimal.js alone'],
    ['domain/a.ts', "import 'decimal.js-light';", 'domain imports decimal.js alone'],
    ['domain/a.ts', "import { z } from '../node_modules/zod/index.js';", 'domain imports nothing of '],
    ['domain/a.ts', "import { x } from '/work/x.ts';", 'is neither a file nor a package'],
    ['domain/a.ts', "import { x } from 'file:///x.ts';", 'is neither a file nor a package'],
    ['domain/a.ts', "import x from 'data:text/javascript,export default 1';", 'is neither a file nor a package'],
    ['domain/a.ts', "import { x } from '#x';", 'is neither a file nor a package'],
    ['contracts/a.ts', "import { readFileSync } from 'node:fs';", 'contracts imports zod alone'],
    ['contracts/a.ts', "import { x } from 'zone.js';", 'contracts imports zod alone'],
    ['contracts/a.ts', "import { z } from 'zod/v4';\nimport { x } from '../domain/goal.ts';", undefined],
    ['contracts/config/host.ts', "import { isIPv6 } from 'node:net';", undefined],
    ['contracts/config/host.ts', "import pg from 'pg';", 'contracts imports zod alone'],
    ['contracts/leg-ids.ts', "import { x } from 'undici';", 'contracts imports zod alone'],
    ['contracts/search-attributes.ts', "import 'node:fs';", 'contracts imports zod alone'],
    ['workflows/a.ts', "import { x } from '../activities/goal.ts';", 'workflows import types alone'],
    ['workflows/a.ts', "import { type X } from '../activities/goal.ts';", 'workflows import types alone'],
    ['workflows/a.ts', "import type { X } from '../activities/goal.ts';", undefined],
    ['workflows/a.ts', "import type { X } from '../trading/goal.ts';", 'workflows imports nothing of trading'],
    ['workflows/a.ts', "import { x } from '../runtime/goal.ts';", 'workflows imports nothing of runtime'],
    ['workflows/a.ts', "import { Client } from '@temporalio/client';", 'workflows imports zod, @temporalio/workflow'],
    ['workflows/a.ts', "import { x } from '@temporalio/workflow/../client';", 'is neither a file nor a package'],
    ['workflows/a.ts', "import { x } from 'zone.js';", 'workflows imports zod'],
    ['workflows/a.ts', "import { sleep } from '@temporalio/workflow';\nimport '@temporalio/common';", undefined],
    ['runtime/a.ts', "import { x } from '../stores/goal.ts';", 'runtime imports nothing of stores'],
    ['stores/a.ts', "import type { x } from '@temporalio/client';", 'Temporal is for'],
    ['stores/a.ts', "import { x } from '../venues/open.ts';", 'stores imports nothing of venues'],
    ['trading/a.ts', "import { x } from '@temporalio/client';", 'Temporal is for'],
    ['trading/a.ts', "import { x } from '../venues/./binance/venue.ts';", 'an exchange is reached through'],
    ['trading/a.ts', "import { x } from '../venues//binance/venue.ts';", 'an exchange is reached through'],
    ['trading/a.ts', "import { x } from '../venues/open.ts';", undefined],
    ['venues/a.ts', "import { x } from '../stores/goal.ts';", 'venues imports nothing of stores'],
    ['venues/a.ts', "import { x } from './binance/venue.ts';\nimport ccxt from 'ccxt';", undefined],
    ['services/paper-exchange/a.ts', "import { x } from '../../stores/goal.ts';", 'the paper exchange knows no store'],
    ['services/mcp-coordinator/a.ts', "import { x } from '../../stores/goal.ts';", undefined],
    ['activities/a.ts', "import { x } from '../services/goal.ts';", 'activities imports nothing of services'],
    ['workers/a.ts', "import { x } from '../venues/binance/venue.ts';", 'an exchange is reached through'],
    ['workers/a.ts', "import { x } from '../test/goal.ts';", 'workers imports nothing of test'],
    ['workers/a.ts', "import { x } from '../deploy/goal.ts';", 'workers imports nothing of deploy'],
    ['client/a.ts', "import { x } from '../workers/goal.ts';", 'client imports nothing of workers'],
    ['client/a.ts', "import ccxt from 'ccxt';", 'ccxt stays within venues'],
    ['client/a.ts', "import { x } from 'undici';", 'is no dependency in package.json'],
    ['client/a.ts', 'const name = "ccxt";\nawait import(name);', 'loads what no specifier names'],
    ['client/a.ts', "import { createRequire } from 'node:module';", 'loads what no specifier names'],
    ['trading/a.ts', "process.getBuiltinModule('node:fs');", 'loads what no specifier names'],
    ['domain/a.ts', "require('node:fs');", 'domain imports decimal.js alone'],
    ['domain/a.ts', 'export const at = new Date();', 'reads the clock'],
    ['contracts/a.ts', 'export const at = Date();', 'reads the clock'],
    ['domain/a.ts', 'export const at = new Date(1);', undefined],
    ['domain/a.ts', 'declare const process: { env: object };', 'declares a global'],
    ['domain/a.ts', 'declare global {\n  const process: object;\n}\nexport {};', 'declares a global'],
    ['domain/a.ts', 'declare function fetch(url: string): Promise<object>;', 'declares a global'],
    ['domain/a.ts', 'declare class Buffer {}', 'declares a global'],
    ['domain/a.ts', 'declare const tag: unique symbol;', undefined],
    ['domain/a.ts', '// oxlint-disable-next-line no-restricted-globals\nexport const a = 1;', 'suppresses'],
    ['domain/a.ts', '/* eslint-disable */\nexport const a = 1;', 'suppresses'],
    ['domain/a.ts', '/* oxlint-disable no-await, eslint/no-restricted-properties -- so */', 'suppresses'],
    ['domain/a.ts', 'export const a = 1; // oxlint-disable-line', 'suppresses'],
    ['domain/a.ts', '/* eslint no-restricted-globals: off */', 'suppresses'],
    ['domain/a.ts', '/// <reference types="node" />', 'suppresses'],
    ['domain/a.ts', '// oxlint-disable-next-line unicorn/no-thenable -- to reject whoever awaits it', undefined],
    ['domain/oxlint.config.ts', 'export default {};', 'are rules of a folder of its own'],
    ['domain/money/.oxlintrc.json', '{}', 'are rules of a folder of its own'],
    ['docs/a.ts', 'export const x = 1;', 'stands in no room'],
    ['.ci/a.mjs', 'export const x = 1;', 'stands in no room'],
    ['helpers/a.js', 'export const x = 1;', 'stands in no room'],
  ])('%s: %j: %s', (file, source, fault) => {
    plant({ ...goals, [file]: source });
    const expected = fault === undefined ? [] : [expect.stringContaining(`${file}: ${fault}`)];
    expect(faultsOf(folder)).toEqual(expected);
  });

  it.each(['docs/helper.ts', 'helper.ts', '.ci/helper.ts'])('by no way round through %s', (helper) => {
    const way = helper.includes('/') ? '../venues/open.ts' : './venues/open.ts';
    plant({ ...goals, [helper]: `export * from '${way}';`, 'domain/a.ts': `import { x } from '../${helper}';` });
    expect(faultsOf(folder)[0]).toMatch(/^domain\/a\.ts: domain imports nothing of /);
  });

  it('by no way round through a link', () => {
    plant({ ...goals, 'domain/a.ts': "import { x } from './link.ts';\nimport { y } from './rooms/open.ts';" });
    symlinkSync('../venues/open.ts', join(folder, 'domain', 'link.ts'));
    symlinkSync('../venues', join(folder, 'domain', 'rooms'));
    expect(faultsOf(folder)).toEqual([
      'domain/a.ts: domain imports nothing of venues (./link.ts)',
      'domain/a.ts: domain imports nothing of venues (./rooms/open.ts)',
    ]);
  });

  it.each([
    ['imports', "import { b } from './b.ts';", "import { a } from './a.ts';"],
    ['types', "import type { B } from './b.ts';", "export type { A } from './a.ts';"],
    ['types in place', "type B = import('./b.ts').B;", "import type { A } from './a.ts';"],
    ['what is imported when it runs', "await import('./b.ts');", "await import('./../stores/a.ts');"],
  ])('with no circle of %s', (_, a, b) => {
    plant({ 'stores/a.ts': a, 'stores/b.ts': b, 'stores/c.ts': "import './a.ts';", 'stores/d.ts': '' });
    expect(faultsOf(folder)).toEqual(['stores/a.ts: is in a circle', 'stores/b.ts: is in a circle']);
  });
});

describe('the pure rooms', () => {
  const found = z.object({ diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })) });

  /** Files below the folder that break the rules which oxlint.config.ts has for single rooms. */
  function impure(): string[] {
    const oxlint = join(projectFolder, 'node_modules', '.bin', 'oxlint');
    const { stdout } = spawnSync(oxlint, ['-A', 'all', '--format=json'], { cwd: folder, encoding: 'utf8' });
    return [...new Set(found.parse(JSON.parse(stdout)).diagnostics.map(({ filename }) => filename))].toSorted();
  }

  it('use nothing of the machine, its clock or chance', () => {
    for (const room of ['domain', 'contracts', 'workflows'])
      cpSync(join(projectFolder, room), join(folder, room), { recursive: true });
    const breaking = [
      "process.getBuiltinModule('node:fs');",
      "await fetch('http://127.0.0.1');",
      'export const at = Date.now();',
      "export const at = Date['now']();",
      'export const { now } = Date;',
      'export const chance = Math.random();',
      'export const chance = crypto.randomUUID();',
      'export const later = setImmediate(() => {});',
      'export const at = performance.now();',
      'export const at = globalThis.Date.now();',
      "export const at = eval('Date.now()');",
      "export const at = new Function('return Date.now()');",
      'export const text = new Intl.NumberFormat().format(1);',
      "console.log('');",
    ];
    const files = breaking.flatMap((source, index) => [
      [`domain/planted/${String(index).padStart(2, '0')}.ts`, source] as const,
      [`contracts/planted/${String(index).padStart(2, '0')}.ts`, source] as const,
    ]);
    const ofWorkflows = ["await fetch('http://127.0.0.1');", 'export const { env } = process;', 'new WeakRef({});'];
    const all = [...files, ...ofWorkflows.map((source, index) => [`workflows/planted/${index}.ts`, source] as const)];
    plant(Object.fromEntries(all));
    expect(impure()).toEqual(all.map(([file]) => file).toSorted());
  });
});
