import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
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

const row = `  mistral: {
    kind: 'language-model',
    group: 'language-models',
    mission: false,
    takesPart: 'when_asked',
    answerMs: 45_000,
    secrets: { mistralApiKey: { variable: 'MISTRAL_API_KEY', form: 'word' } },
    hosted: { baseUrl: 'https://api.mistral.ai/v1', model: 'mistral-small', key: 'mistralApiKey', body: {} },
  },
`;

const look = `
import { agentsSchema } from './contracts/config/agents.ts';
import { agentTaskQueue } from './contracts/task-queues.ts';
import { defaultParticipation } from './domain/consensus/participation.ts';
import { agentIds } from './domain/signals/agents.ts';
import { secretVariables } from './runtime/configuration/secrets.ts';
import { roleRow } from './runtime/roles.ts';
import { createAgents } from './trading/agents/create.ts';

const agents = agentsSchema.parse({ mistral: { timeoutSeconds: 7 } });
const agent = createAgents({ configuration: { agents }, secrets: {}, engines: [], modelCalls: {}, rememberNews: {} }).mistral;
console.log(JSON.stringify({
  last: agentIds.at(-1),
  settings: [agents.mistral.model, agents.mistral.timeoutSeconds],
  agent: agent.id,
  queue: roleRow('agents').queues.includes(agentTaskQueue('mistral')),
  variable: secretVariables.mistralApiKey,
  given: roleRow('agents').secrets.includes('mistralApiKey'),
  participation: defaultParticipation('mistral'),
}));
`;

it('a new seat of a kind that there is takes a row, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-seat-'));
  for (const name of COPIED) cpSync(join(projectFolder, name), join(folder, name), { recursive: true });
  symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
  const registry = readFileSync(join(folder, SEATS), 'utf8');
  const end = '} as const satisfies Record<string, SeatRow>;';
  expect(registry.split(end)).toHaveLength(2);
  writeFileSync(join(folder, SEATS), registry.replace(end, row + end));
  writeFileSync(join(folder, 'look.mts'), look);

  const options = { cwd: folder, encoding: 'utf8' } as const;
  const compiler = join(projectFolder, 'node_modules', '.bin', 'tsc');
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  // The compiler refuses where a seat is named one by one, and this one is not.
  execFileSync(compiler, ['--noEmit', '-p', '.'], { ...options, env: { ...process.env, PATH: path } });
  const seen: unknown = JSON.parse(execFileSync(process.execPath, ['look.mts'], options));
  expect(seen).toEqual({
    last: 'mistral',
    settings: ['mistral-small', 7],
    agent: 'mistral',
    queue: true,
    variable: 'MISTRAL_API_KEY',
    given: true,
    participation: { enabled: false, role: 'voter', weight: 1, cap: 1, group: 'language-models', pinned: false },
  });
}, 120_000);
