import { isTerminal, type OrderState } from '../../domain/orders/orders.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Evidence } from './evidence.ts';
import { type Violation, violation } from './invariants.ts';

/** I6: the mode, and an outcome that does not hide a fault. */
export function faultsAreSaid({ records, events, intents }: Evidence): Violation[] {
  const found: Violation[] = [];
  const states = new Map(intents.map(({ intentId, state }) => [intentId, state]));
  for (const { eventId, mode } of events) {
    if (mode !== 'paper') found.push(violation('I6', `event ${eventId} says ${mode}`));
  }
  for (const { cycleId, mode, outcome, summary, answers, orders } of records) {
    if (mode !== 'paper') found.push(violation('I6', `cycle ${cycleId} says ${mode}`));
    const opinions = answers.flatMap((answer) => answer.opinions);
    // Where nobody gives a signal the outcome is NO_TRADE, and the summary has to say of each why.
    const saysWhy =
      outcome === 'NO_TRADE' &&
      opinions.every(
        (opinion) => opinion.kind === 'abstention' && summary.includes(`${opinion.agentId} ${opinion.reason}`),
      );
    const silent =
      opinions.some((opinion) => opinion.kind === 'abstention' && opinion.reason !== 'disabled') && !saysWhy;
    const open = orders.some(({ state }) =>
      ['unresolved', 'rejected', 'denied', 'void', 'initialized'].includes(state),
    );
    if ((silent || open) && (outcome === 'COMPLETED' || outcome === 'NO_TRADE')) {
      found.push(
        violation(
          'I6',
          `cycle ${cycleId} says ${outcome}, though ${silent ? 'an agent was silent' : 'an order has no end'}`,
        ),
      );
    }
    for (const { intentId, state } of orders) {
      const now = states.get(intentId);
      if (state === 'filled' && now !== 'filled') {
        found.push(violation('I6', `cycle ${cycleId} says filled of ${intentId}, which is ${now}`));
      }
    }
  }
  return found;
}

/** I8: each fact of the books once, and in the order of its number. */
export function factsAreTold({ events, fills, intents, records, plans }: Evidence): Violation[] {
  const found: Violation[] = [];
  const told = new Map<string, number>();
  const tell = (key: string): void => void told.set(key, (told.get(key) ?? 0) + 1);
  for (const { kind, payload, cycleId } of events) {
    const { intentId, symbol, tradeId, filledQuantity } = payload as Partial<Intent> & { tradeId?: string };
    if (kind === 'fill.booked') tell(`fill ${symbol}/${tradeId}/${intentId}`);
    if (kind.startsWith('order.') && isTerminal(kind.slice('order.'.length) as OrderState))
      tell(`end of ${intentId} as ${kind} with ${filledQuantity}`);
    if (kind === 'cycle.finished') tell(`record of ${cycleId}`);
    if (kind === 'plan.made') tell(`plan of ${cycleId}`);
  }
  const expected = [
    ...fills.map(({ symbol, tradeId, intentId }) => `fill ${symbol}/${tradeId}/${intentId}`),
    ...intents.map(
      ({ intentId, state, filledQuantity }) => `end of ${intentId} as order.${state} with ${filledQuantity}`,
    ),
    ...records.map(({ cycleId }) => `record of ${cycleId}`),
    ...plans.map(({ plan }) => `plan of ${plan.cycleId}`),
  ];
  for (const key of expected) {
    const times = told.get(key) ?? 0;
    if (times !== 1) found.push(violation('I8', `${key} is in the outbox ${times} times`));
  }
  const sequences = events.map(({ sequence }) => sequence);
  if (sequences.some((sequence, index) => index > 0 && sequence <= (sequences[index - 1] ?? 0))) {
    found.push(violation('I8', 'the outbox is not in the order of its numbers'));
  }
  return found;
}

/** I8, on its way: what was told is in the warehouse once, and nothing else; the audit trail is whole, and its copy the same. */
export function warehouseHasEachEventOnce({ events, warehouse, audit }: Evidence): Violation[] {
  if (warehouse.refusal !== undefined)
    return [violation('I8', `the warehouse refuses the events: ${warehouse.refusal}`)];
  const found: Violation[] = [];
  const there = new Map<string, number>();
  for (const id of warehouse.events) there.set(id, (there.get(id) ?? 0) + 1);
  for (const { eventId } of events) {
    const times = there.get(eventId) ?? 0;
    if (times !== 1) found.push(violation('I8', `${eventId} is in the warehouse ${times} times`));
    there.delete(eventId);
  }
  for (const id of there.keys()) found.push(violation('I8', `${id} is in the warehouse, and was never told`));
  if (audit.fault !== undefined) found.push(violation('I8', `the audit trail: ${audit.fault}`));
  if (audit.hashes.join() !== warehouse.audit.join())
    found.push(violation('I8', 'the audit trail and its copy differ'));
  return found;
}
