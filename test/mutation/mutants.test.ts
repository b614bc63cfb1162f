import { expect, it } from 'vitest';
import { applied, mutantsOf } from './mutants.ts';

const mutated = (source: string): string[] => mutantsOf('a.ts', source).map((mutant) => applied(source, mutant));

it.each([
  ['a < b', ['a <= b']],
  ['a && b', ['a || b']],
  ['(a) /* < */ >= b', ['(a) /* < */ > b']],
  ['a ? b : c', ['true ? b : c', 'false ? b : c']],
  ['if (a) b();', ['if (true) b();', 'if (false) b();']],
  ['!a', ['a']],
  ['x.lessThan(y)', ['x.lessThanOrEqualTo(y)']],
  ['Math.min(1, y)', ['Math.max(1, y)', 'Math.min(2, y)']],
  ['x.toString(y)', []],
  ['const x: 1 | true = y as 2;', []],
  ["import { a } from 'b';", []],
  ['const x = (true as boolean);', ['const x = (false as boolean);']],
])('changes %j to each of %j', (source, expected) => {
  expect(mutated(source)).toEqual(expected);
});
