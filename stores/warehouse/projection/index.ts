import { z } from 'zod';
import type { BookSeen, CandleClosed } from '../../../contracts/market-events.ts';
import { type Row, type TableName, tables } from '../../../contracts/warehouse/tables.ts';
import type { AuditEntry } from '../../journal/books/audit.ts';
import type { StoredEvent } from '../../journal/books/outbox.ts';
import type { Batch } from '../port.ts';
import { agentScored, modelCalled, signalSettled } from './agents.ts';
import {
  capitalAllocated,
  consensusFormed,
  cycleFinished,
  limitBit,
  planEnded,
  planMade,
  signalSubmitted,
} from './cycles.ts';
import { bookSeen, candleClosed, newsRated } from './market.ts';
import { booksCompared, incidentTold, recoveryEnded, tradingChanged } from './operations.ts';
import { capitalMoved, equityMarked, feesSettled, fillBooked, orderMoved, positionBookedOut } from './trading.ts';
import type { Projected } from './values.ts';

/** Reads one kind of event. The payload is what our own transaction wrote; what it makes is held against the table's schema. */
type Projection = (payload: never, kind: string) => Projected[];

/** The archive alone has these: what they changed stands in the audit log. */
const nothingElse: Projection = () => [];

const projections: Record<string, Projection> = {
  'cycle.finished': cycleFinished,
  'consensus.formed': consensusFormed,
  'plan.made': planMade,
  'plan.done': planEnded,
  'plan.flat': planEnded,
  'plan.held': planEnded,
  'risk.limit_bit': limitBit,
  'capital.allocated': capitalAllocated,
  'capital.deposited': capitalMoved,
  'capital.withdrawn': capitalMoved,
  'position.booked_out': positionBookedOut,
  'position.close_asked': nothingElse,
  'position.exits_set': nothingElse,
  'symbol.left_out': nothingElse,
  'symbol.taken_back': nothingElse,
  'fees.settled': feesSettled,
  'fill.booked': fillBooked,
  'equity.marked': equityMarked,
  'signal.submitted': signalSubmitted,
  'signal.settled': signalSettled,
  'agent.scored': agentScored,
  'model.called': modelCalled,
  'candle.closed': (payload: CandleClosed) => candleClosed(payload),
  'book.seen': (payload: BookSeen) => bookSeen(payload),
  'news.rated': newsRated,
  'trading.halted': (payload: never, kind) => tradingChanged(kind, payload),
  'trading.resumed': (payload: never, kind) => tradingChanged(kind, payload),
  'trading.reducing': (payload: never, kind) => tradingChanged(kind, payload),
  'trading.activated': (payload: never, kind) => tradingChanged(kind, payload),
  'books.agreed': (payload: never, kind) => booksCompared(kind, payload),
  'books.differed': (payload: never, kind) => booksCompared(kind, payload),
  'incident.opened': incidentTold,
  'incident.escalated': incidentTold,
  'incident.recovered': incidentTold,
  'incident.acknowledged': nothingElse,
  'recovery.ended': recoveryEnded,
  'books.bound': nothingElse,
  'books.unbound': nothingElse,
  'books.adopted': nothingElse,
  'dust.swept': nothingElse,
  'flatten.ordered': nothingElse,
  'risk.changed': nothingElse,
  'policy.changed': nothingElse,
  'participation.changed': nothingElse,
  'participation.seeded': nothingElse,
  'live.enabled': nothingElse,
  'live.disabled': nothingElse,
  'data.deleted': nothingElse,
  'data.restored': (payload: never, kind) => tradingChanged(kind, payload),
  'model.registered': nothingElse,
  'model.promoted': nothingElse,
  'model.retired': nothingElse,
  'model.returned': nothingElse,
  'request.taken': nothingElse,
};

function projectionOf(kind: string): Projection | undefined {
  return projections[kind] ?? (kind.startsWith('order.') ? orderMoved : undefined);
}

/** Adds the rows of one event: one of the archive, and those that its kind makes. What fits no schema is kept in the archive, and said. */
export function project(batch: Batch, event: StoredEvent): void {
  if (event.mode !== batch.mode)
    throw new Error(`${event.eventId} is ${event.mode} among ${batch.mode}: modes are never mixed`);
  const { kind, payload } = event;
  add(batch, 'events', event, { kind, payload });
  try {
    const projection = projectionOf(kind);
    if (!projection) throw new Error('this release knows no such kind');
    const made = projection(JSON.parse(payload) as never, kind);
    const checked = made.map((each) => ({ ...each, facts: tables[each.table].facts.parse(each.facts) as Row }));
    for (const { table, facts, place, at } of checked) add(batch, table, event, facts, place, at);
  } catch (error) {
    add(batch, 'unread_events', event, { kind, reason: reasonOf(error) });
  }
}

export function projectAudit(
  batch: Batch,
  { place, payload, previous, hash, by, reason, via: _via, ...entry }: AuditEntry,
): void {
  const event = { ...entry, sequence: place, cycleId: undefined, correlationId: undefined };
  add(batch, 'audit_log', event, { kind: entry.kind, by, reason, previous, hash, payload });
}

/** The row is the facts' own object: rows are made by the million. */
function add(
  { rows }: Batch,
  table: TableName,
  { eventId, at, sequence, cycleId, correlationId }: Omit<StoredEvent, 'payload' | 'kind' | 'mode'>,
  row: Row,
  place = '',
  happenedAt = at,
): void {
  row['event_id'] = place === '' ? eventId : `${eventId}#${place}`;
  row['event_at'] = happenedAt;
  row['sequence'] = sequence;
  row['cycle_id'] = cycleId ?? null;
  // The same as the cycle's in nearly every row: written once.
  row['correlation_id'] = correlationId === cycleId ? null : (correlationId ?? null);
  const known = rows[table];
  if (known) known.push(row);
  else rows[table] = [row];
}

function reasonOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return error instanceof Error ? error.message : String(error);
  return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}
