import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';

type Rule = Record<string, 'value' | 'type'>;

const heart: Rule = { domain: 'value' };
const base: Rule = { ...heart, contracts: 'value' };
const process: Rule = { ...base, runtime: 'value' };
const trading: Rule = { ...process, stores: 'value', venues: 'value' };
const use: Rule = { ...trading, trading: 'value' };
const top: Rule = { ...use, activities: 'value', services: 'value', workflows: 'value' };

/** What each room may import; `type` means types alone. */
const allowed: Record<string, Rule> = {
  domain: {},
  // Files for other programs: nobody imports them.
  deploy: process,
  contracts: heart,
  // The bundle of workflows takes its payload converter by path: no workflow imports it.
  runtime: base,
  stores: process,
  venues: process,
  trading,
  workflows: { ...base, activities: 'type' },
  activities: use,
  services: use,
  workers: top,
  client: top,
};

const statement = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?['"](\.[^'"]+)['"]/g;
const dynamic = /import\(\s*['"](\.[^'"]+)['"]\s*\)/g;

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

function importsOf(file: string, source: string): Import[] {
  const target = (path: string): string => relative(projectFolder, join(projectFolder, dirname(file), path));
  return [
    ...[...source.matchAll(statement)].map(([, type, path]) => ({
      from: file,
      to: target(path ?? ''),
      typeOnly: type !== undefined,
    })),
    ...[...source.matchAll(dynamic)].map(([, path]) => ({ from: file, to: target(path ?? ''), typeOnly: false })),
  ];
}

function breaks({ from, to, typeOnly }: Import): boolean {
  const [room = '', target = ''] = [from.split('/')[0], to.split('/')[0]];
  if (room === target) return false;
  if (from.startsWith('services/paper-exchange') && target === 'stores') return true;
  // An exchange is reached through venues/open.ts, which gives its ports.
  if (to.startsWith('venues/binance/')) return true;
  const rule = allowed[room]?.[target];
  return rule === undefined || (rule === 'type' && !typeOnly);
}

const files = Object.keys(allowed).flatMap((room) => globSync(`${room}/**/*.{ts,mjs}`, { cwd: projectFolder }));

describe('imports run down the house', () => {
  it('has every room', () => {
    for (const room of Object.keys(allowed)) expect(files.some((file) => file.startsWith(`${room}/`))).toBe(true);
  });

  it('breaks no arrow', () => {
    const broken = files
      .flatMap((file) => importsOf(file, readFileSync(join(projectFolder, file), 'utf8')))
      .filter(breaks)
      .map(({ from, to }) => `${from} → ${to}`);
    expect(broken).toEqual([]);
  });

  it('keeps Temporal and ccxt out of the domain', () => {
    const outside = files
      .filter((file) => file.startsWith('domain/'))
      .flatMap((file) =>
        [...readFileSync(join(projectFolder, file), 'utf8').matchAll(/from ['"]([^.'"][^'"]*)['"]/g)].map(
          ([, name]) => name,
        ),
      )
      .filter((name) => name !== 'decimal.js');
    expect(outside).toEqual([]);
  });

  it('keeps ccxt within the venues', () => {
    const outside = files
      .filter((file) => !file.startsWith('venues/'))
      .filter((file) => /from ['"]ccxt['"]/.test(readFileSync(join(projectFolder, file), 'utf8')));
    expect(outside).toEqual([]);
  });

  it.each([
    ['domain/a.ts', "import { x } from '../contracts/b.ts';", true],
    ['workflows/a.ts', "import { x } from '../activities/b.ts';", true],
    ['workflows/a.ts', "import { x } from '../runtime/b.ts';", true],
    ['runtime/a.ts', "import { x } from '../stores/journal/port.ts';", true],
    ['workflows/a.ts', "import type { X } from '../activities/b.ts';", false],
    ['services/paper-exchange/a.ts', "import { x } from '../../stores/journal/port.ts';", true],
    ['services/mcp-coordinator/a.ts', "import { x } from '../../stores/journal/port.ts';", false],
    ['workers/a.ts', "import { x } from '../venues/binance/b.ts';", true],
    ['workers/a.ts', "import { x } from '../venues/open.ts';", false],
    ['stores/a.ts', "const x = await import('../client/b.ts');", true],
  ])('sees that %s with %s is %s', (file, source, broken) => {
    expect(importsOf(file, source).some(breaks)).toBe(broken);
  });
});
