import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDevServer } from '../support/temporal.ts';
import { type LatchRig, startLatchRig } from './latch-rig.ts';
import { stories } from './latch-stories.ts';
import { refusal, type Story } from './latch-story.ts';

let environment: TestWorkflowEnvironment;
let rig: LatchRig;

beforeAll(async () => {
  environment = await startDevServer();
  rig = await startLatchRig(environment);
});
afterAll(async () => {
  // Every history of every latch replays.
  await rig.close();
  await environment.teardown();
});

// Side by side: most of the time each waits for the seconds that a step is given.
describe.concurrent('the latch', () => {
  it.each(Object.entries<Story>(stories))('%s', (_name, story) => story(rig.scene()));

  it.each([
    [{ reason: '' }, /at least one printable character/],
    [{ by: 7 }, /by/],
    [{ expectedEpoch: '1' }, /expectedEpoch/],
    [{ expectedEpoch: undefined }, /expectedEpoch/],
    [{ onlyOver: 'risk' }, /onlyOver/],
    [{ more: 1 }, /more/],
  ])('refuses a resume with %j with its form', async (more, words) => {
    const scene = rig.scene();
    await scene.begin();
    await scene.stop('first');
    await scene.until(({ quiet }) => quiet);
    await expect(scene.resume(1, more)).rejects.toMatchObject(refusal(words));
  });

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
  ])('is stopped by whatever arrives: %s', async (_name, args, reason, by) => {
    const scene = rig.scene();
    await scene.begin();
    await scene.latch.signal('emergencyStop', ...args);
    expect(await scene.until(({ quiet }) => quiet)).toMatchObject({ halted: true, epoch: 1, reason, by });
    expect([...scene.books.raised.values()]).toMatchObject([{ reason, by, flatten: false }]);
    await scene.stop('a proper one');
    expect(await scene.until(({ epoch }) => epoch === 2, 2_000)).toMatchObject({
      fenced: true,
      reason: 'a proper one',
    });
  });

  it.each([
    [null],
    ['x'],
    [7],
    [[]],
    [{ waiting: 7, seen: {}, maxEvents: -1, quietEpoch: 'x', sell: 1, account: 'other' }],
  ])('starts with %j', async (input) => {
    const scene = rig.scene();
    await scene.begin(input);
    await scene.stop('first');
    const { account } = scene.books.control;
    expect(await scene.until(({ quiet }) => quiet)).toMatchObject({ account, epoch: 1 });
  });
});
