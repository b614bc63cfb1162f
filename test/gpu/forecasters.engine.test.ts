import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { engineRequirements } from '../../client/stack/engines.ts';
import { pythonEnvironment } from '../../client/stack/python-environment.ts';
import type { CycleRecord, CycleSummary } from '../../contracts/cycle.ts';
import type { AgentQuestion } from '../../contracts/signals.ts';
import { agentTaskQueue } from '../../contracts/task-queues.ts';
import { type AgentId, agentIds } from '../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { checkedAnswer } from '../../trading/agents/answer-check.ts';
import { temporaryFolder } from '../support/books.ts';
import { end, makeInstallation } from '../support/installation.ts';
import { manySymbols } from '../support/many-symbols.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { startOwnServer } from '../support/temporal.ts';
import { type ForecasterProcess, runPython, startForecaster } from './worker.ts';

/** Four gigabytes of packages, once for all tests here. */
const INSTALL_TIMEOUT_MS = 20 * 60_000;

let python: string;
beforeAll(async () => {
  python = await pythonEnvironment(engineRequirements['lag-llama'], {
    onProgress: (message) => process.stdout.write(`${message}\n`),
  });
}, INSTALL_TIMEOUT_MS);

it('passes the tests that its Python code has of its own', { timeout: 180_000 }, async () => {
  const output = await runPython(python, 'unittest', 'discover', '-s', 'tests', '-t', '.');
  expect(output).toMatch(/^Ran [1-9]\d+ tests/m);
  process.stdout.write(`${output.match(/^fracast on trends.*$/m)?.[0]}\n`);
});

describe('beside a trading cycle', () => {
  let environment: TestWorkflowEnvironment;
  let rig: Rig;
  let access: Record<string, string>;
  let fracast: ForecasterProcess;
  let lagLlama: ForecasterProcess;
  let cycles = 0;

  beforeAll(async () => {
    const folder = temporaryFolder();
    const checkpoint = join(folder, 'model.safetensors');
    const configuration = join(folder, 'trading.yml');
    writeFileSync(configuration, stringify({ agents: { 'lag-llama': { worker: 'external', checkpoint } } }));
    [environment] = await Promise.all([startOwnServer(), runPython(python, 'tests.weights', checkpoint)]);
    const others = agentIds.filter((agentId) => agentId !== 'fracast' && agentId !== 'lag-llama');
    rig = await startRig(environment, { agents: others, configuration: { symbols: ['BTC/USDT', 'ETH/USDT'] } });
    access = {
      TEMPORAL_ADDRESS: environment.address,
      TEMPORAL_NAMESPACE: 'default',
      SAPPHIRE_CONFIG: configuration,
      ...rig.coordinatorAccess,
    };
    fracast = startForecaster(python, 'fracast', access);
    lagLlama = startForecaster(python, 'lag-llama', access);
    await rig.journal.participation.change({
      requestId: 'on',
      agentId: 'fracast',
      settings: { enabled: true },
      by: 'the test',
      reason: 'the test',
    });
    await Promise.all([fracast.ready, lagLlama.ready]);
  }, 120_000);

  afterAll(async () => {
    fracast?.child.kill('SIGKILL');
    lagLlama?.child.kill('SIGKILL');
    await rig?.close();
    await environment?.teardown();
  });

  async function cycle(): Promise<{ record: CycleRecord; summary: CycleSummary; handle: WorkflowHandle }> {
    cycles += 1;
    const handle = await rig.start('tradingCycle', `cycle/test/forecasters-${cycles}`, {});
    const summary = (await handle.result()) as CycleSummary;
    const record = await rig.journal.cycles.find(summary.cycleId);
    if (!record) throw new Error('the cycle left no record');
    return { record, summary, handle };
  }

  it('gives signals of fracast that count, and none of untrained weights', async () => {
    const { record, summary, handle } = await cycle();
    expect(summary.outcome).toBe('COMPLETED');
    const answer = answerOf(record, 'fracast');
    const request = await requestTo('fracast', handle);
    expect(checkedAnswer('fracast', request, answer)).toEqual(answer);
    expect(answer.opinions).toMatchObject(['BTC/USDT', 'ETH/USDT'].map((symbol) => ({ kind: 'signal', symbol })));
    expect(answer).toMatchObject({ model: 'fracast', tokens: 0 });
    expect(answer.version).toMatch(/^0\.1\.0, sha256 [0-9a-f]{12}$/);
    const [opinion] = answer.opinions;
    if (opinion?.kind !== 'signal') throw new Error('it abstains');
    expect(opinion.rationale).toBe('fracast over 30 steps of 2 minutes, from 60 bars.');
    expect(opinion.evidence.join()).toMatch(/q10 [-+]\d+\.\d bps,q50 .*,q90 /);

    expect(answerOf(record, 'lag-llama').opinions).toMatchObject(
      ['BTC/USDT', 'ETH/USDT'].map((symbol) => ({
        kind: 'abstention',
        symbol,
        reason: 'wrong_model',
        detail: expect.stringContaining('random weights do not vote'),
      })),
    );
    const votes = record.consensus?.symbols[0]?.votes ?? [];
    expect(votes.find(({ agentId }) => agentId === 'fracast')).toMatchObject({ counted: true });
    await expectBooksEqualExchange(rig);
  });

  it('says at its own address whether it works, and whether it votes', async () => {
    const [voting, silent] = await Promise.all([fracast.ready, lagLlama.ready]);
    for (const url of [voting, silent]) expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${voting}/readyz`)).json()).toEqual({
      status: 'ok',
      components: { batch: 'ok', model: 'ok', temporal: 'ok' },
    });
    const unready = await fetch(`${silent}/readyz`);
    expect(unready.status).toBe(503);
    expect(await unready.json()).toMatchObject({
      components: { model: expect.stringContaining('random weights do not vote'), temporal: 'ok' },
    });
  });

  it('goes on without the worker that was killed, and says so', async () => {
    fracast.child.kill('SIGKILL');
    expect(await fracast.ended).toMatchObject({ signal: 'SIGKILL' });
    const { record, summary } = await cycle();
    expect(summary.outcome).toBe('DEGRADED');
    expect(record.consensus?.symbols).toHaveLength(2);
    expect(answerOf(record, 'fracast').opinions[0]).toMatchObject({
      kind: 'abstention',
      reason: 'no_worker',
      detail: expect.stringContaining('agents-fracast'),
    });
    expect(record.finishedAt - record.startedAt).toBeLessThan(8_000);
    await expectBooksEqualExchange(rig);
  });

  it('ends in good order by a signal, and with its supervisor', { timeout: 60_000 }, async () => {
    const orphan = startForecaster(python, 'fracast', access);
    await orphan.ready;
    orphan.child.stdin?.end();
    lagLlama.child.kill('SIGTERM');
    expect(await orphan.ended).toMatchObject({ code: 0 });
    expect(await lagLlama.ended).toMatchObject({ code: 0 });
  });

  it('says in one sentence that it finds no server', async () => {
    const { ended, child } = startForecaster(python, 'fracast', { ...access, TEMPORAL_ADDRESS: '127.0.0.1:9' });
    const { code, stderr } = await ended;
    child.stdin?.end();
    expect(code).toBe(1);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^No Temporal server takes this worker at 127\.0\.0\.1:9\. Set /);
  });
});

const runSchema = z.object({
  cycles: z.array(z.object({ signals: z.array(z.object({ agent: z.string(), symbol: z.string() })) })),
});

it('votes from the first start with --with fracast', { timeout: 120_000 }, async () => {
  const installation = await makeInstallation();
  const { stdout, stderr, code } = await end(installation.up('--with', 'fracast', '--cycles', '1', '--exit', '--json'));
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const [only] = runSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).cycles;
  expect(only?.signals.filter(({ agent }) => agent === 'fracast').map(({ symbol }) => symbol)).toEqual([
    'BTC/USDT',
    'ETH/USDT',
  ]);
});

function answerOf({ answers }: CycleRecord, agentId: AgentId): AgentAnswer {
  const answer = answers.find((one) => one.agentId === agentId);
  if (!answer) throw new Error(`${agentId} was not asked`);
  return answer;
}

/** What the cycle asked, out of its history. */
async function requestTo(agentId: AgentId, handle: WorkflowHandle): Promise<AgentQuestion> {
  const { events } = await handle.fetchHistory();
  const asked = events
    ?.map(({ activityTaskScheduledEventAttributes: attributes }) => attributes)
    .find((attributes) => attributes?.taskQueue?.name === agentTaskQueue(agentId));
  const data = asked?.input?.payloads?.[1]?.data;
  if (!data) throw new Error(`${agentId} was not asked`);
  return JSON.parse(Buffer.from(data).toString('utf8')) as AgentQuestion;
}

it('fetches the snapshot of a cycle of many symbols from the coordinator, and abstains where it may not', {
  timeout: 180_000,
}, async () => {
  const environment = await startOwnServer();
  const { symbols, paperExchange } = manySymbols(20);
  const others = agentIds.filter((agentId) => agentId !== 'fracast');
  const rig = await startRig(environment, { agents: others, configuration: { symbols }, exchange: paperExchange });
  const access = {
    TEMPORAL_ADDRESS: environment.address,
    TEMPORAL_NAMESPACE: 'default',
    SAPPHIRE_DATA: temporaryFolder(),
  };
  const reason = { by: 'the test', reason: 'the test' };
  await rig.journal.participation.change({
    requestId: 'on',
    agentId: 'fracast',
    settings: { enabled: true },
    ...reason,
  });
  const kindsWith = async (environmentOf: Record<string, string>, name: string): Promise<Set<string>> => {
    const worker = startForecaster(python, 'fracast', { ...access, ...environmentOf });
    try {
      await worker.ready;
      const handle = await rig.start('tradingCycle', `cycle/test/many-${name}`, {});
      const { cycleId } = (await handle.result()) as CycleSummary;
      const record = await rig.journal.cycles.find(cycleId);
      if (!record) throw new Error('the cycle left no record');
      const { opinions } = answerOf(record, 'fracast');
      expect(opinions.map(({ symbol }) => symbol)).toEqual(symbols);
      return new Set(opinions.map((each) => (each.kind === 'signal' ? each.kind : each.reason)));
    } finally {
      worker.child.kill('SIGKILL');
      await worker.ended;
    }
  };
  try {
    expect(await kindsWith(rig.coordinatorAccess, 'fetched')).toEqual(new Set(['signal']));
    const refused = { ...rig.coordinatorAccess, SAPPHIRE_COORDINATOR_TOKEN: 'another-token-0123456789' };
    expect(await kindsWith(refused, 'refused')).toEqual(new Set(['not_configured']));
  } finally {
    await rig.close();
    await environment.teardown();
  }
});
