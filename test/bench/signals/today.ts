import { earnsVote } from '../../../domain/scoring/promotion.ts';
import { type AgentScore, type ScoredSignal, scoreOf } from '../../../domain/scoring/scoring.ts';
import type { Said } from './agents.ts';
import { HOUR_MS, type Market } from './markets.ts';

/** What the score book takes. */
const SCORED_SIGNALS = 500;

/** The score of the agent as it stands at a decision: over the last signals whose horizon has ended then. */
export function scoreAt({ up, down }: Said, market: Market, index: number, first = 0): AgentScore {
  const last = index - market.horizon;
  const signals: ScoredSignal[] = [];
  for (let at = Math.max(first, last - SCORED_SIGNALS + 1); at <= last; at += 1) {
    const chances = { up: up[at] ?? 0, down: down[at] ?? 0 };
    signals.push({
      probabilities: { ...chances, flat: 1 - chances.up - chances.down },
      realisedReturn: market.returns[at] ?? 0,
      share: 1,
    });
  }
  return scoreOf(signals);
}

/** Hours after the start at which the candidate has a vote; undefined when it never gets one. */
export function hoursToVote(said: Said, market: Market, start: number, hours: number): number | undefined {
  const every = Math.round((10 * 60_000) / market.stepMs);
  const end = start + (hours * HOUR_MS) / market.stepMs;
  for (let index = start; index <= Math.min(end, market.returns.length - 1); index += every) {
    if (earnsVote(scoreAt(said, market, index, start), undefined)) return ((index - start) * market.stepMs) / HOUR_MS;
  }
  return undefined;
}
