/**
 * Zero where an expression has nothing to tell while somebody tells: what nobody counts is not none, and without either there is no value.
 *
 * @param teller PromQL that has a value as long as whatever happened would be counted
 */
export function orNone(expr: string, teller: string): string {
  return `${expr} or on () 0 * max(${teller})`;
}

/** A process of ours answers Prometheus. */
export const serves = (role: string): string => `up{job=~"trading-${role}"} == 1`;
