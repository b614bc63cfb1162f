export const TRADING_CONTROL_ID = 'trading-control';

export function orderWorkflowId(legId: string): string {
  return `order/${legId}`;
}

export function scheduleId(account: string): string {
  return `cycle/${account}`;
}

/** `nominalAt` is the time that a cycle is for, so that two starts for one time are one cycle. */
export function manualCycleId(account: string, nominalAt: number): string {
  return `cycle/${account}/manual/${new Date(nominalAt).toISOString()}`;
}

/** The n-th submission of a leg, and its client order id at the exchange: at most 36 characters of [a-z0-9-]. */
export function intentId(legId: string, submission: number): string {
  return `${legId}-${submission}`;
}
