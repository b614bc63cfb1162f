import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { TradingControlState } from '../../contracts/control.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { IntentId } from '../../domain/orders/ids.ts';
import { rootOf } from '../../workflows/root-of.ts';
import type { LatchScene } from './latch-rig.ts';

/** What the latch has to hold, whatever happens between two of its awaits. `latch-mutants.ts` names for each bug the story that finds it. */
export type Story = (scene: LatchScene) => Promise<void>;

export const refusal = (words: RegExp) => ({ cause: { message: expect.stringMatching(words) } });

const open = { symbol: 'BTC/USDT', intentId: tagged<IntentId>('sph1-1') };

async function halt({ stop, until }: LatchScene): Promise<void> {
  await stop('first');
  await until(({ quiet }) => quiet);
}

async function beginHalted(scene: LatchScene, input: object = {}): Promise<void> {
  await scene.begin(input);
  await halt(scene);
}

/** Each await of a resume, and what is between them. */
const moments = [
  ['before', 'reconcile'],
  ['after', 'reconcile'],
  ['before', 'resumeTrading'],
  ['after', 'resumeTrading'],
] as const;
type Moment = (typeof moments)[number];

const overtaken =
  ([moment, name]: Moment): Story =>
  async (scene) => {
    const { books } = scene;
    await beginHalted(scene);
    const gate = books.hold(name, moment);
    const resumed = scene.resume(1).catch((error: unknown) => error);
    await gate.reached;
    await scene.stop('second', 'prices look wrong');
    await scene.until(({ reason }) => reason === 'prices look wrong');
    gate.release();
    const end = await resumed;
    const now = await scene.until(({ quiet }) => quiet);
    expect(now).toMatchObject({ halted: true, fenced: true, reason: 'prices look wrong' });
    expect(books.control).toMatchObject({ halted: true, reason: 'prices look wrong' });
    expect(books.paused).toBe(true);
    // What was resumed before the stop was halted again by it; every other resume was refused.
    if (moment === 'after' && name === 'resumeTrading') expect(books.control.epoch).toBe(3);
    else expect(end).toMatchObject(refusal(/you saw the halt of epoch 1|a stop has just arrived|the epoch has moved/));
  };

const overtakenInTheJournal =
  ([moment, name]: Moment): Story =>
  async (scene) => {
    const { books } = scene;
    await beginHalted(scene);
    const gate = books.hold(name, moment);
    const resumed = scene.resume(1).catch((error: unknown) => error);
    await gate.reached;
    books.raise({ requestId: 'glass', reason: 'break glass', by: 'ann', flatten: false });
    gate.release();
    const end = await resumed;
    expect(books.control).toMatchObject({ halted: true, reason: 'break glass' });
    if (moment === 'before' || name === 'reconcile') expect(end).toMatchObject(refusal(/the epoch has moved/));
    expect(await scene.settled()).toMatchObject({ halted: true, quiet: true, reason: 'break glass' });
  };

const named = <Words extends string>(of: (moment: Moment) => Story, words: Words) =>
  Object.fromEntries(
    moments.map((moment) => [`${words} ${moment.join(' its ')} leaves trading halted`, of(moment)]),
  ) as Record<`${Words} ${Moment[0]} its ${Moment[1]} leaves trading halted`, Story>;

/** More events than a run of this many takes, none of which is anything new. */
const SHORT = { maxEvents: 60 };
async function sayAgain({ stop }: LatchScene): Promise<void> {
  await Promise.all(Array.from({ length: 70 }, () => stop('first')));
}

const manyRuns =
  (offset: number): Story =>
  async (scene) => {
    const { books } = scene;
    await scene.begin({ maxEvents: 30 + offset });
    for (let round = 1; round <= 8; round += 1) {
      const epoch = 2 * round - 1;
      const settling = scene.settled().catch(() => undefined);
      await Promise.all([scene.stop(`round ${round}`), scene.stop(`round ${round}`), settling]);
      await scene.until((now) => now.quiet && now.epoch === epoch);
      // An update that meets the border between two runs is refused, and asked again.
      const resumed = (): Promise<TradingControlState> =>
        scene.resume(epoch).catch(async (error: unknown) => {
          expect(String(rootOf(error))).toMatch(/not quiet yet|ask again|completed/);
          await sleep(50);
          return resumed();
        });
      expect(await resumed()).toMatchObject({ halted: false, epoch: epoch + 1 });
    }
    expect(books.raised.size).toBe(8);
    await scene.eventually(async () => (await scene.runs()) > 3);
  };

export const stories = {
  ...named(overtaken, 'a resume that a stop overtakes'),
  ...named(overtakenInTheJournal, 'a resume that a stop in the journal alone overtakes'),

  async 'a resume is refused for a stop that is not fenced yet'(scene) {
    const { books } = scene;
    await beginHalted(scene);
    const reconciling = books.hold('reconcile', 'before');
    const fencing = books.hold('raiseHalts', 'before');
    const resumed = scene.resume(1).catch((error: unknown) => error);
    await reconciling.reached;
    await scene.stop('second');
    await fencing.reached;
    reconciling.release();
    expect(await resumed).toMatchObject(refusal(/a stop has just arrived/));
    expect(books.calls).not.toContain('resumeTrading');
    fencing.release();
    await scene.until(({ quiet, epoch }) => quiet && epoch === 2);
  },

  async 'a resume is for the halt that the resumer saw, not for one that came after it'(scene) {
    const { books } = scene;
    await scene.begin();
    await scene.stop('first');
    await scene.stop('second');
    await scene.until(({ quiet, epoch }) => quiet && epoch === 2);
    await expect(scene.resume(1)).rejects.toMatchObject(
      refusal(/you saw the halt of epoch 1.*halted at epoch 2 by ann: second/),
    );
    expect(await scene.resume(2)).toMatchObject({ halted: false, epoch: 3 });
    await expect(scene.resume(2)).rejects.toMatchObject(refusal(/trading is not halted/));
    await scene.until(() => !books.paused);
  },

  async 'a resume waits for quiet and no longer than fifteen seconds'(scene) {
    const { books } = scene;
    await scene.begin();
    books.sweep = { ...books.sweep, remaining: [open] };
    await scene.stop('first');
    await scene.until(({ fenced }) => fenced);
    const asked = performance.now();
    await expect(scene.resume(1)).rejects.toMatchObject(refusal(/not quiet yet: BTC\/USDT sph1-1 is open/));
    expect(performance.now() - asked).toBeLessThan(20_000);
    expect(books.control.halted).toBe(true);
  },

  async 'a resume is one at a time'(scene) {
    await beginHalted(scene);
    const gate = scene.books.hold('reconcile', 'before');
    const first = scene.resume(1);
    await gate.reached;
    await expect(scene.resume(1)).rejects.toMatchObject(refusal(/another resume is under way/));
    gate.release();
    expect(await first).toMatchObject({ halted: false });
  },

  async 'a resume by software ends no halt of a person'(scene) {
    const { books } = scene;
    await beginHalted(scene);
    await expect(scene.resume(1, { by: 'health', onlyOver: 'reconcile' })).rejects.toMatchObject(
      refusal(/not a halt of reconcile/),
    );
    expect(books.control).toMatchObject({ halted: true, by: 'ann' });
  },

  async 'a resume is refused while exchange and books differ'(scene) {
    const { books } = scene;
    await beginHalted(scene);
    books.reconciliation = { clean: false, differences: ['BTC: booked 1, at the exchange 2'] };
    await expect(scene.resume(1)).rejects.toMatchObject(refusal(/books and exchange differ: BTC: booked 1/));
    expect(books.control.halted).toBe(true);
  },

  async 'without the journal it cancels all the same, says so within five seconds, and fences once it is back'(scene) {
    const { books } = scene;
    books.failing.set('raiseHalts', 'disk I/O error');
    await scene.begin();
    await scene.stop('first');
    const told = await scene.until(({ trouble }) => trouble.length > 0, 5_500);
    expect(told).toMatchObject({ fenced: false, trouble: ['the halt row cannot be written: disk I/O error'] });
    expect(told.waitingSince).toBeGreaterThan(0);
    await scene.eventually(() => books.count('sweepOrders') > 0, 3_000);
    books.failing.clear();
    expect(await scene.until(({ quiet }) => quiet)).toMatchObject({ fenced: true, trouble: [] });
  },

  async 'sweeps while the schedule cannot be paused'(scene) {
    const { books } = scene;
    books.failing.set('alignSchedule', 'Schedule notes exceeds limit');
    await beginHalted(scene);
    const told = await scene.until(({ trouble }) => trouble.length > 0, 5_500);
    expect(told.trouble).toEqual(['the schedule cannot be paused or resumed: Schedule notes exceeds limit']);
    books.failing.clear();
    await scene.until(({ trouble }) => trouble.length === 0);
    expect(books.paused).toBe(true);
  },

  async 'tells what the exchange keeps open, and takes every later stop'(scene) {
    const { books } = scene;
    books.sweep = { ...books.sweep, remaining: [open], failed: [{ ...open, reason: 'the symbol is halted' }] };
    await scene.begin();
    await scene.stop('first');
    expect(await scene.until(({ remaining }) => remaining.length > 0)).toMatchObject({ fenced: true, quiet: false });
    await scene.stop('second');
    expect(await scene.until(({ epoch }) => epoch === 2, 2_000)).toMatchObject({ fenced: true });
    books.sweep = { ...books.sweep, remaining: [], failed: [] };
    expect(await scene.until(({ quiet }) => quiet)).toMatchObject({ epoch: 2, remaining: [] });
  },

  async 'fences and says so while the exchange does not answer'(scene) {
    const { books } = scene;
    const gate = books.hold('sweepOrders', 'before');
    await scene.begin();
    await scene.stop('first');
    await gate.reached;
    await scene.stop('second');
    expect(await scene.until(({ epoch }) => epoch === 2, 2_000)).toMatchObject({ fenced: true, quiet: false });
    expect(await scene.until(({ trouble }) => trouble.length > 0, 5_000)).toMatchObject({
      trouble: ['the exchange or the journal has not answered for 4 s'],
    });
    gate.release();
    expect(await scene.until(({ quiet }) => quiet)).toMatchObject({ epoch: 2, trouble: [] });
  },

  async 'sells what is held, also when quiet does not come'(scene) {
    const { books } = scene;
    books.sweep = { ...books.sweep, unresolved: ['sph1-1'] };
    await scene.begin();
    await scene.latch.signal('emergencyStop', { reason: 'x', by: 'ann', flatten: true });
    const told = await scene.until(({ flattened }) => flattened !== undefined, 20_000);
    expect(told).toMatchObject({ flattened: 1, quiet: false });
    await scene.endSelling();
  },

  async 'sells what is held, also when a look at the exchange does not end'(scene) {
    const gate = scene.books.hold('sweepOrders', 'before');
    await scene.begin();
    await scene.latch.signal('emergencyStop', { reason: 'x', by: 'ann', flatten: true });
    const told = await scene.until(({ flattened }) => flattened !== undefined, 20_000);
    expect(told).toMatchObject({ flattened: 1, quiet: false });
    gate.release();
    await scene.until(({ quiet }) => quiet);
    await scene.endSelling();
  },

  async 'sells once, and not before a quiet that comes soon'(scene) {
    const { books } = scene;
    const gate = books.hold('sweepOrders', 'before');
    await scene.begin();
    await scene.latch.signal('emergencyStop', { reason: 'x', by: 'ann', flatten: true });
    await gate.reached;
    await sleep(5_000);
    expect((await scene.state()).flattened).toBeUndefined();
    gate.release();
    expect(await scene.until(({ flattened }) => flattened !== undefined)).toMatchObject({ flattened: 1, quiet: true });
    await scene.endSelling();
  },

  async 'a stop that the books do not take keeps no other from being taken'(scene) {
    const { books } = scene;
    books.poison = 'first';
    await scene.begin();
    await scene.stop('first');
    await scene.stop('proper');
    await scene.until(({ reason }) => reason === 'proper', 6_000);
    expect(books.control).toMatchObject({ halted: true, reason: 'proper' });
    books.poison = undefined;
    await scene.until(({ quiet, epoch }) => quiet && epoch === 2);
  },

  async 'knows of a halt that was ended without it while it looks at the exchange'(scene) {
    const { books } = scene;
    books.sweep = { ...books.sweep, remaining: [open] };
    await scene.begin();
    await scene.stop('first');
    await scene.until(({ remaining }) => remaining.length > 0);
    books.resume();
    expect(await scene.until(({ halted }) => !halted, 5_000)).toMatchObject({ epoch: 2, by: 'eve', quiet: false });
    const looks = books.count('sweepOrders');
    await sleep(1_000);
    expect(books.count('sweepOrders')).toBe(looks);
  },

  async 'knows of a resume whose answer was lost'(scene) {
    const { books } = scene;
    await beginHalted(scene);
    const gate = books.hold('resumeTrading', 'after');
    const resumed = scene.resume(1);
    await gate.reached;
    expect(await scene.until(({ halted }) => !halted, 25_000)).toMatchObject({ epoch: 2 });
    expect(await resumed).toMatchObject({ halted: false, epoch: 2 });
    await scene.eventually(() => !books.paused);
  },

  async 'the same stop sent twice is one'(scene) {
    const { books } = scene;
    await beginHalted(scene);
    await scene.stop('first');
    await scene.settled();
    expect(books.count('raiseHalts')).toBe(1);
  },

  async 'a stop that is sent again after a resume is a stop again'(scene) {
    await beginHalted(scene);
    await scene.resume(1);
    await scene.stop('first');
    expect(await scene.until(({ quiet }) => quiet)).toMatchObject({ halted: true, epoch: 3 });
  },

  async 'a stop that waits is known when the first look comes late'(scene) {
    const { books } = scene;
    const reading = books.hold('readControl', 'after');
    const fencing = books.hold('raiseHalts', 'before');
    await scene.begin();
    await reading.reached;
    await scene.stop('first');
    await fencing.reached;
    reading.release();
    await scene.eventually(() => books.count('alignSchedule') > 0);
    await scene.stop('first');
    fencing.release();
    await scene.until(({ quiet }) => quiet);
    await scene.settled();
    expect(books.count('raiseHalts')).toBe(1);
  },

  async 'is stopped by an object for a reason'(scene) {
    await scene.begin();
    await scene.latch.signal('emergencyStop', { reason: { a: 1 }, by: 'x' });
    await halt(scene);
    expect(scene.books.raised.size).toBe(2);
  },

  async 'is carried out under a request to cancel the latch'(scene) {
    await scene.begin();
    await scene.settled();
    await scene.latch.cancel();
    await halt(scene);
    expect(await scene.resume(1)).toMatchObject({ halted: false });
  },

  async 'fences a proper stop within two seconds, behind a thousand others'(scene) {
    await scene.begin();
    await scene.settled();
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => scene.latch.signal('emergencyStop', index)));
    const before = performance.now();
    await scene.stop('proper');
    await scene.until(({ reason }) => reason === 'proper', 15_000);
    expect(scene.books.raised.has('proper')).toBe(true);
    await scene.until(({ quiet }) => quiet);
    expect(performance.now() - before).toBeLessThan(15_000);
  },

  ...Object.fromEntries(
    [0, 2, 5].map((offset) => [
      `a new run takes every stop and resume along that comes near its beginning (${offset})`,
      manyRuns(offset),
    ]),
  ),

  async 'a new run goes on with a stop that is not fenced, and with selling that is wished for'(scene) {
    const { books } = scene;
    books.failing.set('raiseHalts', 'locked');
    await scene.begin({ maxEvents: 40 });
    await scene.latch.signal('emergencyStop', { reason: 'x', by: 'ann', requestId: 'first', flatten: true });
    const { runId } = await scene.latch.describe();
    await scene.eventually(async () => (await scene.latch.describe()).runId !== runId, 15_000);
    books.failing.clear();
    const told = await scene.until(({ flattened }) => flattened !== undefined);
    expect(told).toMatchObject({ epoch: 1, quiet: true, flattened: 1 });
    await scene.endSelling();
  },

  async 'a new run does not believe a memory that the books contradict'(scene) {
    const { books } = scene;
    books.raise({ requestId: 'glass', reason: 'break glass', by: 'ann', flatten: false });
    await scene.begin({ quietEpoch: 1, seen: ['x'] });
    expect(await scene.settled()).toMatchObject({ halted: true, epoch: 1, quiet: true });
    expect(books.calls).toContain('sweepOrders');
  },

  async 'a new run knows the stops of the one before'(scene) {
    await beginHalted(scene, SHORT);
    await sayAgain(scene);
    await scene.eventually(async () => (await scene.runs()) > 1);
    await scene.stop('first');
    await scene.settled();
    expect(scene.books.count('raiseHalts')).toBe(1);
  },

  async 'a run answers what it was asked before it ends'(scene) {
    await beginHalted(scene, SHORT);
    const gate = scene.books.hold('reconcile', 'before');
    const resumed = scene.resume(1);
    await gate.reached;
    await sayAgain(scene);
    await sleep(500);
    gate.release();
    expect(await resumed).toMatchObject({ halted: false, epoch: 2 });
    await scene.eventually(async () => (await scene.runs()) > 1);
  },

  async 'a run that is about to end fences a stop while somebody waits for its answer'(scene) {
    const { books } = scene;
    await beginHalted(scene, SHORT);
    const gate = books.hold('readControl', 'before');
    const asked = scene.settled();
    await gate.reached;
    await sayAgain(scene);
    await sleep(500);
    await scene.stop('second');
    expect(await scene.until(({ epoch }) => epoch === 2, 2_000)).toMatchObject({ fenced: true });
    gate.release();
    expect(await asked).toMatchObject({ halted: true, epoch: 2 });
    await scene.until(({ quiet, epoch }) => quiet && epoch === 2);
  },

  async 'a run that is about to end fences a stop while the exchange does not answer'(scene) {
    const gate = scene.books.hold('sweepOrders', 'before');
    await scene.begin(SHORT);
    await scene.stop('first');
    await gate.reached;
    await sayAgain(scene);
    await sleep(500);
    await scene.stop('second');
    expect(await scene.until(({ epoch }) => epoch === 2, 2_000)).toMatchObject({ fenced: true });
    gate.release();
    await scene.until(({ quiet, epoch }) => quiet && epoch === 2);
  },

  async 'goes by new books where the old ones were moved away, and looks at the exchange for them'(scene) {
    const { books } = scene;
    await beginHalted(scene);
    expect(await scene.resume(1)).toMatchObject({ epoch: 2 });
    books.replace('another');
    const looks = books.count('sweepOrders');
    await scene.stop('second');
    expect(await scene.until(({ quiet }) => quiet)).toMatchObject({ halted: true, epoch: 1, journalId: 'another' });
    expect(books.count('sweepOrders')).toBeGreaterThan(looks);
  },

  async 'goes by the newest word of the books, in whatever order the answers come'(scene) {
    await scene.begin();
    await scene.settled();
    const gate = scene.books.hold('readControl', 'after');
    const late = scene.settled();
    await gate.reached;
    await halt(scene);
    gate.release();
    expect(await late).toMatchObject({ halted: true, epoch: 1, quiet: true });
    expect(await scene.resume(1)).toMatchObject({ halted: false });
  },
} satisfies Record<string, Story>;
