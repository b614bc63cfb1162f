import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { projectFolder } from '../../runtime/configuration/folders.ts';

const text = (file: string): string => readFileSync(join(projectFolder, file), 'utf8');
const page = text('CONTRIBUTING.md');
const paths = [...new Set([...page.matchAll(/`((?:[\w.-]+\/)+[\w.-]*|[\w.-]+\.ts)`/g)].map(([, path = '']) => path))];
const passages = [...page.matchAll(/^\| `([\w./-]+\.ts)` *\| `(\w+)` *\|/gm)].map(
  ([, file = '', name = '']) => [file, name] as const,
);
const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(text('package.json')));

describe('what CONTRIBUTING.md names', () => {
  it('is much', () => {
    expect(paths.length).toBeGreaterThan(20);
    expect(passages).toHaveLength(10);
  });

  it.each(paths)('is there: %s', (path) => expect(existsSync(join(projectFolder, path))).toBe(true));

  it.each(passages)('is there: in %s the function %s', (file, name) => {
    expect(text(file)).toMatch(new RegExp(`function ${name}\\b|^ *(async )?${name}\\(.*\\{$`, 'm'));
  });

  it.each([...page.matchAll(/npm (?:run )?([a-z:-]+)/g)].map(([, script = '']) => script))(
    'is a script: %s',
    (script) => expect(Object.keys(scripts)).toContain(script),
  );
});
