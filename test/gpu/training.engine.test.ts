import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { trainLagLlama } from '../../client/controls/models/train.ts';
import { keepWeights } from '../../client/controls/models/weights.ts';
import { engineRequirements } from '../../client/stack/engines.ts';
import { pythonEnvironment } from '../../client/stack/python-environment.ts';
import type { CycleSummary } from '../../contracts/cycle.ts';
import type { ModelVersion } from '../../contracts/models.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { agentIds } from '../../domain/signals/agents.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { exportTraining } from '../../trading/training/export.ts';
import { temporaryFolder } from '../support/books.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { startOwnServer } from '../support/temporal.ts';
import { liveThrough, START, wave } from '../training/market.ts';
import { startBooks } from '../warehouse/harness.ts';
import { type ForecasterProcess, startForecaster } from './worker.ts';

const MINUTE = 60_000;
const MINUTES = 1_800;

let python: string;
let data: string;
let environment: TestWorkflowEnvironment;
let rig: Rig;
let worker: ForecasterProcess;
const models = temporaryFolder();
const training = temporaryFolder();

beforeAll(async () => {
  python = await pythonEnvironment(engineRequirements['lag-llama'], {
    onProgress: (message) => process.stdout.write(`${message}\n`),
  });
  const books = await startBooks();
  await liveThrough(books, wave(MINUTES), 10);
  await exportEvents(books.warehouse, books.feeds);
  data = join(training, 'set');
  const horizonMs = 10 * MINUTE;
  const request = { from: START, to: START + MINUTES * MINUTE, horizonMs, embargoMs: horizonMs, out: data };
  await exportTraining(books.warehouse, books.feeds, request);
  await books.close();
}, 20 * MINUTE);

afterAll(async () => {
  worker?.child.kill('SIGKILL');
  await rig?.close();
  await environment?.teardown();
});

let version: ModelVersion;

it('goes from exported history to a version that is a shadow in the next cycle', { timeout: 180_000 }, async () => {
  process.env['SAPPHIRE_MODELS'] = models;
  const progress: string[] = [];
  const { file, ...result } = await trainLagLlama(
    python,
    { data, out: join(training, 'model.safetensors'), steps: 40, seed: 1 },
    { onProgress: (line) => progress.push(line) },
  );
  const { heldOutLoss, baseLoss, naiveLoss, seconds } = result;
  process.stdout.write(
    `held-out loss ${heldOutLoss.toFixed(4)}; before the training ${baseLoss.toFixed(4)}, of a random walk ${naiveLoss.toFixed(4)}; ${seconds} s\n`,
  );
  expect(heldOutLoss).toBeLessThan(baseLoss);
  expect(progress.some((line) => line.includes('"validationLoss"'))).toBe(true);

  const configuration = join(training, 'trading.yml');
  writeFileSync(configuration, stringify({ agents: { 'lag-llama': { worker: 'external' } } }));
  environment = await startOwnServer();
  const others = agentIds.filter((agentId) => agentId !== 'lag-llama');
  rig = await startRig(environment, { agents: others });
  worker = startForecaster(python, 'lag-llama', {
    ...rig.coordinatorAccess,
    TEMPORAL_ADDRESS: environment.address,
    TEMPORAL_NAMESPACE: 'default',
    SAPPHIRE_CONFIG: configuration,
    SAPPHIRE_MODELS: models,
  });
  await worker.ready;
  version = await rig.journal.models.register({ training: result, by: 'the test', reason: 'trained' });

  const missing = await opinionOf('cycle/test/not-copied');
  expect(missing).toMatchObject({
    kind: 'abstention',
    reason: 'wrong_model',
    detail: expect.stringContaining('SAPPHIRE_MODELS'),
  });
  await keepWeights('lag-llama', file, result.sha256);
  const opinion = await opinionOf('cycle/test/shadow');
  expect(opinion).toMatchObject({ kind: 'signal', agentId: version.agentId, symbol: 'BTC/USDT' });
});

async function opinionOf(cycleId: string) {
  const { outcome } = (await (await rig.start('tradingCycle', cycleId, {})).result()) as CycleSummary;
  expect(['COMPLETED', 'NO_TRADE', 'DEGRADED']).toContain(outcome);
  const record = await rig.journal.cycles.find(tagged(cycleId));
  const vote = record?.consensus?.symbols[0]?.votes.find(({ agentId }) => agentId === version.agentId);
  // A shadow is heard, and counts for nothing.
  expect(vote).toMatchObject({ weight: 0, counted: false });
  return record?.answers.find(({ agentId }) => agentId === version.agentId)?.opinions[0];
}

it('votes once it is promoted', { timeout: 60_000 }, async () => {
  await rig.journal.models.promote({ agentId: version.agentId, by: 'the test', reason: 'the test' });
  await (await rig.start('tradingCycle', 'cycle/test/voting', {})).result();
  const record = await rig.journal.cycles.find(tagged('cycle/test/voting'));
  const vote = record?.consensus?.symbols[0]?.votes.find(({ agentId }) => agentId === version.agentId);
  expect(vote).toMatchObject({ counted: true });
  expect(vote?.weight).toBeGreaterThan(0);
});

it('leaves nothing behind when it is called off', { timeout: 60_000 }, async () => {
  const out = join(training, 'called-off', 'model.safetensors');
  const child = spawn(
    python,
    [
      join(projectFolder, 'workers', 'gpu', 'fine_tune.py'),
      'lag-llama',
      '--data',
      data,
      '--out',
      out,
      '--from-scratch',
      '--steps',
      '100000',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  await once(child.stderr, 'data');
  const asked = performance.now();
  child.kill('SIGTERM');
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(130);
  expect(performance.now() - asked).toBeLessThan(5_000);
  expect(existsSync(out)).toBe(false);
});

it('says in one sentence what is wrong with the data', { timeout: 60_000 }, async () => {
  const order = { data: temporaryFolder(), out: join(training, 'other.safetensors'), steps: 1, seed: 1 };
  await expect(trainLagLlama(python, order, { onProgress: () => undefined })).rejects.toThrow(
    /card\.json cannot be read .*\.\/sapphire export training/,
  );
  expect(readdirSync(training)).not.toContain('other.safetensors');
  await expect(keepWeights('lag-llama', join(data, 'card.json'), 'f'.repeat(64))).rejects.toThrow(
    'is not what was trained',
  );
});
