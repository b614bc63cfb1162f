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

type Details = Partial<Pick<Condition, 'looks' | 'recovery'>>;

/** @param minutes after which a person is called; 0 at once */
const warning = (minutes: number, details: Details = {}): Condition => told('warning', minutes, details);
const critical = (minutes: number, details: Details = {}): Condition => told('critical', minutes, details);

function told(severity: Severity, minutes: number, details: Details): Condition {
  return { severity, looks: 1, escalateAfterMs: minutes * MINUTE_MS, ...details };
}

/** @param pauseSeconds between two tries */
function tried(action: RecoveryAction, tries: number, pauseSeconds: number): Required<Pick<Condition, 'recovery'>> {
  return { recovery: { action, tries, pauseMs: pauseSeconds * SECOND_MS } };
}

/** Every way of not being well that the health workflow and the supervisor know, and what follows from it. */
export const conditions = {
  'process.ended': critical(5, tried('restart', 20, 0)),
  'process.hung': critical(5, tried('restart', 20, 0)),
  'process.silent': critical(5),
  'process.unready': warning(10, { looks: 2 }),
  'exchange.away': critical(5),
  'exchange.refuses': critical(2),
  'exchange.clock_skew': warning(10),
  'market.stale': critical(5),
  /** Held or configured; the others go on without it. Only a person can end it, or the exchange. */
  'market.untraded': critical(5),
  'breaker.open': warning(10),
  'temporal.slow': warning(10),
  'health.blind': warning(10),
  'cycle.degraded': warning(10),
  'agent.failing': warning(30),
  'quoting.stopped': warning(10, { looks: 2, ...tried('restart-quoting', 2, 90) }),
  /** Whoever looks and acts with such keys does it to another account. */
  'books.other_account': critical(0),
  'books.differ': critical(3, tried('reconcile', 4, 10)),
  'order.unresolved': critical(3, tried('reconcile', 4, 15)),
  'position.unprotected': critical(3, { looks: 2, ...tried('reconcile', 3, 15) }),
  /**
   * What does not answer would not hear of a stop, or of a price: no recovery of ours may guess what it was about to do. A stuck worker is started
   * again within half a minute, and a latch whose task fails is replaced in as long: a person is called for what that did not end.
   */
  'control.silent': critical(1),
  'exits.silent': critical(1),
  /** Told by the round of reconciliation that has found it and has started it anew. */
  'workflow.missing': critical(3, tried('reconcile', 4, 0)),
  /** What is pinned to it stands still; whether its workers come back only a person knows. */
  'version.unserved': critical(2),
  /** Stacks that joined trade on, and nobody exports, backs up or looks. */
  'stack.no_first': critical(5),
  'stack.silent': warning(10),
  'trading.frozen': critical(5),
  'trading.resumable': critical(5, tried('unfreeze', 3, 30)),
  'trading.halted': critical(0),
  'schedule.overdue': critical(5, tried('requeue', 3, 30)),
  /** A cycle trades: when one runs is for its schedule and for people to say. What keeps them from coming has a watcher of its own. */
  'cycles.overdue': critical(5),
  'outbox.lagging': warning(15, tried('drain-outbox', 5, 30)),
  'disk.low': critical(2, tried('make-room', 1, 600)),
  'backup.old': warning(60, tried('requeue', 2, 600)),
  'configuration.invalid': warning(0),
} satisfies Record<string, Condition>;

export type ConditionCode = keyof typeof conditions;

export function conditionOf(code: ConditionCode): Condition {
  return conditions[code];
}
