import type { AbstentionReason } from '../signals/signals.ts';

/** The first rest; each failure after it doubles the next one. */
const FIRST_REST_MS = 60_000;

export interface RestRules {
  /** So many failures in a row, and an agent is left alone. */
  coolDownFailures: number;
  /** The longest rest. */
  coolDownSeconds: number;
}

/**
 * How long an agent that failed so often in a row is left alone from its last failure on, 0 where it is asked: a dead endpoint costs few cycles their
 * time, and one that is back is soon asked again.
 *
 * @param reason why it failed last; a process of ours that was away says nothing of the agent behind it, and makes no rest longer than the first
 */
export function restMs(
  failures: number,
  { coolDownFailures, coolDownSeconds }: RestRules,
  reason?: AbstentionReason,
): number {
  if (failures < coolDownFailures) return 0;
  const doublings = reason === 'no_worker' ? 0 : failures - coolDownFailures;
  return Math.min(coolDownSeconds * 1_000, FIRST_REST_MS * 2 ** doublings);
}
