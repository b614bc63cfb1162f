import type { Mode } from '../domain/market/market.ts';
import { tagged } from '../domain/money/tagged.ts';
import type { CycleId, IntentId, LegId } from '../domain/orders/ids.ts';
import type { SeatId } from '../domain/signals/seats.ts';
import type { Period } from '../domain/statistics/periods.ts';

export const TRADING_CONTROL_ID = 'trading-control';

export function orderWorkflowId(legId: LegId): string {
  return `order/${legId}`;
}

/** The saga of a plan of several legs. */
export function planWorkflowId(cycleId: CycleId): string {
  return `plan/${cycleId}`;
}

/** Writes the record of a cycle whose own time was not enough. */
export function recordWorkflowId(cycleId: CycleId): string {
  return `record/${cycleId}`;
}

/** The protective exits of what is held of a symbol. */
export function protectWorkflowId(account: string, symbol: string): string {
  return `protect/${account}/${symbol}`;
}

/** Sells everything that is held, once a stop with that wish was raised at this epoch. */
export function flattenWorkflowId(account: string, epoch: number): string {
  return `flatten/${account}/${epoch}`;
}

export function reconcileScheduleId(account: string): string {
  return `reconcile/${account}`;
}

export function healthScheduleId(account: string): string {
  return `health/${account}`;
}

export function scoringScheduleId(account: string): string {
  return `scores/${account}`;
}

/** Of one agent that is asked by a schedule of its own. */
export function askScheduleId(account: string, seat: SeatId): string {
  return `ask/${account}/${seat}`;
}

export function exportScheduleId(mode: Mode): string {
  return `export/${mode}`;
}

export function retentionScheduleId(mode: Mode): string {
  return `retention/${mode}`;
}

export function backupScheduleId(mode: Mode): string {
  return `backup/${mode}`;
}

export function reportScheduleId(mode: Mode, period: Period): string {
  return `report/${mode}/${period}`;
}

export function scheduleId(account: string): string {
  return `cycle/${account}`;
}

/** `nominalAt` is the time that a cycle is for, so that two starts for one time are one cycle. */
export function manualCycleId(account: string, nominalAt: number): CycleId {
  return tagged(`cycle/${account}/manual/${new Date(nominalAt).toISOString()}`);
}

/** The n-th submission of a leg, and its client order id at the exchange: at most 36 characters of [a-z0-9-]. */
export function intentId(legId: LegId, submission: number): IntentId {
  return tagged(`${legId}-${submission}`);
}

/** Request id of the halt that a cycle's plan raises when a loss limit bites. */
export function riskHaltId(cycleId: CycleId): string {
  return `risk/${cycleId}`;
}
