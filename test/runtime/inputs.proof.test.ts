import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import * as workflows from '../../workflows/index.ts';
import { startDevServer } from '../support/temporal.ts';
import { startWorkflowRig, type WorkflowRig } from '../support/workflow-rig.ts';
import { leg } from './leg.ts';
import { unreadables } from './payloads.ts';

const deep = Array.from({ length: 2_000 }).reduce<unknown>((inner) => ({ a: inner }), 'x');
const odd = unreadables.map(([, value]) => [value]);
/** Of none of our types. */
const shapes: unknown[][] = [[null], ['X Y'], ['../../x'], [7], [true], [[]], [deep], [{ a: 1 }], [[[]]], ...odd];
const nothing: unknown[][] = [[], [{}]];
const account: unknown[][] = [...shapes, ...nothing, [''], ['x'.repeat(100)], [{ account: 'main' }]];
const without = (name: keyof OrderLeg): unknown[] => [{ ...leg, [name]: undefined }];
const legs: unknown[][] = [
  ...(Object.keys(leg) as (keyof OrderLeg)[]).map(without),
  [{ ...leg, quantity: 0.002 }],
  [{ ...leg, quantity: '-1' }],
  [{ ...leg, limitPrice: '1e9' }],
  [{ ...leg, symbol: 'btc' }],
  [{ ...leg, side: 'hold' }],
  [{ ...leg, working: { style: 'twap', slices: [] } }],
  [{ ...leg, epoch: -1 }],
  [{ ...leg, stopPrice: null }],
];

const record = {
  cycleId: 'c',
  correlationId: 'c',
  runId: 'r',
  account: 'main',
  mode: 'paper',
  outcome: 'NO_TRADE',
  summary: '',
  startedAt: 1,
  finishedAt: 2,
  epoch: 0,
  answers: [],
  orders: [],
};

/** Of every workflow but trading control, which starts whatever it is given. */
const malformed: Record<Exclude<keyof typeof workflows, 'tradingControl'>, unknown[][]> = {
  askAgent: [
    ...shapes,
    ...nothing,
    [{ account: 'main' }],
    [{ account: 'main', seat: 'nobody' }],
    [{ account: 'X Y', seat: 'qwen' }],
    [{ account: 'main', seat: 'qwen', every: 1 }],
  ],
  tradingCycle: [
    ...shapes,
    [{ symbols: 'BTC/USDT' }],
    [{ symbols: [7] }],
    [{ symbols: null }],
    [{ symbol: 'BTC/USDT' }],
  ],
  keepRecord: [...shapes, ...nothing, [{ record: {} }], [{ record: { ...record, account: 'X Y' } }]],
  executeOrder: [...shapes, ...nothing, ...legs],
  executePlan: [
    ...shapes,
    ...nothing,
    [{ cycleId: 'c', legs: [] }],
    [{ cycleId: 7, legs: [leg] }],
    [{ cycleId: 'c', legs: [leg], onLegFailure: 'panic' }],
    ...legs.map(([bad]) => [{ cycleId: 'c', legs: [leg, bad] }]),
  ],
  protectPosition: [
    ...shapes,
    ...nothing,
    [{ account: 'main' }],
    [{ account: 7, symbol: 'BTC/USDT' }],
    [{ account: 'main', symbol: 'BTC/USDT', memory: {} }],
    [{ account: 'main', symbol: 'BTC/USDT', memory: { openedAt: 1, highest: 100, attempt: 1 } }],
  ],
  flatten: [
    ...account,
    ['main'],
    ['main', '0'],
    ['main', -1],
    ['main', 0.5],
    ['main', null],
    ['main', odd[0]?.[0]],
    ['main', 1, {}],
  ],
  reconcile: account,
  scoreAgents: account,
  report: [...account, ['yearly']],
  health: [...shapes, [{}]],
  exportEvents: [...shapes, [{}]],
  retention: [...shapes, [{}]],
  backup: [...shapes, [{}]],
};

let environment: TestWorkflowEnvironment;
let rig: WorkflowRig;
const called: string[] = [];
/** Every activity that a workflow asks for. */
const asked =
  'openCycle planCycle recordCycle takeSnapshot readPrices formConsensus formOwnConsensus hearGuests pausedBy openAsking beginAsking keepAnswers hearStanding placeOrder resolveOrder awaitFill cancelOrder planCompensation ' +
  'settlePlan dropLeg awaitLeg endLeg heldSymbols isSellingOrdered noteSelling planExit readGuard watchPosition reconcileAccount scoreDueSignals lookAtHealth recover makeBackup exportEvents ' +
  'compactSegments loadSegments writeReport applyRetention';
const activities = Object.fromEntries(asked.split(' ').map((name) => [name, async () => void called.push(name)]));

beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

async function failureOf(handle: WorkflowHandle): Promise<unknown> {
  const error: unknown = await handle.result().catch((reason: unknown) => reason);
  return error instanceof WorkflowFailedError ? error.cause : error;
}

describe('an input that is not valid', () => {
  it('is known of every workflow', () => {
    expect([...Object.keys(malformed), 'tradingControl'].toSorted()).toEqual(Object.keys(workflows).toSorted());
  });

  it.each(Object.entries(malformed))('ends %s at once, with no activity called', async (workflowType, inputs) => {
    rig = await startWorkflowRig(environment, activities);
    try {
      const ends = async (input: unknown[]): Promise<void> => {
        const handle = await rig.start(workflowType, ...input);
        const failure = await failureOf(handle);
        const words = JSON.stringify(input).slice(0, 200);
        expect(failure, words).toBeInstanceOf(ApplicationFailure);
        expect(failure, words).toMatchObject({
          type: 'InvalidInput',
          nonRetryable: true,
          message: expect.stringContaining(`The input of ${workflowType} is not valid.`),
        });
        expect((await handle.describe()).status.name).toBe('FAILED');
        // By the first task that was worked on.
        const { events } = await handle.fetchHistory();
        expect(events?.filter((event) => event.workflowTaskCompletedEventAttributes).length, words).toBe(1);
      };
      for (let first = 0; first < inputs.length; first += 5) {
        await Promise.all(inputs.slice(first, first + 5).map(ends));
      }
      expect(called).toEqual([]);
    } finally {
      await rig.close();
    }
  });

  it.each([
    ['tradingCycle', [{ symbol: ['BTC/USDT'] }], 'unknown key "symbol", did you mean "symbols"?'],
    ['tradingCycle', [{ symbols: 'BTC' }], 'symbols: must be a list, e.g. [a, b] (it is "BTC")'],
    ['tradingCycle', ['hello'], 'the whole: must hold keys with their values (it is "hello")'],
    ['executeOrder', [{ ...leg, limitPrice: 7 }], 'limitPrice: must be a decimal number in quotes'],
    ['executePlan', [{ cycleId: 'c', legs: [leg, { ...leg, symbol: 'x' }] }], 'legs.1.symbol: must be BASE/QUOTE'],
    ['flatten', ['main', 'now'], 'epoch: '],
    ['report', [unreadables[0]?.[1]], 'cannot be read in the encoding binary/x'],
  ])('of %s is named by its field', async (workflowType, input, words) => {
    rig = await startWorkflowRig(environment, activities);
    try {
      const failure = await failureOf(await rig.start(workflowType, ...input));
      expect(failure).toMatchObject({ message: expect.stringContaining(words) });
    } finally {
      await rig.close();
    }
  });
});

describe('trading control', () => {
  it.each(unreadables)('starts with %s', async (_name, value) => {
    rig = await startWorkflowRig(environment, {
      readControl: async () => ({ account: 'main', halted: false, epoch: 0, reason: '', by: '', journalId: 'j' }),
      alignSchedule: async () => undefined,
    });
    try {
      const latch = await rig.start('tradingControl', value);
      expect(await latch.executeUpdate('settled')).toMatchObject({ account: 'main', halted: false });
    } finally {
      await rig.close();
    }
  });
});
