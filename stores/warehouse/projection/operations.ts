import type { ControlState, ReconciliationReport } from '../../journal/port.ts';
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
