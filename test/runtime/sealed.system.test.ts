import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readProfile } from '../../client/stack/profile.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { payloadKeysIn, payloadKeyText } from '../../contracts/config/payload-keys.ts';
import type { TradingControlState } from '../../contracts/control.ts';
import type { CycleSummary } from '../../contracts/cycle.ts';
import { orderWorkflowId, TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import type { LegId } from '../../domain/orders/ids.ts';
import { startCodecServer } from '../../runtime/codec-server.ts';
import { createPayloadCodec } from '../../runtime/payload-codec.ts';
import { clientOptions, dataConverter } from '../../runtime/temporal.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import type { History } from '../support/histories.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

const run = promisify(execFile);
const older = payloadKeyText('older', randomBytes(32));
const rotated = { payloadKeys: `${payloadKeyText('newer', randomBytes(32))},${older}` };
const secrets = { payloadKeys: older };
const CYCLE = 'cycle/sealed/1';
const FAILED = 'cycle/sealed/2';

let environment: TestWorkflowEnvironment;
let rig: Rig;
let summary: CycleSummary;
let orders: LegId[];

const clientWith = (keys: { payloadKeys?: string }): Client =>
  new Client({
    connection: environment.connection,
    namespace: environment.namespace ?? 'default',
    ...clientOptions(keys),
  });
/** As the server keeps it, byte for byte. */
const stored = async (workflowId: string): Promise<{ history: History; text: string }> => {
  const history = await clientWith({}).workflow.getHandle(workflowId).fetchHistory();
  const bytes = temporal.api.history.v1.History.encode(history).finish();
  return { history, text: Buffer.from(bytes).toString('latin1') };
};

beforeAll(async () => {
  environment = await startDevServer(secrets);
  rig = await startRig(environment, { secrets });
  summary = (await (await rig.start('tradingCycle', CYCLE, {})).result()) as CycleSummary;
  await (await rig.start('tradingCycle', FAILED, { symbols: ['XYZ/USDT'] })).result().catch(() => undefined);
  orders = (await rig.journal.intents.list('main', 10)).map(({ legId }) => legId);
});
afterAll(async () => {
  await rig.close();
  await environment.teardown();
});

describe('a cycle through a server that may read nothing', () => {
  it('trades', () => {
    expect(summary.outcome).toBe('COMPLETED');
    expect(orders.length).toBeGreaterThan(0);
  });

  it('leaves no symbol, price, quantity, view or reason in what the server keeps', async () => {
    const submissions = await rig.journal.intents.list('main', 10);
    const numbers = submissions.flatMap(({ limitPrice, quantity, filledQuantity }) => [
      limitPrice,
      quantity,
      filledQuantity,
    ]);
    const secret = [
      'BTC',
      'USDT',
      'XYZ',
      'scripted',
      'not configured',
      'symbol',
      ...numbers.filter((each) => each !== '0'),
    ];
    for (const workflowId of [CYCLE, FAILED, ...orders.map(orderWorkflowId)]) {
      const { text } = await stored(workflowId);
      expect(text.includes('binary/encrypted')).toBe(true);
      for (const word of secret) expect(text.includes(word), `${workflowId}: ${word}`).toBe(false);
    }
    for await (const { searchAttributes } of clientWith({}).workflow.list()) {
      expect(JSON.stringify(searchAttributes)).not.toMatch(/BTC|XYZ/);
    }
  });

  it('is read with its key, and with no other', async () => {
    expect(await clientWith(secrets).workflow.getHandle(CYCLE).result()).toEqual(summary);
    for (const keys of [{}, { payloadKeys: payloadKeyText('older', randomBytes(32)) }])
      await expect(clientWith(keys).workflow.getHandle(CYCLE).result()).rejects.toMatchObject({ type: 'Unreadable' });
    await expect(clientWith(secrets).workflow.getHandle(FAILED).result()).rejects.toMatchObject({
      cause: { message: expect.stringContaining('XYZ/USDT') },
    });
  });

  it('is read and replayed with a key that was rotated since', async () => {
    expect(await clientWith(rotated).workflow.getHandle(CYCLE).result()).toEqual(summary);
    const bundle = await workflowBundle(rotated);
    for (const workflowId of [CYCLE, ...orders.map(orderWorkflowId)]) {
      const { history } = await stored(workflowId);
      await Worker.runReplayHistory(
        { workflowBundle: bundle, dataConverter: dataConverter(rotated) },
        history,
        workflowId,
      );
    }
    expect((await rig.replayAll()).map(({ workflowType }) => workflowType)).toContain('tradingCycle');
  });

  it('is decoded for Temporal’s command line by the codec server', async () => {
    const { temporal: profile } = readProfile();
    const binary = await temporalBinary(profile);
    const codec = createPayloadCodec(payloadKeysIn(older));
    const server = await startCodecServer({ port: 0, codec, token: 'token-of-the-test', origins: [] });
    const at = ['--address', environment.address, '--namespace', environment.namespace ?? 'default'];
    const show = async (...more: string[]): Promise<string> => {
      const { stdout } = await run(
        binary,
        ['workflow', 'show', '--workflow-id', CYCLE, '--output', 'json', ...at, ...more],
        { maxBuffer: 64 * 1024 * 1024 },
      );
      // Each payload's bytes are base64 in it.
      return stdout.replaceAll(/"data": "([^"]*)"/g, (_all, data: string) => Buffer.from(data, 'base64').toString());
    };
    try {
      expect(/BTC|USDT/.test(await show())).toBe(false);
      const shown = await show('--codec-endpoint', `${server.url}/token-of-the-test`);
      expect(shown.includes('BTC/USDT')).toBe(true);
      expect(shown.includes(Buffer.from('binary/encrypted').toString('base64'))).toBe(false);
    } finally {
      await server.close();
    }
  });

  it('is halted by a stop of somebody without a key', async () => {
    await clientWith({}).workflow.getHandle(TRADING_CONTROL_ID).signal('emergencyStop', { reason: 'plain', by: 'me' });
    const control = clientWith(secrets).workflow.getHandle(TRADING_CONTROL_ID);
    await expect
      .poll(() => control.query<TradingControlState>('state'), { timeout: 2_000 })
      .toMatchObject({ fenced: true, reason: 'plain' });
    await clientWith({ payloadKeys: payloadKeyText('other', randomBytes(32)) })
      .workflow.getHandle(TRADING_CONTROL_ID)
      .signal('emergencyStop', { reason: 'of another key', by: 'me' });
    await expect
      .poll(() => control.query<TradingControlState>('state'), { timeout: 2_000 })
      .toMatchObject({ fenced: true, reason: 'an unreadable stop (encoding binary/encrypted)' });
  });
});
