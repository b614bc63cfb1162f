import { expect, it } from 'vitest';
import { progressOf } from '../../trading/execute/progress.ts';
import { leg, sending, temporaryJournal, terms } from '../support/books.ts';

it('of a leg that the fence denied says the refusal, and of one that the exchange rejected its words alone', async () => {
  const journal = await temporaryJournal();
  const late = leg({ epoch: 7 });
  const denied = await journal.intents.openFence(late, terms(late), sending(Date.now()));
  const { result } = progressOf(late, [denied.intent]);
  expect(result).toMatchObject({ state: 'denied', detail: 'StaleEpoch: limit 0, value 7' });
  expect(result.refusal).toEqual({ code: 'StaleEpoch', limit: '0', value: '7' });

  const rejected = progressOf(late, [{ ...denied.intent, state: 'rejected' }]);
  expect(rejected.result).toMatchObject({ state: 'rejected', detail: 'StaleEpoch: limit 0, value 7' });
  expect(rejected.result).not.toHaveProperty('refusal');
  await journal.close();
});
