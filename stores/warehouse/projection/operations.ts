import type { Incident } from '../../../domain/health/health.ts';
import type { ControlState } from '../../journal/books/control.ts';
import type { ReconciliationReport } from '../../journal/books/exchange.ts';
import type { RecoveryEnded } from '../../journal/books/incidents.ts';
import { type Projected, row } from './values.ts';

interface TradingChanged {
  account: string;
  before: ControlState;
  after: ControlState;
}

/** Trading was halted, restricted or resumed. */
export function tradingChanged(kind: string, { account, after }: TradingChanged): Projected[] {
  const severity = after.tradingState === 'active' ? 'info' : after.tradingState === 'halted' ? 'critical' : 'warning';
  return [
    row('health_events', {
      kind,
      component: `trading/${account}`,
      severity,
      detail: `${after.reason} (${after.changedBy})`,
      incident_id: null,
      outcome: null,
      started_at: null,
      duration_ms: null,
    }),
  ];
}

/** The books were held against the exchange, and found otherwise than at the last look. */
export function booksCompared(kind: string, { account, at, differences }: ReconciliationReport): Projected[] {
  const facts = {
    kind,
    component: `books/${account}`,
    severity: differences.length === 0 ? 'info' : 'critical',
    detail: differences.join('; '),
    incident_id: null,
    outcome: null,
    started_at: null,
    duration_ms: null,
  };
  return [row('health_events', facts, '', at)];
}

/** Something was found not to be well, a person was called, or it is well again. */
export function incidentTold(incident: Incident, kind: string): Projected[] {
  const { incidentId, component, severity, detail, beganAt, detectedAt, escalatedAt, recoveredAt, recoveredBy } =
    incident;
  const isOver = kind === 'incident.recovered';
  const at = isOver ? recoveredAt : kind === 'incident.escalated' ? escalatedAt : detectedAt;
  const facts = {
    kind,
    component,
    severity: isOver ? 'info' : severity,
    detail,
    incident_id: incidentId,
    outcome: isOver ? (recoveredBy ?? null) : null,
    started_at: beganAt,
    duration_ms: (at ?? detectedAt) - beganAt,
  };
  return [row('health_events', facts, '', at ?? detectedAt)];
}

/** Something was done about it. */
export function recoveryEnded(
  { incidentId, component, severity, action, startedAt, endedAt, outcome, detail }: RecoveryEnded,
  kind: string,
): Projected[] {
  const facts = {
    kind,
    component,
    severity,
    detail: detail === '' ? action : `${action}: ${detail}`,
    incident_id: incidentId,
    outcome,
    started_at: startedAt,
    duration_ms: endedAt - startedAt,
  };
  return [row('health_events', facts, '', endedAt)];
}
