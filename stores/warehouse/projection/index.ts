import { z } from 'zod';
import type { BookSeen, CandleClosed } from '../../../contracts/market-events.ts';
import { type EventSource, type Row, type TableName, tables } from '../../../contracts/warehouse/tables.ts';
import type { AuditEntry, StoredEvent } from '../../journal/port.ts';
import type { Rows } from '../port.ts';
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
import { booksCompared, tradingChanged } from './operations.ts';
import { capitalMoved, equityMarked, fillBooked, orderMoved } from './trading.ts';
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
  'dust.swept': nothingElse,
  'risk.changed': nothingElse,
  'policy.changed': nothingElse,
  'participation.changed': nothingElse,
  'live.enabled': nothingElse,
  'live.disabled': nothingElse,
  'data.deleted': nothingElse,
  'data.restored': (payload: never, kind) => tradingChanged(kind, payload),
  'model.registered': nothingElse,
  'model.promoted': nothingElse,
  'model.retired': nothingElse,
};

function projectionOf(kind: string): Projection | undefined {
  return projections[kind] ?? (kind.startsWith('order.') ? orderMoved : undefined);
}

/** Adds the rows of one event: one of the archive, and those that its kind makes. What fits no schema is kept in the archive, and said. */
export function project(rows: Rows, event: StoredEvent, source: EventSource, ingestedAt: number): void {
  const common = commonOf(event, source, ingestedAt);
  add(rows, 'events', { ...common('events'), kind: event.kind, payload: event.payload });
  try {
    const projection = projectionOf(event.kind);
    if (!projection) throw new Error('this release knows no such kind');
    const made = projection(JSON.parse(event.payload) as never, event.kind).map(({ table, place, facts, at }) => {
      const row = { ...common(table, place, at), ...facts };
      return { table, row: tables[table].row.parse(row) as Row };
    });
    for (const { table, row } of made) add(rows, table, row);
  } catch (error) {
    add(rows, 'unread_events', { ...common('unread_events'), kind: event.kind, reason: reasonOf(error) });
  }
}

export function projectAudit(rows: Rows, entry: AuditEntry, ingestedAt: number): void {
  const { place, eventId, kind, at, mode, by, reason, payload, previous, hash } = entry;
  const event = { sequence: place, eventId, kind, at, mode, cycleId: undefined, correlationId: undefined };
  const common = commonOf(event, 'audit', ingestedAt)('audit_log');
  add(rows, 'audit_log', { ...common, kind, by, reason, previous, hash, payload });
}

function commonOf(
  { eventId, at, sequence, mode, cycleId, correlationId }: Omit<StoredEvent, 'payload'>,
  source: EventSource,
  ingestedAt: number,
) {
  return (table: TableName, place = '', happenedAt = at): Row => ({
    event_id: place === '' ? eventId : `${eventId}#${place}`,
    event_at: happenedAt,
    ingested_at: ingestedAt,
    source,
    sequence,
    mode,
    schema_version: tables[table].version,
    cycle_id: cycleId ?? null,
    correlation_id: correlationId ?? null,
  });
}

function add(rows: Rows, table: TableName, row: Row): void {
  const known = rows[table];
  if (known) known.push(row);
  else rows[table] = [row];
}

function reasonOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return error instanceof Error ? error.message : String(error);
  return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}
