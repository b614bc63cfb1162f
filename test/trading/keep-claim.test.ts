import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { keepClaim } from '../../trading/control/keep-claim.ts';

const held = { stackId: 'one', fence: 3 };
const EVERY_MS = 5;

/** Answers in turn; the last one from then on. */
function keeping(...answers: (boolean | Error)[]) {
  const said = { lost: 0, warned: 0, asked: [] as unknown[] };
  const kept = keepClaim({
    stacks: {
      renew: async (given) => {
        said.asked.push(given);
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (answer instanceof Error) throw answer;
        return answer === true;
      },
    },
    held,
    onLost: () => (said.lost += 1),
    logger: pino({ level: 'warn' }, { write: () => void (said.warned += 1) }),
    everyMs: EVERY_MS,
  });
  return { said, kept };
}

it('renews until it is closed', async () => {
  const { said, kept } = keeping(true);
  await expect.poll(() => said.asked.length).toBeGreaterThan(3);
  expect(said.asked[0]).toEqual(held);
  await kept.close();
  const { length } = said.asked;
  await sleep(5 * EVERY_MS);
  expect([said.asked.length, said.lost]).toEqual([length, 0]);
});

it('says once that it was lost, and asks no more', async () => {
  const { said, kept } = keeping(true, false);
  await expect.poll(() => said.lost).toBe(1);
  await sleep(5 * EVERY_MS);
  expect([said.asked.length, said.lost]).toEqual([2, 1]);
  await kept.close();
});

it('takes books that do not answer for no loss, warns once, and counts how long it has not heard of them', async () => {
  const { said, kept } = keeping(new Error('away'));
  await expect.poll(() => said.asked.length).toBeGreaterThan(3);
  expect([said.lost, said.warned]).toEqual([0, 1]);
  expect(kept.silentMs()).toBeGreaterThan(3 * EVERY_MS);
  await kept.close();
});
