import { runInNewContext } from 'node:vm';
import { defineConfig } from 'oxlint';

/** What ECMAScript has is the same wherever it runs; what Node adds to it is I/O, time, chance or the machine. */
const ofNode = Object.getOwnPropertyNames(globalThis).filter((name) => !ecmaScript().includes(name));
/** Of ECMAScript, and yet a way to anything, or to what the machine is set to. */
const ways = ['globalThis', 'eval', 'Function', 'Intl', 'WebAssembly', 'WeakRef', 'FinalizationRegistry', 'console'];
/** A spelling of values, without I/O. */
const spelling = ['URL', 'URLSearchParams', 'Buffer'];

function ecmaScript(): string[] {
  return runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[];
}

/** Globals and properties that the files may not use, beside what they import: test/architecture/house.ts holds that. */
const pure = (files: string[], but: readonly string[], properties: { object: string; property: string }[]) => ({
  files,
  rules: {
    'no-restricted-globals': [
      'error',
      ...[...ofNode, ...ways]
        .filter((name) => !but.includes(name))
        .map((name) => ({ name, message: `${files.join(', ')} says the same whenever and wherever it runs.` })),
    ] as ['error', ...{ name: string; message: string }[]],
    'no-restricted-properties': ['error', ...properties] as ['error', ...{ object: string; property: string }[]],
  },
});

const chance = [
  { object: 'Date', property: 'now', message: 'The time is handed in.' },
  { object: 'Math', property: 'random', message: 'Chance is handed in.' },
];

export default defineConfig({
  plugins: ['typescript', 'import', 'promise', 'unicorn'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true },
  rules: {
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'no-shadow': 'off',
    'typescript/no-unnecessary-type-parameters': 'off',
    'typescript/unbound-method': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/require-post-message-target-origin': 'off',
    'import/no-named-as-default-member': 'off',
    'no-await-in-loop': 'off',
    'unicorn/no-array-sort': 'off',
    'import/no-unassigned-import': 'off',
  },
  ignorePatterns: ['node_modules', '.cache', '.sapphire'],
  overrides: [
    pure(['domain/**'], [], chance),
    pure(['contracts/**'], spelling, chance),
    // Temporal's sandbox replays time, chance and timers.
    pure(['workflows/**'], ['setTimeout', 'clearTimeout'], []),
  ],
});
