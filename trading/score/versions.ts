import { via } from '../../contracts/audit.ts';
import type { ModelVersion } from '../../contracts/models.ts';
import type { ScorePeriod } from '../../domain/scoring/periods.ts';
import { TRIAL_MS, type Verdict, verdictOn } from '../../domain/scoring/promotion.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { Journal } from '../../stores/journal/port.ts';

type Books = Pick<Journal, 'scores' | 'models' | 'participation'>;

const DAY_MS = 86_400_000;
const BY = 'scoring';

const dayOf = (at: number): number => Math.floor(at / DAY_MS);

export interface VersionMoves {
  promoted: { agentId: AgentId; reason: string }[];
  returned: { agentId: AgentId; reason: string }[];
}

/**
 * Looks once a day at each version of a model: a shadow that has earned it gets a vote, and one whose vote was earned so loses it when its record says
 * that it knows nothing of the direction. What a person promoted stays until a person says otherwise.
 */
export async function lookAtVersions(journal: Books, account: string, now: number): Promise<VersionMoves> {
  const moves: VersionMoves = { promoted: [], returned: [] };
  const versions = await journal.models.list();
  for (const version of versions) {
    const { agentId, state, trial } = version;
    if (state === 'retired' || dayOf(trial.lookedAt) >= dayOf(now)) continue;
    if (state === 'voting') {
      const reason = trial.movedBy === BY ? await lostVote(journal, account, agentId) : undefined;
      if (reason !== undefined) {
        await journal.models.returnToShadow({ agentId, by: BY, reason, via: via.system(BY) });
        moves.returned.push({ agentId, reason });
      }
    } else {
      const trials = versions
        .filter(({ seat }) => seat === version.seat)
        .reduce((sum, { trial: { count } }) => sum + count, 0);
      const verdict = await verdictOf(journal, account, version, versions, trials);
      if (verdict.earned) {
        const reason = reasonOf(verdict, trials);
        await journal.models.promote({ agentId, by: BY, reason, via: via.system(BY) });
        moves.promoted.push({ agentId, reason });
      }
    }
    await journal.models.look({ agentId, at: now, renew: state === 'shadow' && now - trial.since >= TRIAL_MS });
  }
  return moves;
}

async function lostVote({ scores }: Books, account: string, agentId: AgentId): Promise<string | undefined> {
  const score = (await scores.read(account)).find((each) => each.agentId === agentId);
  if (!score || score.directionalSkill >= 0) return undefined;
  return `directional skill ${score.directionalSkill.toFixed(4)} over ${score.horizons.toFixed(0)} horizons`;
}

async function verdictOf(
  { scores, participation }: Books,
  account: string,
  { agentId, seat, trial }: ModelVersion,
  versions: readonly ModelVersion[],
  trials: number,
): Promise<Verdict> {
  const { agents } = await participation.read();
  const ofSeat = [seat, ...versions.filter((each) => each.seat === seat).map((each) => each.agentId)];
  const rivals = ofSeat.filter((id) => id !== agentId && agents[id]?.enabled && agents[id].role === 'voter');
  // A period holds signals of the one before it, so that the first whole one of the trial ends two lengths after its begin.
  const periodsOf = async (id: AgentId): Promise<ScorePeriod[]> =>
    (await scores.periods(account, id, trial.since)).filter(
      ({ endsAt, horizonMs }) => endsAt >= trial.since + 2 * horizonMs,
    );
  return verdictOn(await periodsOf(agentId), await Promise.all(rivals.map(periodsOf)), trials);
}

function reasonOf({ z: { nothing, beyondDrift, rivals }, needed, seen }: Verdict, trials: number): string {
  const told = [
    `${Math.min(nothing, beyondDrift).toFixed(2)} standard errors above nothing`,
    ...rivals.map((z) => `${z.toFixed(2)} above one that votes`),
  ];
  return `${told.join(', ')}; needed ${needed.toFixed(2)} at ${(seen * 100).toFixed(0)} % of the trial, trial ${trials} of its seat`;
}
