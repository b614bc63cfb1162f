import type { Logger } from 'pino';
import { via } from '../../contracts/audit.ts';
import type { ScoringReport } from '../../contracts/scores.ts';
import { finalAt } from '../../domain/market/minutes.ts';
import type { DecimalText } from '../../domain/money/money.ts';
import { earnsVote } from '../../domain/scoring/promotion.ts';
import { scoreOf } from '../../domain/scoring/scoring.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { DueSignal } from '../../stores/journal/books/scores.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { beating } from '../heartbeat.ts';

const BATCH = 200;
/** Signals of one call; what is left comes with the next one. */
const MOST = 2_000;
/** A minute that the venue still has no candle of after a day will have none. */
const GIVE_UP_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

export type ScoringActivities = ReturnType<typeof createScoringActivities>;

export function createScoringActivities({
  journal,
  priceAt,
  exchangeTime,
  logger,
}: {
  journal: Pick<Journal, 'scores' | 'models'>;
  /** Close of the minute that a moment lies in; undefined where the venue has none. */
  priceAt(symbol: string, at: number): Promise<DecimalText | undefined>;
  exchangeTime(): Promise<number>;
  logger: Logger;
}) {
  /** A version that is a shadow votes once its scores have earned it. */
  async function promoteVersions(account: string): Promise<AgentId[]> {
    const scores = await journal.scores.read(account);
    const promoted: AgentId[] = [];
    for (const { agentId, seat, state } of await journal.models.list()) {
      const candidate = scores.find((each) => each.agentId === agentId);
      const incumbent = scores.find((each) => each.agentId === seat);
      if (state !== 'shadow' || !candidate || !earnsVote(candidate, incumbent)) continue;
      const beside = incumbent ? `, ${seat} ${percent(incumbent.skill)}` : '';
      const reason = `skill ${percent(candidate.skill)} over ${candidate.count} signals${beside}`;
      await journal.models.promote({ agentId, by: 'scoring', reason, via: via.system('scoring') });
      logger.info({ agentId, reason }, 'a version earned its vote');
      promoted.push(agentId);
    }
    return promoted;
  }

  return beating({
    /**
     * Holds every signal whose horizon has ended against what came, and writes its agent's scores. Idempotent: a signal is settled once, and
     * what a broken attempt left is done by the next.
     */
    async scoreDueSignals(account: string): Promise<ScoringReport> {
      const report: ScoringReport = { settled: 0, unknown: 0, waiting: 0, agents: [] };
      const now = await exchangeTime();
      const prices = new Map<string, DecimalText | undefined>();
      const priceOf = async ({ symbol, dueAt }: DueSignal): Promise<DecimalText | undefined> => {
        const key = `${symbol} ${finalAt(dueAt)}`;
        if (!prices.has(key)) prices.set(key, await priceAt(symbol, dueAt));
        return prices.get(key);
      };
      while (report.settled + report.unknown < MOST) {
        const due = await journal.scores.due(account, now - MINUTE_MS, BATCH + report.waiting);
        const batch = due.slice(report.waiting);
        if (batch.length === 0) break;
        const outcomes = [];
        for (const signal of batch) {
          const finalPrice = await priceOf(signal);
          if (finalPrice === undefined && now - signal.dueAt < GIVE_UP_MS) report.waiting += 1;
          else outcomes.push({ ...signal, finalPrice });
        }
        const records = await journal.scores.settle(account, outcomes, scoreOf);
        report.settled += outcomes.filter(({ finalPrice }) => finalPrice !== undefined).length;
        report.unknown += outcomes.filter(({ finalPrice }) => finalPrice === undefined).length;
        report.agents = [
          ...report.agents.filter(({ agentId }) => !records.some((each) => each.agentId === agentId)),
          ...records,
        ];
      }
      if (report.agents.length > 0) report.promoted = await promoteVersions(account);
      const trust = Object.fromEntries(report.agents.map((record) => [record.agentId, record.trust]));
      if (report.settled > 0)
        logger.info({ account, settled: report.settled, unknown: report.unknown, trust }, 'agents scored');
      return report;
    },
  });
}
