import { setTimeout as sleep } from 'node:timers/promises';
import { checks } from '../chaos/checks.ts';
import { type Evidence, gather } from '../chaos/evidence.ts';
import type { Violation } from '../chaos/invariants.ts';
import type { GameDayStack } from './stack.ts';

/** Of an agent that nobody has set up: it is no fault. */
const notSetUp = ['no_key', 'no_endpoint', 'not_configured', 'not_enough_data', 'no_signal', 'no_view'];

/** At rest nothing is written while both sides' records are read. */
export async function compared(stack: GameDayStack): Promise<Violation[]> {
  for (let tries = 0; tries < 60; tries += 1) {
    await sleep(1_000);
    if ((await stack.journal.intents.listOpen('main')).length > 0) continue;
    const evidence = await gather(stack);
    const last = evidence.events.at(-1)?.sequence ?? 0;
    if ((await stack.journal.outbox.after(last, 1)).length > 0) continue;
    return checks.flatMap((check) => check(withoutGuests(evidence)));
  }
  throw new Error('the books are never at rest');
}

/** The order that the game day itself sent is nobody's of ours. */
function withoutGuests({ venue, ...evidence }: Evidence): Evidence {
  const orders = venue.orders.filter(({ clientOrderId }) => !clientOrderId.startsWith('gameday-'));
  const records = evidence.records.map((record) => ({
    ...record,
    answers: record.answers.map((answer) => ({
      ...answer,
      opinions: answer.opinions.filter(
        (opinion) => opinion.kind !== 'abstention' || !notSetUp.includes(opinion.reason),
      ),
    })),
  }));
  return { ...evidence, records, venue: { ...venue, orders } };
}
