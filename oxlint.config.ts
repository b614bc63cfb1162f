import { defineConfig } from 'oxlint';

const heart = ['domain'];
const base = [...heart, 'contracts'];
const process = [...base, 'runtime'];
const trading = [...process, 'stores', 'venues'];
const use = [...trading, 'trading'];
const top = [...use, 'activities', 'services', 'workflows'];

/** What each room may import of the others. */
const rooms: Record<string, string[]> = {
  domain: [],
  contracts: heart,
  // The bundle of workflows takes its payload converter by path: no workflow imports it.
  runtime: base,
  stores: process,
  venues: process,
  trading,
  // And types of activities: below.
  workflows: base,
  activities: use,
  services: use,
  workers: top,
  client: top,
  // Files for other programs: nobody imports them.
  deploy: process,
};

interface Pattern {
  regex: string;
  message: string;
  allowTypeImports?: boolean;
}

const into = (names: readonly string[]): string => `^(\\.\\./)+(${names.join('|')})/`;

/** A way into any other room than these; a room's own files are reached without its name. */
function arrow(from: string, allowed: readonly string[], elsewhere: readonly string[] = []): Pattern {
  const others = [...Object.keys(rooms), 'test'].filter((room) => !allowed.includes(room) && !elsewhere.includes(room));
  return { regex: into(others), message: `${from} imports ${allowed.join(', ') || 'no other room'} alone.` };
}

const noTemporal: Pattern = {
  regex: '^@temporalio/',
  message: 'Temporal is for activities, workflows, workers and client.',
};
/** An exchange is reached through venues/open.ts, which gives its ports. */
const oneDoor: Pattern[] = [
  { regex: '^(\\.\\./)+venues/binance/', message: 'An exchange is reached through venues/open.ts.' },
  { regex: '^ccxt(/|$)', message: 'ccxt stays within venues.' },
];

/** Of libraries, and what is more than an arrow. The expressions know no look-ahead: "anything but" is spelled by its first letters. */
const more: Record<string, Pattern[]> = {
  domain: [{ regex: '^([^.d]|d[^e])', message: 'domain imports no library but decimal.js.' }],
  contracts: [{ regex: '^([^.z]|z[^o])', message: 'contracts imports no library but zod, and does no I/O.' }],
  stores: [noTemporal, ...oneDoor],
  venues: [noTemporal],
  trading: [noTemporal, ...oneDoor],
  workflows: [
    { regex: into(['activities']), allowTypeImports: true, message: 'workflows import types alone of activities.' },
    {
      regex: '^([^.z@]|z[^o]|@[^t]|@temporalio/([^cw]|client|core|worker))',
      message: 'workflows are deterministic: no library but zod and what Temporal has for workflows.',
    },
  ],
};

const restrict = (files: string[], patterns: Pattern[]) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns }] as ['error', { patterns: Pattern[] }] },
});

/** Pure, of Node and of Temporal: a hash, the form of an address, the keys of search attributes. */
const pure = ['contracts/leg-ids.ts', 'contracts/config/host.ts', 'contracts/search-attributes.ts'];

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
    {
      files: Object.keys(rooms).map((room) => `${room}/**`),
      rules: { 'import/no-cycle': ['error', { ignoreTypes: false }] },
    },
    ...Object.entries(rooms).map(([room, allowed]) =>
      restrict(
        [`${room}/**`],
        [arrow(room, allowed, room === 'workflows' ? [room, 'activities'] : [room]), ...(more[room] ?? oneDoor)],
      ),
    ),
    restrict(pure, [arrow('contracts', heart, ['contracts'])]),
    restrict(
      ['services/paper-exchange/**'],
      [
        arrow(
          'services/paper-exchange',
          use.filter((room) => room !== 'stores'),
          ['services'],
        ),
        ...oneDoor,
      ],
    ),
  ],
});
