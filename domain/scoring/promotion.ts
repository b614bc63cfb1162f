import type { AgentScore } from './scoring.ts';

/** Signals of a candidate whose horizon has ended before it can earn a vote: below, luck looks like skill. */
export const PROMOTION_SIGNALS = 100;

/**
 * Whether a candidate's scores have earned it a vote. Principle: it must know more than the frequencies do, and more than the version that it
 * would stand beside.
 */
export function earnsVote(
  candidate: Pick<AgentScore, 'count' | 'skill'>,
  incumbent: Pick<AgentScore, 'count' | 'skill'> | undefined,
): boolean {
  if (candidate.count < PROMOTION_SIGNALS || candidate.skill <= 0) return false;
  return incumbent === undefined || candidate.skill > incumbent.skill;
}
