import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { resumeStories } from './latch-stories-resume.ts';
import { runStories } from './latch-stories-runs.ts';
import { beginHalted, halt, open, type Story } from './latch-story.ts';

export const stories = {
  ...resumeStories,
  ...runStories,

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
