import { tagged } from '../../domain/money/tagged.ts';
import { isReducing, isTerminal } from '../../domain/orders/orders.ts';
import type { ControlState } from '../../stores/journal/books/control.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import { venueStates } from './checks-orders.ts';
import type { Evidence } from './evidence.ts';
import { type Violation, violation } from './invariants.ts';

/** I4: in the order of the journal's own commits, and in the exchange's own log. */
export function stopsHold({ events, stops, venue, intents }: Evidence): Violation[] {
  const found: Violation[] = [];
  let halted = false;
  for (const { kind, payload } of events) {
    if (kind === 'trading.halted') halted = true;
    if (kind === 'trading.resumed') halted = false;
    const { intentId, purpose } = payload as Partial<Intent>;
    if (halted && kind === 'order.submitted' && purpose === 'open') {
      found.push(violation('I4', `${intentId} opened after a stop was fenced`));
    }
  }
  const opening = new Set(intents.filter(({ purpose }) => !isReducing(purpose)).map(({ intentId }) => intentId));
  for (const { way, quietAt, resumedAt, epoch } of stops) {
    if (quietAt === undefined) continue;
    const resumed = events.find(({ kind, payload }) => kind === 'trading.resumed' && epochOf(payload) > epoch);
    const until = Math.min(resumedAt, resumed?.at ?? resumedAt);
    for (const { clientOrderId, time, updateTime, status } of venue.orders) {
      const endedAt = isTerminal(venueStates[status] ?? 'accepted') ? updateTime : Number.POSITIVE_INFINITY;
      if (opening.has(tagged(clientOrderId)) && time < until && endedAt > quietAt) {
        found.push(violation('I4', `${clientOrderId} was open while a stop by ${way} was quiet`));
      }
    }
  }
  return found;
}

function epochOf(payload: unknown): number {
  return (payload as { after?: { epoch?: number } }).after?.epoch ?? 0;
}

/** Fenced and quiet within so many milliseconds while everything answers; after a disturbance, of its end. */
const IN_TIME = { fenced: 2_000, quiet: 15_000, said: 5_000 };
/** What was killed starts again, what it had begun is noticed, and an order of unknown end is looked up. */
const RECOVERED = { fenced: 12_000, quiet: 30_000 };
/** A question and its answer take their time, too. */
const LOOK_MS = 1_000;
const REASON_BYTES = 400;

/** I10: by the journal's own time of the halt, and by what the latch said of quiet. */
export function stopsInTime({ stops }: Pick<Evidence, 'stops'>): Violation[] {
  return stops.flatMap(({ way, askedAt, ableAt, isDisturbed, heldUntil = 0, fencedAt, quietAt, saidAt }) => {
    const found: Violation[] = [];
    const late = (what: string, at: number | undefined, from: number, limitMs: number): void => {
      if (at !== undefined && at <= from + limitMs) return;
      const words = at === undefined ? 'never' : `${at - from} ms after everything answered`;
      found.push(violation('I10', `a stop by ${way} was ${what} ${words}, at most ${limitMs} are allowed`));
    };
    // The fence asks nothing of the exchange.
    const writable = Math.max(ableAt, way === 'locked' ? heldUntil : 0);
    const isFree = !isDisturbed && writable === askedAt;
    late('fenced', fencedAt, writable, isFree ? IN_TIME.fenced : RECOVERED.fenced);
    const isCalm = isFree && heldUntil === 0;
    late('quiet', quietAt, Math.max(writable, heldUntil), isCalm ? IN_TIME.quiet : RECOVERED.quiet);
    if (heldUntil > 0 && !isDisturbed) late('said to be in trouble', saidAt, askedAt, IN_TIME.said + LOOK_MS);
    return found;
  });
}

/** I10: what ends a halt is the word of who saw this one; and no halt is longer than every place takes. */
export function onlyWhoSawResumes({ events, resumed }: Pick<Evidence, 'events' | 'resumed'>): Violation[] {
  return events.flatMap(({ kind, payload }) => {
    const { before, after } = payload as { before?: ControlState; after?: ControlState };
    if (kind === 'trading.halted' && Buffer.byteLength(after?.reason ?? '') > REASON_BYTES)
      return [violation('I10', `the halt of epoch ${after?.epoch} has a reason that a schedule does not take`)];
    if (kind !== 'trading.resumed' || !before || resumed === undefined || resumed.includes(before.epoch)) return [];
    // Software ends a halt of reconciliation, and no other.
    if (before.changedBy === 'reconcile') return [];
    return [violation('I10', `the halt of epoch ${before.epoch} was ended, which nobody had seen`)];
  });
}
