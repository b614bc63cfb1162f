import type { AgentScoreRecord } from '../../contracts/scores.ts';
import { SCORE_MEMORY_MS, scoreOf } from '../../domain/scoring/scoring.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { Journal } from '../../stores/journal/port.ts';

/** An hour's signals are one observation: a score that is formed more often reads weeks of them for nothing. */
const SCORED_EVERY_MS = 3_600_000;

const hourOf = (at: number): number => Math.floor(at / SCORED_EVERY_MS);

/**
 * Forms anew the scores of those agents of which none was formed in this hour, and keeps them.
 *
 * @param since when those began whose earlier record is that of another version
 */
export async function rescore(
  journal: Pick<Journal, 'scores'>,
  account: string,
  agents: Iterable<AgentId>,
  now: number,
  since: ReadonlyMap<AgentId, number> = new Map(),
): Promise<AgentScoreRecord[]> {
  const standing = new Map((await journal.scores.read(account)).map((record) => [record.agentId, record]));
  const records: AgentScoreRecord[] = [];
  for (const agentId of agents) {
    const before = standing.get(agentId);
    if (before && hourOf(before.scoredAt) === hourOf(now)) continue;
    const begun = since.get(agentId) ?? Number.NEGATIVE_INFINITY;
    const periods = await journal.scores.periods(account, agentId, Math.max(begun, now - SCORE_MEMORY_MS));
    // A period holds signals of the one before it: the first whole one ends two lengths after the begin.
    const own = periods.filter(({ endsAt, horizonMs }) => endsAt >= begun + 2 * horizonMs);
    records.push({ agentId, ...scoreOf(own, now), scoredAt: now });
  }
  if (records.length > 0) await journal.scores.write(account, records);
  return records;
}
