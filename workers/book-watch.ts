import type { Configuration } from '../contracts/config/schema.ts';
import { agentIds } from '../domain/signals/agents.ts';
import type { Logger } from '../runtime/telemetry/logger.ts';
import { metrics } from '../runtime/telemetry/metrics.ts';
import type { Journal } from '../stores/journal/port.ts';

const INTERVAL_MS = 5_000;
const WINDOW_CYCLES = 50;
const tradingStates = ['active', 'reducing', 'halted'] as const;

/** Keeps the gauges that are read from the books: equity, and how often each agent gave a signal. Returns a function that ends it. */
export function watchBooks(
  journal: Pick<Journal, 'ledger' | 'control' | 'cycles'>,
  { account, currency, mode, demo }: Configuration,
  logger: Logger,
): () => void {
  metrics.tradingDemo.set({ portfolio: account, mode }, demo ? 1 : 0);
  const look = async (): Promise<void> => {
    const marks = await journal.ledger.equityMarks(account);
    if (marks) {
      const labels = { portfolio: account, currency, mode };
      metrics.portfolioValue.set(labels, Number(marks.equity));
      metrics.portfolioDayOpen.set(labels, Number(marks.dayOpen));
      metrics.portfolioHighWater.set(labels, Number(marks.highWater));
    }
    const { tradingState } = await journal.control.read(account);
    metrics.tradingState.set({ portfolio: account, mode }, tradingStates.indexOf(tradingState));
    const cycles = await journal.cycles.list(account, WINDOW_CYCLES);
    for (const agent of agentIds) {
      const asked = cycles.flatMap(({ answers }) => answers.filter(({ agentId }) => agentId === agent));
      const active = asked.filter(({ opinions }) => opinions.some(({ kind }) => kind === 'signal'));
      metrics.agentActivityScore.set({ agent }, asked.length === 0 ? 0 : active.length / asked.length);
    }
  };
  const run = (): void =>
    void look().catch((error: unknown) => logger.warn({ error }, 'the books could not be read for metrics'));
  run();
  const timer = setInterval(run, INTERVAL_MS);
  return () => clearInterval(timer);
}
