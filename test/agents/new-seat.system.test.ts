import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';

/** Every room but the tests, with what the compiler and the configuration need. */
const COPIED = [
  'domain',
  'contracts',
  'runtime',
  'stores',
  'venues',
  'trading',
  'activities',
  'services',
  'workflows',
  'client',
  'workers',
  'deploy',
  'temporal-dev.yml',
  'tsconfig.json',
  'package.json',
];
const SEATS = join('domain', 'signals', 'seats.ts');
const SETTINGS = join('contracts', 'config', 'agents.ts');
const CREATE = join('trading', 'agents', 'create.ts');
const PRICES = join('contracts', 'config', 'model-prices.ts');

const endOfRows = '} as const satisfies Record<string, SeatRow>;';
const endOfOwn = '  baseline: createBaseline,\n';
const endOfPrices = "  'qwen3.8-flash': {\n";
const endOfSettings = ' fingpt, freqtrade, hummingbot } satisfies';

/** A second seat of each kind. */
const rows = {
  mistral: `{
    kind: 'language-model',
    group: 'language-models',
    mission: false,
    takesPart: 'when_asked',
    answerMs: 600_000,
    secrets: { mistralApiKey: { variable: 'MISTRAL_API_KEY', form: 'word' } },
    hosted: { baseUrl: 'https://api.mistral.ai/v1', model: 'mistral-small', key: 'mistralApiKey' },
  }`,
  chronos: `{ kind: 'forecaster', group: 'forecasters', mission: false, takesPart: 'when_asked', answerMs: 20_000 }`,
  moirai: `{ kind: 'trained-forecaster', group: 'forecasters', mission: false, takesPart: 'when_asked', answerMs: 20_000 }`,
  momentum: `{ kind: 'of-its-own', group: 'momentum', mission: false, takesPart: 'always', answerMs: 3_000 }`,
  newsbot: `{
    kind: 'of-its-own',
    group: 'sentiment',
    mission: false,
    takesPart: 'always',
    answerMs: 20_000,
    secrets: { newsbotKey: { variable: 'NEWSBOT_KEY', form: 'word' } },
  }`,
};

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sapphire-seat-'));
  for (const name of COPIED) cpSync(join(projectFolder, name), join(folder, name), { recursive: true });
  symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function add(file: string, lines: string, before: string): void {
  const text = readFileSync(join(folder, file), 'utf8');
  expect(text.split(before)).toHaveLength(2);
  writeFileSync(join(folder, file), text.replace(before, lines + before));
}

function addRows(...names: (keyof typeof rows)[]): void {
  add(SEATS, names.map((name) => `  ${name}: ${rows[name]},\n`).join(''), endOfRows);
}

/** What the compiler says of the project, or of one file and what that imports; nothing where it is content. */
function complaints(file?: string): string {
  const compiler = join(projectFolder, 'node_modules', '.bin', 'tsc');
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const part = { extends: './tsconfig.json', include: [], files: [file] };
  writeFileSync(join(folder, 'part.json'), JSON.stringify(part));
  const { stdout, stderr } = spawnSync(compiler, ['--noEmit', '-p', file === undefined ? '.' : 'part.json'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  });
  return stdout + stderr;
}

const look = `
import { agentsSchema } from './contracts/config/agents.ts';
import { agentTaskQueue } from './contracts/task-queues.ts';
import { defaultParticipation } from './domain/consensus/participation.ts';
import { agentIds } from './domain/signals/agents.ts';
import { secretVariables } from './runtime/configuration/secrets.ts';
import { roleRow } from './runtime/roles.ts';
import { createAgents } from './trading/agents/create.ts';

const agents = agentsSchema.parse({ mistral: { timeoutSeconds: 7 }, moirai: { worker: 'external' } });
const secrets = { newsbotKey: 'of newsbot', fingptApiKey: 'of fingpt' };
const created = createAgents({ configuration: { agents }, secrets, engines: [], modelCalls: {}, rememberNews: {} });
const question = { snapshot: { symbols: [{ instrument: { symbol: 'BTC/USDT' }, candles: [] }] }, horizonMs: 3_600_000 };
const answerOf = async (id) => {
  const { agentId, model, opinions } = await created[id].answer(question);
  return { agentId, model, opinions };
};
console.log(JSON.stringify({
  last: agentIds.slice(-4),
  wrong: Object.entries(created).filter(([id, agent]) => agent.id !== id),
  settings: [agents.mistral.model, agents.mistral.timeoutSeconds],
  queue: roleRow('agents').queues.includes(agentTaskQueue('mistral')),
  variables: [secretVariables.mistralApiKey, secretVariables.newsbotKey],
  given: ['mistralApiKey', 'newsbotKey'].every((name) => roleRow('agents').secrets.includes(name)),
  participation: defaultParticipation('mistral'),
  newsbot: await answerOf('newsbot'),
  chronos: await answerOf('chronos'),
  left: !('moirai' in created),
}));
`;

it('a second seat of each kind takes its row, and what its kind says beside it', () => {
  addRows('mistral', 'chronos', 'moirai', 'newsbot');
  add(SETTINGS, ' moirai: lagLlama,', endOfSettings);
  const price = `{ price: { cachedInput: '0.1', input: '0.1', output: '0.3' }, mostOutput: 32_000, source: 'https://mistral.ai' }`;
  add(PRICES, `  'mistral-small': ${price},\n`, endOfPrices);
  add(
    CREATE,
    `  newsbot: ({ secrets: { newsbotKey = '' } }) => ({
    id: 'newsbot',
    answer: async () => freeAnswer({ agentId: 'newsbot', model: newsbotKey, version: '1' }, []),
  }),
`,
    endOfOwn,
  );
  add(CREATE, `import { freeAnswer } from './port.ts';\n`, `import type { Agent } from './port.ts';\n`);
  // The compiler refuses where a seat is named one by one, and none of these is.
  expect(complaints()).toBe('');
  writeFileSync(join(folder, 'look.mts'), look);
  const seen: unknown = JSON.parse(execFileSync(process.execPath, ['look.mts'], { cwd: folder, encoding: 'utf8' }));
  expect(seen).toEqual({
    last: ['mistral', 'chronos', 'moirai', 'newsbot'],
    wrong: [],
    settings: ['mistral-small', 7],
    queue: true,
    variables: ['MISTRAL_API_KEY', 'NEWSBOT_KEY'],
    given: true,
    participation: { enabled: false, role: 'voter', weight: 1, cap: 1, group: 'language-models', pinned: false },
    newsbot: { agentId: 'newsbot', model: 'of newsbot', opinions: [] },
    chronos: {
      agentId: 'chronos',
      model: 'none',
      opinions: [
        {
          kind: 'abstention',
          agentId: 'chronos',
          symbol: 'BTC/USDT',
          reason: 'not_configured',
          detail:
            'No worker of chronos is configured. Run one on the queue agents-chronos and set agents.chronos.worker to external: docs/forecasters.md.',
        },
      ],
    },
    left: true,
  });
}, 120_000);

it('a seat does not compile without what its kind says beside its row', () => {
  addRows('moirai', 'momentum', 'newsbot');
  const said = complaints(CREATE);
  expect(said).toMatch(/agents\.ts.*\n.*Property 'moirai' is missing/);
  expect(said).toMatch(/create\.ts.* missing the following properties .*: momentum, newsbot/);
}, 120_000);

it('a seat does not compile with the agent of another, which would sign as that', () => {
  addRows('momentum');
  add(CREATE, '  momentum: createBaseline,\n', endOfOwn);
  expect(complaints(CREATE)).toMatch(/create\.ts.*\n(.*\n)*.*'"baseline"' is not assignable to type '"momentum"'/);
}, 120_000);
