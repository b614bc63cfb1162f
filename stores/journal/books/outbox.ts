import type { Mode } from '../../../domain/market/market.ts';
import type { CycleId } from '../../../domain/orders/ids.ts';

/** A fact in past tense. */
export interface NewEvent {
  /** The same fact told twice is written once. */
  eventId: string;
  kind: string;
  cycleId?: CycleId | undefined;
  correlationId?: string | undefined;
  payload: unknown;
}

/** As it stands in the outbox: written in the transaction that made it true. */
export interface OutboxEvent {
  sequence: number;
  eventId: string;
  kind: string;
  at: number;
  mode: Mode;
  cycleId: CycleId | undefined;
  correlationId: string | undefined;
  payload: unknown;
}

/** As it is kept, its payload as text: who carries events does not read them. */
export interface StoredEvent extends Omit<OutboxEvent, 'payload'> {
  payload: string;
}

export interface Outbox {
  /** Facts that change no book, many at a time. */
  append(events: readonly NewEvent[]): Promise<void>;
  after(sequence: number, limit: number): Promise<OutboxEvent[]>;
  stored(sequence: number, limit: number): Promise<StoredEvent[]>;
  /** Deletes what was told before `before` and is exported, which is all up to `exported`. Returns how many that were. */
  trim(exported: number, before: number): Promise<number>;
  /** Last sequence that was deleted; 0 where none was. An export that stands before it has lost events. */
  trimmedThrough(): Promise<number>;
  /** Of the newest event ever told, deleted or not; 0 before the first. */
  lastSequence(): Promise<number>;
}
