import { expect } from 'vitest';
import type { LatchScene } from './latch-rig.ts';
import { beginHalted, open, refusal, type Story } from './latch-story.ts';

/** Each await of a resume, and what is between them. */
const moments = [
  ['before', 'reconcile'],
  ['after', 'reconcile'],
  ['before', 'resumeTrading'],
  ['after', 'resumeTrading'],
] as const;
type Moment = (typeof moments)[number];

/** A resume of the halt of epoch 1 that stands still there. */
async function resumeHeldAt(scene: LatchScene, [moment, name]: Moment) {
  await beginHalted(scene);
  const gate = scene.books.hold(name, moment);
  const resumed = scene.resume(1).catch((error: unknown) => error);
  await gate.reached;
  return { gate, resumed };
}

const overtaken =
  (moment: Moment): Story =>
  async (scene) => {
    const { books } = scene;
    const { resumed, gate } = await resumeHeldAt(scene, moment);
    await scene.stop('second', 'prices look wrong');
    await scene.until(({ reason }) => reason === 'prices look wrong');
    gate.release();
    const end = await resumed;
    const now = await scene.until(({ quiet }) => quiet);
    expect(now).toMatchObject({ halted: true, fenced: true, reason: 'prices look wrong' });
    expect(books.control).toMatchObject({ halted: true, reason: 'prices look wrong' });
    expect(books.paused).toBe(true);
    // What was resumed before the stop was halted again by it; every other resume was refused.
    if (moment.join(' ') === 'after resumeTrading') expect(books.control.epoch).toBe(3);
    else expect(end).toMatchObject(refusal(/you saw the halt of epoch 1|a stop has just arrived|the epoch has moved/));
  };

const overtakenInTheJournal =
  (moment: Moment): Story =>
  async (scene) => {
    const { books } = scene;
    const { resumed, gate } = await resumeHeldAt(scene, moment);
    books.raise({ requestId: 'glass', reason: 'break glass', by: 'ann', flatten: false });
    gate.release();
    const end = await resumed;
    expect(books.control).toMatchObject({ halted: true, reason: 'break glass' });
    if (moment.join(' ') !== 'after resumeTrading') expect(end).toMatchObject(refusal(/the epoch has moved/));
    expect(await scene.settled()).toMatchObject({ halted: true, quiet: true, reason: 'break glass' });
  };

const named = <Words extends string>(of: (moment: Moment) => Story, words: Words) =>
  Object.fromEntries(
    moments.map((moment) => [`${words} ${moment.join(' its ')} leaves trading halted`, of(moment)]),
  ) as Record<`${Words} ${Moment[0]} its ${Moment[1]} leaves trading halted`, Story>;

/** What a resume may not do, and what it has to do. */
export const resumeStories = {
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
} satisfies Record<string, Story>;
