import { z } from 'zod';
import type { OpenOrder, Stop, TradingBooks } from '../domain/control/latch.ts';
import { plainText, printable, reasonSchema } from './text.ts';
import { unreadableEncoding } from './unreadable.ts';

export type { OpenOrder, Stop, TradingBooks } from '../domain/control/latch.ts';

/** Input of the signal `emergencyStop` of the workflow `trading-control`. What does not keep to it is a stop as well: see `readStop`. */
export interface EmergencyStop {
  reason: string;
  by: string;
  /** The same request sent twice is one stop. Without one each signal is a stop of its own. */
  requestId?: string;
  /** Sells what is held once the stop is quiet. */
  flatten?: boolean;
}

/** The least of the places that keep it: a schedule's note, with words around it. */
export const STOP_REASON_BYTES = 400;
const NAME_BYTES = 100;
const REQUEST_ID_BYTES = 200;

/** Who halts trading from within. Software may end what `reconcile` halted, so that nobody else's stop may bear such a name. */
export const haltingParts = ['risk', 'reconcile', 'ingestor', 'health', 'sapphire'] as const;
export type HaltingPart = (typeof haltingParts)[number];

/**
 * Whatever arrives as a stop is one, also what no sender of ours would send and what could not be decoded: never throws. Texts are cut, and
 * only a plain `true` sells.
 *
 * @param fallbackId of a request that has none of its own.
 */
export function readStop(value: unknown, fallbackId: string): Stop {
  const { reason, by, requestId, flatten } = fieldsOf(value);
  const encoding = unreadableEncoding(value);
  const words = encoding === undefined ? reason : `an unreadable stop (encoding ${encoding})`;
  return {
    reason: stopReason(typeof value === 'string' ? value : words),
    by: claimedName(by),
    requestId: typeof requestId === 'string' ? plainText(requestId, REQUEST_ID_BYTES) || fallbackId : fallbackId,
    flatten: flatten === true,
  };
}

export function stopReason(value: unknown): string {
  return plainText(value, STOP_REASON_BYTES) || 'no reason given';
}

/** A person's or program's own word for who it is. */
export function claimedName(value: unknown): string {
  const name = plainText(value, NAME_BYTES) || 'unknown';
  return haltingParts.some((part) => part === name) ? `"${name}"` : name;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** What the workflow `flatten` returns. Quantities are in the base asset. */
export interface FlattenResult {
  sold: { symbol: string; quantity: string }[];
  /** Too small for the exchange to take. */
  dust: { symbol: string; quantity: string }[];
  held: { symbol: string; quantity: string; reason: string }[];
}

/** Input of the update `resume`. */
export const resumeRequestSchema = z.strictObject({
  reason: reasonSchema,
  by: z.string().overwrite(printable).min(1, 'a name is needed').max(NAME_BYTES),
  /** The halt that the resumer saw, as `./sapphire status` shows it: any stop after it wins. */
  expectedEpoch: z.int().nonnegative(),
  /** Set by software: only a halt that this part of Sapphire raised is ended. */
  onlyOver: z.literal('reconcile').optional(),
});
export type ResumeRequest = z.output<typeof resumeRequestSchema>;

/** A step of a stop that the exchange or the journal refused, in its words. */
export interface SweepFailure extends OpenOrder {
  reason: string;
}

export interface SweepReport {
  cancelled: OpenOrder[];
  /** What could not be cancelled or looked up this time. */
  failed: SweepFailure[];
  /** What the exchange holds open still, as far as is known. */
  remaining: OpenOrder[];
  /** Submissions whose end is not known yet. */
  unresolved: string[];
  /** What did not answer, in words: then nobody knows what else is open. */
  trouble: string[];
}

/** Of sweeps one after the other. */
export interface SweepSummary extends SweepReport {
  /** The exchange's open orders were empty twice in a row, and each submission's end is known. */
  quiet: boolean;
}

export interface Reconciliation {
  clean: boolean;
  /** Each in words with its numbers, e.g. `BTC: booked 0.1, exchange 0.2`. */
  differences: string[];
}

/** What the query `state` of `trading-control` answers. The four words of the books are empty before it has read them. */
export interface TradingControlState extends Omit<TradingBooks, 'journalId'> {
  journalId?: string;
  /** The halt row is committed: no opening intent passes after it. */
  fenced: boolean;
  /** No submission is open and the exchange's open orders were empty twice. */
  quiet: boolean;
  /** The last hundred. */
  cancelled: OpenOrder[];
  remaining: OpenOrder[];
  failed: SweepFailure[];
  unresolved: string[];
  /** When the oldest stop arrived that is not fenced yet; UTC epoch milliseconds. */
  waitingSince?: number;
  /** Epoch of the last selling that was started. */
  flattened?: number;
  /** Steps that could not be done, each in words. They are tried again. */
  trouble: string[];
}

/** What one look of the workflow `reconcile` found and did. */
export interface ReconcileReport extends Reconciliation {
  account: string;
  at: number;
  /** False while trades kept coming in: the balances were not held against each other this time. */
  compared: boolean;
  /** Looks in a row, this one included, that found the difference that has been there the longest. */
  stable: number;
  /** Intents that nobody followed any more. */
  adopted: string[];
  /** Orders with our prefix that no intent stands for. */
  cancelled: OpenOrder[];
  /** Ids of the workflows that were missing. */
  started: string[];
  /** Trading is halted for what this look found. */
  halted: boolean;
}
