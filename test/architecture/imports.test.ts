import { spawnSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import rules from '../../oxlint.config.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';

const oxlint = join(projectFolder, 'node_modules', '.bin', 'oxlint');
const found = z.object({ diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })) });

/** Files of a folder that break the rules which oxlint.config.ts has for single rooms: their imports, and that there is no circle. */
function broken(folder: string): string[] {
  const { stdout } = spawnSync(oxlint, ['-A', 'all', '--format=json'], { cwd: folder, encoding: 'utf8' });
  return found.parse(JSON.parse(stdout)).diagnostics.map(({ filename }) => filename);
}

describe('imports run down the house', () => {
  it('has rules for every room', () => {
    const ruled = (rules.overrides ?? []).flatMap(({ files }) => files).map((files) => files.split('/')[0]);
    const rooms = readdirSync(projectFolder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !/^\.|^(docs|node_modules|test)$/.test(entry.name))
      .map(({ name }) => name);
    expect(rooms.filter((room) => !ruled.includes(room))).toEqual([]);
  });

  it('breaks no arrow, and has no circle', () => {
    expect(broken(projectFolder)).toEqual([]);
  });

  it('sees each thing that breaks an arrow, and nothing else', () => {
    const cases: [file: string, source: string, isBroken: boolean][] = [
      ['domain/a.ts', "import { x } from '../contracts/b.ts';", true],
      ['domain/money/b.ts', "export { x } from '../../stores/b.ts';", true],
      ['domain/c.ts', "import { x } from '../domain/money/b.ts';\nimport { Decimal } from 'decimal.js';", false],
      ['domain/d.ts', "import type { x } from '@temporalio/client';", true],
      ['contracts/a.ts', "import { readFileSync } from 'node:fs';", true],
      ['contracts/b.ts', "import { z } from 'zod';\nimport { x } from '../domain/c.ts';", false],
      ['workflows/a.ts', "import { x } from '../activities/b.ts';", true],
      ['workflows/b.ts', "import type { X } from '../activities/b.ts';", false],
      ['workflows/c.ts', "import type { X } from '../trading/b.ts';", true],
      ['workflows/d.ts', "import { x } from '../runtime/b.ts';", true],
      ['workflows/e.ts', "import { Client } from '@temporalio/client';", true],
      ['workflows/f.ts', "import { sleep } from '@temporalio/workflow';\nimport '@temporalio/common';", false],
      ['runtime/a.ts', "import { x } from '../stores/journal/port.ts';", true],
      ['trading/a.ts', "import { x } from '@temporalio/client';", true],
      ['venues/a.ts', "import { x } from '../stores/journal/port.ts';", true],
      ['services/paper-exchange/a.ts', "import { x } from '../../stores/journal/port.ts';", true],
      ['services/mcp-coordinator/a.ts', "import { x } from '../../stores/journal/port.ts';", false],
      ['workers/a.ts', "import { x } from '../venues/binance/b.ts';", true],
      ['workers/b.ts', "import { x } from '../venues/open.ts';", false],
      ['workers/c.ts', "import { x } from '../test/support/books.ts';", true],
      ['client/a.ts', "import ccxt from 'ccxt';", true],
      ['stores/a.ts', "import { b } from './b.ts';\nexport const a = 1;", true],
      ['stores/b.ts', "import { a } from './a.ts';\nexport const b = 1;", true],
      ['trading/c.ts', "import type { D } from './d.ts';\nexport type C = 1;", true],
      ['trading/d.ts', "import type { C } from './c.ts';\nexport type D = 1;", true],
    ];
    const folder = mkdtempSync(join(tmpdir(), 'sapphire-imports-'));
    cpSync(join(projectFolder, 'oxlint.config.ts'), join(folder, 'oxlint.config.ts'));
    symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
    for (const [file, source] of cases) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), `${source}\n`);
    }
    const wanted = cases.filter(([, , isBroken]) => isBroken).map(([file]) => file);
    expect([...new Set(broken(folder))].toSorted()).toEqual(wanted.toSorted());
  });

  it('takes nothing from another room at run time alone, where no rule would see it, but in workers and client', () => {
    const dynamic = /import\(\s*['"`](?:\.\.\/)+([a-z]+)\//g;
    const rooms = '{domain,deploy,contracts,runtime,stores,venues,trading,workflows,activities,services}';
    const files = globSync(`${rooms}/**/*.{ts,mjs}`, { cwd: projectFolder });
    const reaching = (file: string): string[] =>
      [...readFileSync(join(projectFolder, file), 'utf8').matchAll(dynamic)].map(([, room]) => `${file} → ${room}`);
    expect(files.length).toBeGreaterThan(300);
    expect(files.flatMap(reaching)).toEqual([]);
  });
});
