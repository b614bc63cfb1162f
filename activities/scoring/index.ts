import type { Logger } from 'pino';
import type { ScoringReport } from '../../contracts/scores.ts';
import { finalAt } from '../../domain/market/minutes.ts';
import type { DecimalText } from '../../domain/money/money.ts';
import { OUTCOME_AWAITED_MS } from '../../domain/scoring/scoring.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { DueSignal } from '../../stores/journal/books/scores.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { rescore } from '../../trading/score/scores.ts';
import { lookAtVersions } from '../../trading/score/versions.ts';
import { beating } from '../heartbeat.ts';

const BATCH = 200;
/** Signals of one call; what is left comes with the next one. */
const MOST = 2_000;
const MINUTE_MS = 60_000;

export type ScoringActivities = ReturnType<typeof createScoringActivities>;

export function createScoringActivities({
  journal,
  priceAt,
  exchangeTime,
  logger,
}: {
  journal: Pick<Journal, 'scores' | 'models' | 'participation' | 'guests'>;
  /** Close of the minute that a moment lies in; undefined where the venue has none. */
  priceAt(symbol: string, at: number): Promise<DecimalText | undefined>;
  exchangeTime(): Promise<number>;
  logger: Logger;
}) {
  return beating({
    /**
     * Holds every signal whose horizon has ended against what came, once an hour forms the scores of its agents, and once a day looks at the
     * versions of models. Idempotent: a signal is settled once, and what a broken attempt left is done by the next.
     */
    async scoreDueSignals(account: string): Promise<ScoringReport> {
      const report: ScoringReport = { settled: 0, unknown: 0, waiting: 0, agents: [] };
      const now = await exchangeTime();
      const touched = new Set<AgentId>();
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
          if (finalPrice === undefined && now - signal.dueAt < OUTCOME_AWAITED_MS) report.waiting += 1;
          else outcomes.push({ ...signal, finalPrice });
        }
        for (const agentId of await journal.scores.settle(account, outcomes)) touched.add(agentId);
        report.settled += outcomes.filter(({ finalPrice }) => finalPrice !== undefined).length;
        report.unknown += outcomes.filter(({ finalPrice }) => finalPrice === undefined).length;
      }
      report.agents = await rescore(journal, account, [...touched].sort(), now, await begunIn(journal));
      if (report.agents.length > 0) {
        const { promoted, returned } = await lookAtVersions(journal, account, now);
        for (const { agentId, reason } of promoted) logger.info({ agentId, reason }, 'a version earned its vote');
        for (const { agentId, reason } of returned) logger.warn({ agentId, reason }, 'a version lost its vote');
        report.promoted = promoted.map(({ agentId }) => agentId);
        report.returned = returned.map(({ agentId }) => agentId);
      }
      const trust = Object.fromEntries(report.agents.map((record) => [record.agentId, record.trust]));
      if (report.settled > 0)
        logger.info({ account, settled: report.settled, unknown: report.unknown, trust }, 'agents scored');
      return report;
    },
  });
}

/** When the standing versions of rules of somebody's own began. */
async function begunIn({ guests }: Pick<Journal, 'guests'>): Promise<ReadonlyMap<AgentId, number>> {
  return new Map((await guests.files()).map(({ agentId, since }) => [agentId, since]));
}
