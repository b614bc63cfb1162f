import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { failpoints, horizonOver, mutants, type Rewrite } from './rewrites.ts';

const ofMutants: Rewrite[] = Object.values(mutants).flatMap(({ rewrites }) => [...rewrites]);
const rewrites = [horizonOver, ...Object.values(failpoints).filter((rewrite) => rewrite !== undefined), ...ofMutants];

describe('what the chaos harness changes in the code as it is loaded', () => {
  it.each(rewrites)('stands once in $file: $find', ({ file, find }) => {
    const parts = readFileSync(join(projectFolder, file), 'utf8').split(find);
    expect(parts).toHaveLength(2);
  });
});
