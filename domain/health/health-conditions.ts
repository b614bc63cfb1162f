/** What is done about a component that is not well, besides waiting. */
export const recoveryActions = [
  /** The supervisor's own: starts a process again that ended, or that it ended since it did not answer. */
  'restart',
  /** The end and a new start of the engine that quotes; its open orders are cancelled in between. */
  'restart-quoting',
  /** A round of books against exchange, which adopts, cancels and starts what is missing. */
  'reconcile',
  /** The end of a halt that reconciliation raised, once books and exchange agree again. */
  'unfreeze',
  /** A round of a schedule whose own round is overdue. */
  'requeue',
  /** A round of the export. */
  'drain-outbox',
  /** Deletes what is older than it is kept. */
  'make-room',
] as const;
export type RecoveryAction = (typeof recoveryActions)[number];

export type Severity = 'warning' | 'critical';

export interface Condition {
  severity: Severity;
  /** Looks in a row that have to find it before anything is done about it. */
  looks: number;
  recovery?: { action: RecoveryAction; tries: number; pauseMs: number };
  /** Without a recovery that helped in this time a person is called; 0 at once. */
  escalateAfterMs: number;
}

const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;

/** Every way of not being well that the health workflow and the supervisor know, and what follows from it. */
export const conditions = {
  'process.ended': {
    severity: 'critical',
    looks: 1,
    recovery: { action: 'restart', tries: 20, pauseMs: 0 },
    escalateAfterMs: 5 * MINUTE_MS,
  },
  'process.hung': {
    severity: 'critical',
    looks: 1,
    recovery: { action: 'restart', tries: 20, pauseMs: 0 },
    escalateAfterMs: 5 * MINUTE_MS,
  },
  'process.silent': { severity: 'critical', looks: 1, escalateAfterMs: 5 * MINUTE_MS },
  'process.unready': { severity: 'warning', looks: 2, escalateAfterMs: 10 * MINUTE_MS },
  'exchange.away': { severity: 'critical', looks: 1, escalateAfterMs: 5 * MINUTE_MS },
  'exchange.refuses': { severity: 'critical', looks: 1, escalateAfterMs: 2 * MINUTE_MS },
  'exchange.clock_skew': { severity: 'warning', looks: 1, escalateAfterMs: 10 * MINUTE_MS },
  'market.stale': { severity: 'critical', looks: 1, escalateAfterMs: 5 * MINUTE_MS },
  /** Held or configured; the others go on without it. Only a person can end it, or the exchange. */
  'market.untraded': { severity: 'critical', looks: 1, escalateAfterMs: 5 * MINUTE_MS },
  'breaker.open': { severity: 'warning', looks: 1, escalateAfterMs: 10 * MINUTE_MS },
  'temporal.slow': { severity: 'warning', looks: 1, escalateAfterMs: 10 * MINUTE_MS },
  'health.blind': { severity: 'warning', looks: 1, escalateAfterMs: 10 * MINUTE_MS },
  'cycle.degraded': { severity: 'warning', looks: 1, escalateAfterMs: 10 * MINUTE_MS },
  'agent.failing': { severity: 'warning', looks: 1, escalateAfterMs: 30 * MINUTE_MS },
  'quoting.stopped': {
    severity: 'warning',
    looks: 2,
    recovery: { action: 'restart-quoting', tries: 2, pauseMs: 90 * SECOND_MS },
    escalateAfterMs: 10 * MINUTE_MS,
  },
  'books.differ': {
    severity: 'critical',
    looks: 1,
    recovery: { action: 'reconcile', tries: 4, pauseMs: 10 * SECOND_MS },
    escalateAfterMs: 3 * MINUTE_MS,
  },
  'order.unresolved': {
    severity: 'critical',
    looks: 1,
    recovery: { action: 'reconcile', tries: 4, pauseMs: 15 * SECOND_MS },
    escalateAfterMs: 3 * MINUTE_MS,
  },
  'position.unprotected': {
    severity: 'critical',
    looks: 2,
    recovery: { action: 'reconcile', tries: 3, pauseMs: 15 * SECOND_MS },
    escalateAfterMs: 3 * MINUTE_MS,
  },
  /** What does not answer would not hear of a stop, or of a price: no recovery of ours may guess what it was about to do. */
  'control.silent': { severity: 'critical', looks: 1, escalateAfterMs: 0 },
  'exits.silent': { severity: 'critical', looks: 1, escalateAfterMs: 0 },
  /** Told by the round of reconciliation that has found it and has started it anew. */
  'workflow.missing': {
    severity: 'critical',
    looks: 1,
    recovery: { action: 'reconcile', tries: 4, pauseMs: 0 },
    escalateAfterMs: 3 * MINUTE_MS,
  },
  'trading.frozen': { severity: 'critical', looks: 1, escalateAfterMs: 5 * MINUTE_MS },
  'trading.resumable': {
    severity: 'critical',
    looks: 1,
    recovery: { action: 'unfreeze', tries: 3, pauseMs: 30 * SECOND_MS },
    escalateAfterMs: 5 * MINUTE_MS,
  },
  'trading.halted': { severity: 'critical', looks: 1, escalateAfterMs: 0 },
  'schedule.overdue': {
    severity: 'critical',
    looks: 1,
    recovery: { action: 'requeue', tries: 3, pauseMs: 30 * SECOND_MS },
    escalateAfterMs: 5 * MINUTE_MS,
  },
  'outbox.lagging': {
    severity: 'warning',
    looks: 1,
    recovery: { action: 'drain-outbox', tries: 5, pauseMs: 30 * SECOND_MS },
    escalateAfterMs: 15 * MINUTE_MS,
  },
  'disk.low': {
    severity: 'critical',
    looks: 1,
    recovery: { action: 'make-room', tries: 1, pauseMs: 10 * MINUTE_MS },
    escalateAfterMs: 2 * MINUTE_MS,
  },
  'backup.old': {
    severity: 'warning',
    looks: 1,
    recovery: { action: 'requeue', tries: 2, pauseMs: 10 * MINUTE_MS },
    escalateAfterMs: 60 * MINUTE_MS,
  },
  'configuration.invalid': { severity: 'warning', looks: 1, escalateAfterMs: 0 },
} as const satisfies Record<string, Condition>;

export type ConditionCode = keyof typeof conditions;

export function conditionOf(code: ConditionCode): Condition {
  return conditions[code];
}
