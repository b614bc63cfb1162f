import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';

const textOf = (file: string): string => readFileSync(join(projectFolder, file), 'utf8');

it('every patch of the workflows has its end of life in the docs, and no other stands there', () => {
  const sources = globSync(['workflows/**/*.ts', 'runtime/**/*.ts'], { cwd: projectFolder }).map(textOf);
  const used = sources.flatMap((source) => [...source.matchAll(/\b(?:patched|deprecatePatch)\('([^']+)'\)/g)]);
  const rows = [...textOf('docs/upgrades.md').matchAll(/^\| `([a-z-]+)` +\| (\d{4}-\d\d-\d\d) \| (.{10,})\|$/gm)];
  expect(rows.map(([, name]) => name)).toEqual([...new Set(used.flatMap(([, name = '']) => name))].toSorted());
});

it('no patch hides from that list behind a variable', () => {
  for (const file of globSync(['workflows/**/*.ts', 'runtime/**/*.ts'], { cwd: projectFolder }))
    expect(textOf(file), file).not.toMatch(/\b(?:patched|deprecatePatch)\((?!')/);
});
