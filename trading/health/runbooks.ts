import type { Incident } from '../../domain/health/health.ts';
import type { ConditionCode } from '../../domain/health/health-conditions.ts';

/** The page of a code that has none of its own: its table says how each goes on. */
const ANY = 'TradingIncidentEscalated';

/** The page that says what to do about each code; as the table of `TradingIncidentEscalated` has it. */
const pages: Readonly<Record<ConditionCode, string>> = {
  'process.ended': 'TradingSystemDown',
  'process.hung': 'TradingSystemDown',
  'process.silent': 'TradingSystemDown',
  'process.unready': 'TradingComponentUnhealthy',
  'exchange.away': 'TradingCircuitBreakerOpen',
  'exchange.refuses': 'TradingCircuitBreakerOpen',
  'exchange.clock_skew': 'TradingExchangeClockSkew',
  'market.stale': 'TradingMarketDataStale',
  'market.untraded': 'TradingMarketDataStale',
  'breaker.open': 'TradingCircuitBreakerOpen',
  'temporal.slow': 'TemporalRequestLatency',
  'health.blind': 'TradingHealthLookStale',
  'cycle.degraded': 'TradingCyclesDegraded',
  'agent.failing': 'TradingAgentUnavailable',
  'quoting.stopped': ANY,
  'books.other_account': ANY,
  'books.differ': 'TradingBooksDiffer',
  'order.unresolved': 'TradingOrderUnresolved',
  'position.unprotected': 'TradingControlSilent',
  'control.silent': 'TradingControlSilent',
  'exits.silent': 'TradingControlSilent',
  'workflow.missing': 'TradingOrderUnresolved',
  'version.unserved': 'TradingVersionUnserved',
  'stack.no_first': ANY,
  'stack.silent': ANY,
  'trading.frozen': 'TradingBooksDiffer',
  'trading.resumable': 'TradingBooksDiffer',
  'trading.halted': 'TradingHalted',
  'schedule.overdue': 'TradingReconciliationStale',
  'cycles.overdue': 'TradingCyclesStalled',
  'outbox.lagging': 'WarehouseExportLagging',
  'disk.low': 'TradingResourceExhaustion',
  'backup.old': 'BackupTooOld',
  'configuration.invalid': ANY,
};

/** Of some components another page than of their code: theirs are no processes that trade, or no round of reconciliation. */
const byComponent: readonly [component: RegExp, page: string][] = [
  [/^process\/(prometheus|alertmanager)(@|$)/, ANY],
  [/^schedule\/export\//, 'WarehouseExportLagging'],
  [/^schedule\/ask\//, 'TradingAgentUnavailable'],
];

/** Name of the runbook, a file of `deploy/runbooks`, that leads on from an incident. */
export function runbookFor({ component, code }: Pick<Incident, 'component' | 'code'>): string {
  return byComponent.find(([pattern]) => pattern.test(component))?.[1] ?? pages[code];
}
