import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { print, progress, reportError, show, textOf } from '../../client/cli/output.ts';
import { createProgram } from '../../client/cli/program.ts';
import { table } from '../../client/cli/table.ts';
import { exampleRule } from '../../client/controls/rule-files.ts';
import { describeTrail } from '../../client/views/cycle-trail.ts';
import { postMortem } from '../../client/views/incident-view.ts';
import { configuredPolicy } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { cellText } from '../../stores/warehouse/pages/format.ts';
import { pageHtml } from '../../stores/warehouse/pages/page.ts';
import { cycleRecord, leg, planLegs, sending, temporaryFolder, terms } from '../support/books.ts';
import { freePort } from '../support/ports.ts';

/** Clears a screen, paints, renames the window, turns the writing round, and would be lines of its own in every way that a text can break. */
const hostile =
  'x\u001b[2J\u009b31m\u001b]0;t\u0007\nFORGED: trading is active\r\nFORGED\u2028FORGED\u0085FORGED\u202e';
const unprintable = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u;

const written = { stdout: '', stderr: '' };
for (const stream of ['stdout', 'stderr'] as const) {
  vi.spyOn(process[stream], 'write').mockImplementation((text) => {
    written[stream] += String(text);
    return true;
  });
}
beforeEach(() => Object.assign(written, { stdout: '', stderr: '' }));

function expectClean(text: string): void {
  expect(text).not.toMatch(unprintable);
  expect(text).not.toMatch(/^\s*FORGED/m);
}

describe('the printer', () => {
  it('makes one line of each text, and lines of a list alone', () => {
    expect(textOf([`reason ${hostile}`, ['  second', []], ''])).toBe(
      'reason x [2J 31m ]0;t FORGED: trading is active FORGED FORGED FORGED\n  second\n\n',
    );
  });

  it('lets no value through to a person', () => {
    print({}, { mode: 'paper' }, () => [hostile, table(['a', 'b'], [[hostile, hostile]])]);
    show(hostile);
    progress(hostile);
    reportError(new UserError('Refused', hostile), { mode: 'live' });
    reportError(new TypeError(hostile), {});
    reportError(hostile, {});
    expectClean(written.stdout);
    expectClean(written.stderr);
    expect(written.stderr).toMatch(/^ +at .*printing\.system\.test\.ts/m);
  });

  it('prints JSON that says the same, and that a terminal obeys as little', () => {
    const value = { reason: hostile, tag: '\u{e0041}' };
    print(value, { json: true }, () => '');
    reportError(new UserError('Refused', hostile), { json: true });
    expectClean(written.stdout);
    const [first = '', second = ''] = written.stdout.split('\n');
    expect(JSON.parse(first)).toEqual(value);
    expect(JSON.parse(second)).toEqual({ error: { code: 'Refused', exitCode: 5, message: hostile } });
  });

  it('leaves no control character in a page', () => {
    expect(cellText('text', hostile)).not.toMatch(unprintable);
    const range = { from: 0, to: 1 };
    const html = pageHtml({
      title: hostile,
      range,
      mode: 'paper',
      demo: false,
      account: hostile,
      currency: hostile,
      madeAt: 0,
      missing: [],
      reports: [],
    });
    expect(html).not.toMatch(unprintable);
  });
});

describe('each command', () => {
  const original = { ...process.env };
  beforeAll(async () => {
    const data = temporaryFolder();
    Object.assign(process.env, { SAPPHIRE_DATA: data, TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` });
    delete process.env['SAPPHIRE_BACKUPS'];
    const configuration = loadConfiguration();
    const journal = await openJournal(configuration);
    const [account, by, reason] = ['main', hostile, hostile];
    await journal.risk.adopt(account, configuration.risk);
    await journal.policy.adopt(account, configuredPolicy(configuration));
    await journal.ledger.transfer({
      reference: hostile,
      account,
      asset: 'USDT',
      amount: '10000',
      value: '10000',
      at: 0,
    });
    await journal.risk.change({ requestId: 'r', account, settings: { maxDailyLoss: 0.03 }, by, reason });
    await journal.policy.change({ requestId: 'p', account, settings: { minConviction: 0.2 }, by, reason });
    const agentId = 'guest';
    await journal.guests.invite({ requestId: 'g', agentId, settings: { group: hostile }, tokenHash: 'h', by, reason });
    await planLegs(journal, leg());
    await journal.intents.openFence(leg(), terms(leg()), sending(0));
    const intentId = `${leg().legId}-1`;
    await journal.intents.report({ intentId: tagged(intentId), state: 'unresolved', detail: hostile, fills: [] });
    const abstention = { kind: 'abstention', agentId, symbol: 'BTC/USDT', reason: 'no_key', detail: hostile } as const;
    const cycle = cycleRecord({
      summary: hostile,
      answers: [
        {
          agentId: hostile,
          opinions: [abstention],
          model: hostile,
          version: hostile,
          latencyMs: 1,
          tokens: 0,
          costUsd: '0',
        },
        {
          agentId: 'deepseek',
          opinions: [abstention],
          model: hostile,
          version: '1',
          latencyMs: 1,
          tokens: 0,
          costUsd: '0',
        },
      ],
    });
    await journal.cycles.record(cycle);
    await journal.exchange.recordReconciliation({ account, at: 1, differences: [{ what: 'BTC 1', words: hostile }] });
    const call = {
      agentId: 'deepseek',
      cycleId: tagged<CycleId>('c'),
      askedModel: hostile,
      promptVersion: hostile,
      promptHash: hostile,
    };
    await journal.modelCalls.reserve(
      { callId: 'one', ...call, sampling: {}, mostUsd: '0.01' },
      { perCycleUsd: '1', perDayUsd: '1' },
    );
    const end = { model: hostile, costUsd: '0', tokens: 1, finishReason: hostile, latencyMs: 1, content: hostile };
    await journal.modelCalls.settle('one', end);
    const observation = { component: hostile, code: 'books.differ', detail: hostile } as const;
    await journal.incidents.look({ at: Date.now(), by: 'health', observations: [observation] });
    await journal.control.raiseHalt({ requestId: 'h', account, reason, by });
    await journal.close();
    mkdirSync(join(data, 'logs'), { recursive: true });
    const line = {
      level: 'error',
      time: new Date().toISOString(),
      process: hostile,
      msg: hostile,
      reason: hostile,
      [hostile]: hostile,
    };
    writeFileSync(join(data, 'logs', 'workers.log'), `${JSON.stringify(line)}\n`);
    mkdirSync(join(data, 'backups', `paper-${hostile.replaceAll('/', '')}`), { recursive: true });
  });
  afterAll(() => {
    process.env = original;
  });

  const run = async (...args: string[]): Promise<void> => {
    const program = await createProgram(args[0]);
    await program.parseAsync(args, { from: 'user' });
    process.exitCode = 0;
  };

  it.each([
    ['status'],
    ['risk', 'show'],
    ['risk', 'history'],
    ['policy', 'show'],
    ['policy', 'history'],
    ['portfolio'],
    ['live', 'show'],
    ['agents', 'list'],
    ['agents', 'history'],
    ['agents', 'calls'],
    ['agents', 'costs'],
    ['agents', 'scores'],
    ['cycle', 'list'],
    ['cycle', 'show', 'cycle/main/1'],
    ['orders'],
    ['trades'],
    ['audit', 'list'],
    ['audit', 'verify'],
    ['incident', 'list'],
    ['logs'],
    ['logs', '--correlation', hostile],
    ['models', 'list'],
    ['report', 'agents'],
    ['report', 'incidents'],
    ['report', 'daily'],
    ['backup', 'list'],
  ])('%j, %j lets no stranger’s words break out of their line', async (...args) => {
    await run(...args);
    expect(written.stderr).toBe('');
    expectClean(written.stdout);
    await run(...args, '--json');
    expectClean(written.stdout);
  });

  it.each([
    ['cycle', 'show', hostile],
    ['incident', 'show', hostile],
    ['replay', hostile],
    ['report', hostile],
    ['restore', hostile, '--yes'],
    ['logs', '--correlation', `${hostile}2`],
    ['risk', 'set', hostile, '--reason', 'x'],
    ['live', 'enable', '--confirm', hostile],
    ['resume', '--reason', hostile],
  ])('%j, %j refuses in its own line', async (...args) => {
    await run(...args);
    expect(written.stderr).not.toBe('');
    expectClean(written.stderr);
    expectClean(written.stdout);
  });

  it('prints an example that can be written to a file as it is', async () => {
    await run('agents', 'add', '--example');
    expect(written.stdout.trimEnd()).toBe(exampleRule().trimEnd());
  });

  it('shows an incident, and its post-mortem, in lines of its own', async () => {
    const journal = await openJournal(loadConfiguration());
    const [incident] = await journal.incidents.list({ since: 0, limit: 1 });
    await journal.close();
    if (!incident) throw new Error('one was written');
    await run('incident', 'show', incident.incidentId);
    await run('incident', 'ack', incident.incidentId);
    expectClean(written.stdout);
    expectClean(postMortem(incident));
  });

  it('says what became of a stop in lines of its own', async () => {
    await run('stop', '--reason', hostile, '--by', hostile, '--wait', '0');
    expect(written.stdout).toMatch(
      /^paper, demo: .*\nfenced at epoch 2: .*\nnot quiet: .*\ncancelled: none\n.*--break-glass.*\n$/,
    );
    expectClean(written.stdout);
    expectClean(written.stderr);
  });

  it('shows what is hostile, in its place', async () => {
    await run('status');
    expect(written.stdout).toMatch(/trading is halted \(epoch 2: x \[2J 31m \]0;t FORGED: trading is active FORGED/);
    expect(describeTrail(cycleRecord({ summary: 'nothing to do' }))).toContain('nothing to do');
  });
});
