import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { TradingControlState } from '../../contracts/control.ts';
import { rootOf } from '../../workflows/root-of.ts';
import type { LatchScene } from './latch-rig.ts';
import { beginHalted, type Story } from './latch-story.ts';

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

/** What one run of the latch hands to the next, and answers before it ends. */
export const runStories = {
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
} satisfies Record<string, Story>;
