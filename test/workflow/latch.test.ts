import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TradingControlState } from '../../contracts/control.ts';
import { flattenWorkflowId } from '../../contracts/workflow-ids.ts';
import { rootOf } from '../../workflows/root-of.ts';
import { startDevServer } from '../support/temporal.ts';
import { startWorkflowRig, type WorkflowRig } from '../support/workflow-rig.ts';
import { ScriptedBooks } from './scripted-books.ts';

let environment: TestWorkflowEnvironment;
let books: ScriptedBooks;
let rig: WorkflowRig;
let latch: WorkflowHandle;

beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());
beforeEach(async () => {
  // One of its own, since a flattening is started once an account and epoch.
  books = new ScriptedBooks(`main-${randomUUID()}`);
  rig = await startWorkflowRig(environment, books.activities());
});
afterEach(async () => {
  await rig.close();
});

const begin = async (input: object = {}): Promise<void> => {
  latch = await rig.start('tradingControl', input);
};
const stop = (requestId: string, reason = requestId) => latch.signal('emergencyStop', { reason, by: 'ann', requestId });
const state = () => latch.query<TradingControlState>('state');
const settled = () => latch.executeUpdate<TradingControlState, []>('settled', { args: [] });
const resume = (expectedEpoch: number, more: object = {}) =>
  latch.executeUpdate<TradingControlState, [unknown]>('resume', {
    args: [{ reason: 'looked at it', by: 'ann', expectedEpoch, ...more }],
  });
const refusal = (words: RegExp) => ({ cause: { message: expect.stringMatching(words) } });

/** Nobody works for it here. */
async function endSelling(): Promise<void> {
  await environment.client.workflow.getHandle(flattenWorkflowId(books.control.account, 1)).terminate('end of the test');
}

async function until(check: (now: TradingControlState) => boolean, withinMs = 10_000): Promise<TradingControlState> {
  const end = performance.now() + withinMs;
  for (;;) {
    const now = await state();
    if (check(now)) return now;
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(now)}`);
    await sleep(30);
  }
}

describe('a resume', () => {
  /** Each await of a resume, and what is between them. */
  const moments = [
    ['before', 'reconcile'],
    ['after', 'reconcile'],
    ['before', 'resumeTrading'],
    ['after', 'resumeTrading'],
  ] as const;

  it.each(moments)('that a stop overtakes %s its %s leaves trading halted', async (moment, name) => {
    await begin();
    await stop('first');
    await until(({ quiet }) => quiet);
    const gate = books.hold(name, moment);
    const resumed = resume(1).catch((error: unknown) => error);
    await gate.reached;
    await stop('second', 'prices look wrong');
    await until(({ reason }) => reason === 'prices look wrong');
    gate.release();
    const end = await resumed;
    const now = await until(({ quiet }) => quiet);
    expect(now).toMatchObject({ halted: true, fenced: true, reason: 'prices look wrong' });
    expect(books.control).toMatchObject({ halted: true, reason: 'prices look wrong' });
    expect(books.paused).toBe(true);
    // What was resumed before the stop was halted again by it; every other resume was refused.
    if (moment === 'after' && name === 'resumeTrading') expect(books.control.epoch).toBe(3);
    else expect(end).toMatchObject(refusal(/you saw the halt of epoch 1|a stop has just arrived|the epoch has moved/));
  });

  it.each(moments)(
    'that a stop in the journal alone overtakes %s its %s leaves trading halted',
    async (moment, name) => {
      await begin();
      await stop('first');
      await until(({ quiet }) => quiet);
      const gate = books.hold(name, moment);
      const resumed = resume(1).catch((error: unknown) => error);
      await gate.reached;
      books.raise({ requestId: 'glass', reason: 'break glass', by: 'ann', flatten: false });
      gate.release();
      const end = await resumed;
      expect(books.control).toMatchObject({ halted: true, reason: 'break glass' });
      if (moment === 'before' || name === 'reconcile') expect(end).toMatchObject(refusal(/the epoch has moved/));
      expect(await settled()).toMatchObject({ halted: true, quiet: true, reason: 'break glass' });
    },
  );

  it('is for the halt that the resumer saw, not for one that came after it', async () => {
    await begin();
    await stop('first');
    await stop('second');
    await until(({ quiet, epoch }) => quiet && epoch === 2);
    await expect(resume(1)).rejects.toMatchObject(
      refusal(/you saw the halt of epoch 1.*halted at epoch 2 by ann: second/),
    );
    expect(await resume(2)).toMatchObject({ halted: false, epoch: 3 });
    await expect(resume(2)).rejects.toMatchObject(refusal(/trading is not halted/));
    await until(() => !books.paused);
  });

  it('waits for quiet and no longer than fifteen seconds', async () => {
    await begin();
    books.sweep = { ...books.sweep, remaining: [{ symbol: 'BTC/USDT', intentId: 'sph1-1' }] };
    await stop('first');
    await until(({ fenced }) => fenced);
    await expect(resume(1)).rejects.toMatchObject(refusal(/not quiet yet: BTC\/USDT sph1-1 is open/));
    expect(books.control.halted).toBe(true);
  });

  it('is one at a time', async () => {
    await begin();
    await stop('first');
    await until(({ quiet }) => quiet);
    const gate = books.hold('reconcile', 'before');
    const first = resume(1);
    await gate.reached;
    await expect(resume(1)).rejects.toMatchObject(refusal(/another resume is under way/));
    gate.release();
    expect(await first).toMatchObject({ halted: false });
  });

  it.each([
    [{ reason: '' }, /at least one printable character/],
    [{ by: 7 }, /by/],
    [{ expectedEpoch: '1' }, /expectedEpoch/],
    [{ expectedEpoch: undefined }, /expectedEpoch/],
    [{ onlyOver: 'risk' }, /onlyOver/],
    [{ more: 1 }, /more/],
  ])('with %j is refused with its form', async (more, words) => {
    await begin();
    await stop('first');
    await until(({ quiet }) => quiet);
    await expect(resume(1, more)).rejects.toMatchObject(refusal(words));
  });
});

describe('a step that fails keeps no other from being done', () => {
  it('without the journal it cancels all the same, says so within five seconds, and fences once it is back', async () => {
    books.failing.set('raiseHalts', 'disk I/O error');
    await begin();
    await stop('first');
    const told = await until(({ trouble }) => trouble.length > 0, 5_500);
    expect(told).toMatchObject({ fenced: false, trouble: ['the halt row cannot be written: disk I/O error'] });
    expect(told.waitingSince).toBeGreaterThan(0);
    await expect.poll(() => books.calls).toContain('sweepOrders');
    books.failing.clear();
    expect(await until(({ quiet }) => quiet)).toMatchObject({ fenced: true, trouble: [] });
  });

  it('sweeps while the schedule cannot be paused', async () => {
    books.failing.set('alignSchedule', 'Schedule notes exceeds limit');
    await begin();
    await stop('first');
    await until(({ quiet }) => quiet);
    const told = await until(({ trouble }) => trouble.length > 0, 5_500);
    expect(told.trouble).toEqual(['the schedule cannot be paused or resumed: Schedule notes exceeds limit']);
    books.failing.clear();
    await until(({ trouble }) => trouble.length === 0);
    expect(books.paused).toBe(true);
  });

  it('tells what the exchange keeps open, asks less and less often, and takes every later stop', async () => {
    const open = { symbol: 'BTC/USDT', intentId: 'sph1-1' };
    books.sweep = { ...books.sweep, remaining: [open], failed: [{ ...open, reason: 'the symbol is halted' }] };
    await begin();
    await stop('first');
    expect(await until(({ remaining }) => remaining.length > 0)).toMatchObject({ fenced: true, quiet: false });
    await stop('second');
    expect(await until(({ epoch }) => epoch === 2, 2_000)).toMatchObject({ fenced: true });
    books.sweep = { ...books.sweep, remaining: [], failed: [] };
    expect(await until(({ quiet }) => quiet)).toMatchObject({ epoch: 2, remaining: [] });
  });

  it('sells what is held, also when quiet does not come', async () => {
    books.sweep = { ...books.sweep, unresolved: ['sph1-1'] };
    await begin();
    await latch.signal('emergencyStop', { reason: 'x', by: 'ann', flatten: true });
    expect(await until(({ flattened }) => flattened !== undefined, 20_000)).toMatchObject({
      flattened: 1,
      quiet: false,
    });
    await endSelling();
  });
});

describe('whatever arrives', () => {
  const long = 'ä'.repeat(2_000);
  it.each([
    ['nothing', [], 'no reason given', 'unknown'],
    ['null', [null], 'no reason given', 'unknown'],
    ['a text', ['get me out'], 'get me out', 'unknown'],
    ['a number', [7], 'no reason given', 'unknown'],
    ['an object for a reason', [{ reason: { a: 1 }, by: 'x' }], '{"a":1}', 'x'],
    ['lists', [{ reason: ['a'], by: ['b'], requestId: [1], flatten: 'yes' }], '["a"]', '["b"]'],
    ['a long reason', [{ reason: long, by: long }], 'ä'.repeat(200), 'ä'.repeat(50)],
    ['escapes', [{ reason: 'a\u001b[2J\nb\u0000c', by: '\u0007' }], 'a [2J b c', 'unknown'],
    ['lone surrogates', [{ reason: '\ud800', by: 'x' }], 'no reason given', 'x'],
    ['a name of software', [{ reason: 'x', by: 'reconcile' }], 'x', '"reconcile"'],
    ['a name of an object', [{ reason: 'x', by: 'y', requestId: '__proto__' }], 'x', 'y'],
  ])('is a stop: %s', async (_name, args, reason, by) => {
    await begin();
    await latch.signal('emergencyStop', ...args);
    expect(await until(({ quiet }) => quiet)).toMatchObject({ halted: true, epoch: 1, reason, by });
    expect([...books.raised.values()]).toMatchObject([{ reason, by, flatten: false }]);
    await stop('a proper one');
    expect(await until(({ epoch }) => epoch === 2, 2_000)).toMatchObject({ fenced: true, reason: 'a proper one' });
  });

  it.each([
    [null],
    ['x'],
    [7],
    [[]],
    [{ waiting: 7, seen: {}, maxEvents: -1, quietEpoch: 'x', sell: 1, account: 'other' }],
  ])('it starts with %j', async (input) => {
    latch = await rig.start('tradingControl', input);
    await stop('first');
    expect(await until(({ quiet }) => quiet)).toMatchObject({ account: books.control.account, epoch: 1 });
  });

  it('is carried out under a request to cancel the latch', async () => {
    await begin();
    await settled();
    await latch.cancel();
    await stop('first');
    await until(({ quiet }) => quiet);
    expect(await resume(1)).toMatchObject({ halted: false });
  });

  it('fences a proper stop within two seconds, behind a thousand others', async () => {
    await begin();
    await settled();
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => latch.signal('emergencyStop', index)));
    const before = performance.now();
    await stop('proper');
    await until(({ reason }) => reason === 'proper', 15_000);
    expect(books.raised.has('proper')).toBe(true);
    await until(({ quiet }) => quiet);
    expect(performance.now() - before).toBeLessThan(15_000);
  });
});

describe('a new run', () => {
  it.each([0, 2, 5])('takes every stop and resume along that comes near its beginning (%i)', async (offset) => {
    await begin({ maxEvents: 30 + offset });
    for (let round = 1; round <= 8; round += 1) {
      const epoch = 2 * round - 1;
      const settling = settled().catch(() => undefined);
      await Promise.all([stop(`round ${round}`), stop(`round ${round}`), settling]);
      await until((now) => now.quiet && now.epoch === epoch);
      // An update that meets the border between two runs is refused, and asked again.
      const resumed = (): Promise<TradingControlState> =>
        resume(epoch).catch(async (error: unknown) => {
          expect(String(rootOf(error))).toMatch(/not quiet yet|ask again|completed/);
          await sleep(50);
          return resumed();
        });
      expect(await resumed()).toMatchObject({ halted: false, epoch: epoch + 1 });
    }
    expect(books.raised.size).toBe(8);
    const { runs } = (await rig.close()).find(({ workflowType }) => workflowType === 'tradingControl') ?? { runs: 0 };
    expect(runs).toBeGreaterThan(3);
    rig = await startWorkflowRig(environment, books.activities());
  });

  it('goes on with a stop that is not fenced, and with selling that is wished for', async () => {
    books.failing.set('raiseHalts', 'locked');
    await begin({ maxEvents: 40 });
    await latch.signal('emergencyStop', { reason: 'x', by: 'ann', requestId: 'first', flatten: true });
    const { runId } = await latch.describe();
    await expect.poll(async () => (await latch.describe()).runId, { timeout: 15_000 }).not.toBe(runId);
    books.failing.clear();
    expect(await until(({ flattened }) => flattened !== undefined)).toMatchObject({
      epoch: 1,
      quiet: true,
      flattened: 1,
    });
    await endSelling();
  });

  it('does not believe a memory that the books contradict', async () => {
    books.raise({ requestId: 'glass', reason: 'break glass', by: 'ann', flatten: false });
    await begin({ quietEpoch: 7, seen: ['x'] });
    expect(await settled()).toMatchObject({ halted: true, epoch: 1, quiet: true });
    expect(books.calls).toContain('sweepOrders');
  });
});

it('goes by the newest word of the books, in whatever order the answers come', async () => {
  await begin();
  await settled();
  const gate = books.hold('readControl', 'after');
  const late = settled();
  await gate.reached;
  await stop('first');
  await until(({ quiet }) => quiet);
  gate.release();
  expect(await late).toMatchObject({ halted: true, epoch: 1, quiet: true });
  expect(await resume(1)).toMatchObject({ halted: false });
});
