import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { heading, print, reportError } from '../../client/cli/output.ts';
import { createProgram } from '../../client/cli/program.ts';
import { describeTrail } from '../../client/views/cycle-trail.ts';
import { cycleLine, viewCycle } from '../../client/views/cycle-view.ts';
import type { Consensus } from '../../contracts/consensus.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { DEMO_LABEL, expectationOf, RECORD_LABEL } from '../../contracts/demo.ts';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { defaultParticipation } from '../../domain/consensus/participation.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { fill } from '../support/books.ts';

/** What `--help` prints. */
function help(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

describe('help', () => {
  it('describes every command, with --json on each that answers', async () => {
    const missing: string[] = [];
    const visit = (command: Command, ...path: string[]): void => {
      const text = help(command);
      const isGroup = command.commands.length > 0;
      if (!/^Usage: .*\n\n\S/.test(text)) missing.push(`${path.join(' ')}: no description`);
      if (!isGroup && !text.includes('--json')) missing.push(`${path.join(' ')}: no --json`);
      if (!isGroup && /Arguments:/.test(text) && !/Example/.test(text)) missing.push(`${path.join(' ')}: no example`);
      for (const child of command.commands) visit(child, ...path, child.name());
    };
    const { commands } = await createProgram();
    expect(commands.map((command) => command.name())).toEqual([
      'up',
      'cycle',
      'schedule',
      'stop',
      'resume',
      'agents',
      'policy',
      'replay',
      'risk',
      'portfolio',
      'position',
      'symbol',
      'orders',
      'trades',
      'mm',
      'report',
      'warehouse',
      'export',
      'models',
      'audit',
      'backup',
      'reconcile',
      'restore',
      'allow-ui',
      'temporal',
      'live',
      'status',
      'incident',
      'config',
      'codec',
      'logs',
      'doctor',
      'paper',
    ]);
    for (const command of commands) visit(command, command.name());
    expect(missing).toEqual([]);
  });

  it('loads a command that is asked for without the others', async () => {
    const { commands } = await createProgram();
    for (const name of commands.map((command) => command.name())) {
      const some = (await createProgram(name)).commands.map((command) => command.name());
      expect(some).toContain(name);
      expect(some.length).toBeLessThanOrEqual(2);
    }
    expect((await createProgram('stopp')).commands).toHaveLength(commands.length);
  });

  it('documents the exit codes', () => {
    const main = join(projectFolder, 'client', 'cli', 'main.ts');
    const text = execFileSync(process.execPath, [main, '--help'], { encoding: 'utf8' });
    expect(text).toMatch(/Exit codes: 0 done, 1 failed, 2 wrong usage/);
  });
});

const record: CycleRecord = {
  cycleId: tagged('cycle/main-2026-01-05T10:00:00Z'),
  correlationId: 'cycle/main-2026-01-05T10:00:00Z',
  runId: 'r',
  account: 'main',
  mode: 'paper',
  outcome: 'COMPLETED',
  summary: 'bought',
  startedAt: Date.UTC(2026, 0, 5, 10, 0, 0),
  finishedAt: Date.UTC(2026, 0, 5, 10, 0, 1),
  epoch: 2,
  snapshot: {
    snapshotId: 'abc',
    takenAt: Date.UTC(2026, 0, 5, 10, 0, 0),
    venue: 'binance',
    mids: { 'BTC/USDT': tagged('60000') },
  },
  answers: [
    {
      agentId: 'qwen',
      opinions: [{ kind: 'abstention', agentId: 'qwen', symbol: 'BTC/USDT', reason: 'no_key', detail: 'set a key' }],
      model: 'none',
      version: '1',
      latencyMs: 0,
      tokens: 0,
      costUsd: '0',
    },
  ],
  consensus: undefined,
  plan: {
    cycleId: tagged('c'),
    equity: tagged('10000'),
    allocations: [],
    legs: [],
    verdicts: [{ code: 'CostGate', symbol: 'BTC/USDT', limit: '0.0024', value: '0.001', before: '0.1', after: '0' }],
  },
  orders: [
    {
      legId: tagged('sph1'),
      intentId: tagged('sph1-1'),
      symbol: 'BTC/USDT',
      side: 'buy',
      state: 'filled',
      quantity: tagged('0.01'),
      filledQuantity: tagged('0.01'),
      limitPrice: tagged('60100'),
      detail: '',
    },
  ],
  fills: [fill()],
  equity: tagged('9999.4'),
};

describe('a cycle as a person reads it', () => {
  it('is one line on the screen', () => {
    expect(cycleLine(record, 'USDT').text).toBe(
      '10:00:01 │ COMPLETED │ 0 of 1 agents signal │ no consensus │ buy 0.01 BTC filled │ 1 fills │ equity 9999.40 USDT │ 1000 ms',
    );
  });

  it('says LIVE on each line where it is', () => {
    const { text, shorter } = cycleLine({ ...record, mode: 'live' }, 'USDT');
    for (const line of [text, ...shorter]) expect(line).toMatch(/^LIVE │ 10:00:01 (│ )?COMPLETED/);
  });

  it('is a trail from market to fills', () => {
    const trail = describeTrail(record).join('\n');
    for (const part of [
      'BTC/USDT 60000',
      'qwen: abstains, no_key: set a key',
      'BTC/USDT: a gain of 0.1 % is expected, and fee, spread and slippage of both ways take 0.24 %',
      '[sph1-1]',
      'fee 0.00001 BTC',
      '9999.4',
    ]) {
      expect(trail).toContain(part);
    }
  });

  it.each([
    [undefined, /^ {2}linear-pool\/1, policy 3, each agent taken at its word$/m, /qwen: weight 1\.00$/m],
    [
      { slope: 0.031, slopeError: 0.03, prior: 1, limit: 2 },
      /^ {2}linear-pool\/1, policy 3$/m,
      /qwen: weight 1\.00 \(believed 3\.1 % of its return\)$/m,
    ],
  ])('says of an agent with the calibration %j how far it was believed', (calibration, method, vote) => {
    const agents = { qwen: { ...defaultParticipation('qwen'), trust: 1, ...(calibration ? { calibration } : {}) } };
    const view = {
      symbol: 'BTC/USDT',
      direction: 'up',
      expectedReturn: 0.001,
      conviction: 0.5,
      dissent: 0,
      quorum: { met: true, count: 1, countNeeded: 1 },
      votes: [{ agentId: 'qwen', weight: 1, counted: true, note: '' }],
    };
    const consensus = { method: 'linear-pool/1', policyVersion: 3, policy: { agents }, symbols: [view] };
    const trail = describeTrail({ ...record, consensus: consensus as unknown as Consensus }).join('\n');
    expect(trail).toMatch(method);
    expect(trail).toMatch(vote);
  });

  it('is an object for a program', () => {
    expect(viewCycle(record)).toMatchObject({
      id: record.cycleId,
      durationMs: 1_000,
      abstentions: [{ agent: 'qwen', reason: 'no_key' }],
      orders: [{ id: 'sph1-1', state: 'filled' }],
      fills: [{ price: '59990', quantity: '0.01' }],
    });
  });
});

describe('every output names the mode', () => {
  const written: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  afterEach(() => written.splice(0));

  it.each([
    [{ a: 1 }, '{"mode":"live","a":1}'],
    [[{ a: 1 }, { a: 2 }], '[{"mode":"live","a":1},{"mode":"live","a":2}]'],
    [[], '[]'],
  ])('%j, for a program', (value, text) => {
    print(value, { json: true, mode: 'live' }, () => 'text');
    expect(written).toEqual([`${text}\n`]);
  });

  it('for a person, live so that nobody takes it for paper', () => {
    print({}, { mode: 'paper' }, () => 'text');
    print({}, { mode: 'live' }, () => 'text');
    expect(written).toEqual(['paper\ntext\n', `${heading('live')}text\n`]);
    expect(heading('paper', true)).toBe(`paper, ${DEMO_LABEL}\n`);
    expect(heading('paper', false)).toBe(`paper, ${RECORD_LABEL}\n`);
    expect(heading('live')).toMatch(/LIVE.*real money/);
  });

  it.each([
    [{ mode: 'paper', demo: true }, /^DEMO: agents are taken at their word.*lost \d+\.\d % in 28 days.*take it out/s],
    [
      { mode: 'paper', demo: false },
      /^HOLDS CASH until .* and 3 % without one, .*switch agents on.*or set "demo: true"/s,
    ],
    [{ mode: 'live', demo: false }, /^HOLDS CASH until (?!.*demo: true)/s],
  ] as const)('and says what %j may lead one to expect', (belief, words) => {
    expect(expectationOf(belief).join('\n')).toMatch(words);
    print({ a: 1 }, { json: true, ...belief }, () => 'text');
    expect(written).toEqual([`{"mode":"${belief.mode}",${belief.demo ? '"demo":true,' : ''}"a":1}\n`]);
  });

  it('also a refusal', () => {
    const error = new UserError('Refused', 'No.');
    expect(reportError(error, { json: true, mode: 'live' })).toBe(ExitCode.refused);
    expect(written).toEqual([
      '{"mode":"live","error":{"code":"Refused","message":"No.","exitCode":5}}\n',
      `${heading('live')}sapphire: No.\n`,
    ]);
  });
});
