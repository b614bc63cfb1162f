import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Context } from '@temporalio/activity';
import { Client, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readProfile } from '../../client/stack/profile.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import type { TradingControlState } from '../../contracts/control.ts';
import type { LegProgress } from '../../contracts/order.ts';
import type { ProtectionState } from '../../contracts/protection.ts';
import type { Quantity } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { IntentId } from '../../domain/orders/ids.ts';
import { clientOptions } from '../../runtime/temporal.ts';
import { startDevServer } from '../support/temporal.ts';
import { startWorkflowRig, type WorkflowRig } from '../support/workflow-rig.ts';
import { ScriptedBooks } from '../workflow/scripted-books.ts';
import { leg } from './leg.ts';
import { foreign, foreignPayload, unreadables } from './payloads.ts';

let environment: TestWorkflowEnvironment;
let books: ScriptedBooks;
let rig: WorkflowRig;

const SYMBOL = 'BTC/USDT';
const result = {
  ...leg,
  intentId: tagged<IntentId>('leg-1'),
  state: 'accepted',
  filledQuantity: tagged<Quantity>('0'),
  detail: '',
} as const;
const resting = { result, working: true, restUntil: Date.now() + 60_000 } satisfies LegProgress;

/** Until it is cancelled. */
async function rest(): Promise<never> {
  const { heartbeat, cancelled } = Context.current();
  const beat = setInterval(() => heartbeat(), 200);
  try {
    return await cancelled;
  } finally {
    clearInterval(beat);
  }
}

let answers: Record<string, () => unknown> = {};
const scripted = {
  readGuard: () => ({
    holding: { symbol: SYMBOL, quantity: '1', averageCost: '100', openedAt: 1 },
    settings: { stopLoss: '0.03' },
  }),
  watchPosition: rest,
  placeOrder: () => answers['placeOrder']?.() ?? resting,
  resolveOrder: () => resting,
  awaitFill: rest,
  currentEpoch: () => leg.epoch + 1,
  cancelOrder: () => ({ ...resting, working: false, result: { ...result, state: 'canceled' } }),
  scoreDueSignals: () => foreign('binary/x'),
};

beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());
beforeEach(async () => {
  answers = {};
  books = new ScriptedBooks(`main-${randomUUID()}`);
  const activities = books.activities();
  rig = await startWorkflowRig(environment, {
    ...scripted,
    ...activities,
    raiseHalts: async (stops: Parameters<typeof activities.raiseHalts>[0]) =>
      (await activities.raiseHalts(stops)) && (answers['raiseHalts']?.() ?? books.control),
  });
});
// What was started is replayed.
afterEach(() => rig.close());

async function until<T>(look: () => Promise<T>, check: (now: T) => boolean, withinMs: number): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const now = await look();
    if (check(now)) return now;
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(now)}`);
    await sleep(30);
  }
}

describe('trading control', () => {
  let latch: WorkflowHandle;
  const state = () => latch.query<TradingControlState>('state');
  beforeEach(async () => {
    latch = await rig.start('tradingControl', {});
    await latch.executeUpdate('settled');
  });

  it.each(unreadables)('takes a stop with %s for a stop, within two seconds', async (_name, value, encoding) => {
    await latch.signal('emergencyStop', value);
    const now = await until(state, ({ fenced }) => fenced, 2_000);
    expect(now).toMatchObject({ halted: true, reason: `an unreadable stop (encoding ${encoding})`, by: 'unknown' });
    await latch.signal('emergencyStop', { reason: 'a proper one', by: 'me' });
    await until(state, ({ reason, quiet }) => reason === 'a proper one' && quiet, 2_000);
  });

  it('takes a stop by Temporal’s own command line in an encoding that nobody knows for a stop', async () => {
    const binary = await temporalBinary(readProfile().temporal);
    const server = ['--address', environment.address, '--namespace', environment.namespace ?? 'default'];
    const to = ['--workflow-id', latch.workflowId, ...server];
    const stop = ['--name', 'emergencyStop', '--input', '{"reason":"x"}', '--input-meta', 'encoding=binary/x'];
    await promisify(execFile)(binary, ['workflow', 'signal', ...to, ...stop]);
    const now = await until(state, ({ fenced }) => fenced, 2_000);
    expect(now).toMatchObject({ halted: true, reason: 'an unreadable stop (encoding binary/x)' });
  });

  it('refuses a resume that it cannot read, and takes a proper one', async () => {
    await latch.signal('emergencyStop', foreign('binary/x'));
    await until(state, ({ quiet }) => quiet, 2_000);
    for (const [, value] of unreadables)
      await expect(latch.executeUpdate('resume', { args: [value] })).rejects.toMatchObject({
        cause: { type: 'InvalidInput' },
      });
    expect(await state()).toMatchObject({ halted: true, epoch: 1 });
    const resume = { reason: 'seen', by: 'me', expectedEpoch: 1 };
    expect(await latch.executeUpdate('resume', { args: [resume] })).toMatchObject({ halted: false });
  });

  it('answers a question with an argument that it cannot read', async () => {
    expect(await latch.query<TradingControlState, unknown[]>('state', foreign('binary/x'))).toMatchObject({
      halted: false,
    });
  });

  it('goes on under headers that nobody can read', async () => {
    const { connection, options } = environment.client;
    const client = new Client({
      connection,
      namespace: options.namespace,
      ...clientOptions({}),
      interceptors: {
        workflow: [
          {
            signal: (input, next) => next({ ...input, headers: { ...input.headers, odd: foreignPayload('binary/x') } }),
          },
        ],
      },
    });
    await client.workflow.getHandle(latch.workflowId).signal('emergencyStop', { reason: 'odd', by: 'me' });
    await until(state, ({ fenced, reason }) => fenced && reason === 'odd', 2_000);
  });

  it('tries again where the answer of the books cannot be read', async () => {
    let answered = 0;
    answers['raiseHalts'] = () => {
      answered += 1;
      return answered < 3 ? foreign('binary/x') : undefined;
    };
    await latch.signal('emergencyStop', { reason: 'test', by: 'me' });
    await until(state, ({ trouble }) => /encoding binary\/x/.test(trouble.join()), 2_000);
    await until(state, ({ fenced }) => fenced, 5_000);
    expect(answered).toBe(3);
  });
});

describe('a protective exit', () => {
  it.each(unreadables)('looks on after a lookAgain with %s', async (_name, value) => {
    const exit = await rig.start('protectPosition', { account: 'main', symbol: SYMBOL });
    const view = () => exit.query<ProtectionState>('protection');
    await until(view, ({ holding }) => holding !== undefined, 2_000);
    await exit.signal('lookAgain', value);
    await exit.signal('nobody listens to this', value);
    expect(await view()).toMatchObject({ barriers: { stopLoss: '97' } });
    expect((await exit.describe()).status.name).toBe('RUNNING');
  });
});

describe('an order', () => {
  it.each(unreadables)('ends after a halt with %s', async (_name, value) => {
    const order = await rig.start('executeOrder', leg);
    await sleep(300);
    await order.signal('halt', value);
    expect(await order.result()).toMatchObject({ state: 'canceled' });
  });

  it('is asked for at the exchange where the answer to its submission cannot be read', async () => {
    answers['placeOrder'] = () => foreign('binary/x');
    const order = await rig.start('executeOrder', leg);
    await sleep(300);
    await order.signal('halt', { epoch: 1, reason: 'test' });
    expect(await order.result()).toMatchObject({ state: 'canceled' });
  });
});

describe('a result that cannot be read', () => {
  it('fails a workflow that has no other way, at once', async () => {
    const scoring = await rig.start('scoreAgents', 'main');
    await expect(scoring.result()).rejects.toMatchObject({ cause: { cause: { type: 'Unreadable' } } });
  });

  it('fails whoever waits for it', async () => {
    const latch = await rig.start('tradingControl', {});
    const { connection, options } = environment.client;
    const sender = new Client({
      connection,
      namespace: options.namespace,
      ...clientOptions({}),
      dataConverter: {
        payloadCodecs: [
          { encode: async (all) => all, decode: async (all) => all.map(() => foreignPayload('binary/x')) },
        ],
        ...clientOptions({}).dataConverter,
      },
    });
    await expect(sender.workflow.getHandle(latch.workflowId).executeUpdate('settled')).rejects.toMatchObject({
      type: 'Unreadable',
    });
  });
});
