import { expect, it } from 'vitest';
import { chosen } from './chosen-tests.ts';

const fast = ['--project=unit', '--project=workflow'];

it.each([
  [[], fast],
  [
    ['-t', 'a name'],
    [...fast, '-t', 'a name'],
  ],
  // The name of a kind is one only where the script names it.
  [
    ['--testNamePattern', 'workflow'],
    [...fast, '--testNamePattern', 'workflow'],
  ],
  [
    ['--bail', '1', '--shard', '1/2'],
    [...fast, '--bail', '1', '--shard', '1/2'],
  ],
  [
    ['--maxWorkers', '1', '--reporter', 'dot', '--exclude', 'test/client/**', '--changed', 'HEAD~1'],
    [...fast, '--maxWorkers', '1', '--reporter', 'dot', '--exclude', 'test/client/**', '--changed', 'HEAD~1'],
  ],
  [['--no-file-parallelism'], [...fast, '--no-file-parallelism']],
  // Files, and a project, are of any kind.
  [['test/domain/money'], ['test/domain/money']],
  [
    ['test/domain/money', '-t', 'a name'],
    ['test/domain/money', '-t', 'a name'],
  ],
  [
    ['-t', 'a name', 'test/domain/money'],
    ['-t', 'a name', 'test/domain/money'],
  ],
  [
    ['--project', 'proof'],
    ['--project', 'proof'],
  ],
])('test:fast with %j runs vitest with %j', (args, expected) => {
  expect(chosen(['unit', 'workflow', ...args])).toEqual(expected);
});
