import { expect, it } from 'vitest';
import { slowestFiles, type Timed } from './slowest-files.ts';

const files = (count: number): Timed[] =>
  Array.from({ length: count }, (_, index) => ({ file: `test/${index}.test.ts`, kind: 'unit', ms: index * 1_000 }));

it('names the ten slowest files, the slowest first, and what all take', () => {
  const lines = slowestFiles(files(12));
  expect(lines).toHaveLength(11);
  expect(lines[0]).toBe('The 10 slowest of 12 files, which take 66 s one after another:');
  expect(lines[1]).toBe('    11.0 s  unit      test/11.test.ts');
  expect(lines[10]).toBe('     2.0 s  unit      test/2.test.ts');
});

it('says nothing of a run that shows each of its files anyway', () => {
  expect(slowestFiles(files(10))).toEqual([]);
});
