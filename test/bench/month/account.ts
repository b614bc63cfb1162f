import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { createScoringActivities } from '../../../activities/scoring/index.ts';
import { configuredPolicy } from '../../../contracts/config/schema.ts';
import type { AgentScoreRecord } from '../../../contracts/scores.ts';
import { defaultParticipation } from '../../../domain/consensus/participation.ts';
import type { MarketSnapshot } from '../../../domain/market/market.ts';
import { pricesIn } from '../../../domain/market/prices.ts';
import type { Price } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { CycleId } from '../../../domain/orders/ids.ts';
import { isHeld } from '../../../domain/portfolio/holding.ts';
import type { OrderPlan } from '../../../domain/portfolio/portfolio.ts';
import { barrierHit, barriersOf, highestOf } from '../../../domain/protection/protection.ts';
import type { SeatId } from '../../../domain/signals/agents.ts';
import { parseConfiguration } from '../../../runtime/configuration/load.ts';
import type { Agent } from '../../../trading/agents/port.ts';
import { consensusOfCycle } from '../../../trading/decide/consensus.ts';
import { cycleInProcess } from '../../../trading/decide/in-process.ts';
import { runCycle } from '../../../trading/decide/run-cycle.ts';
import { executeLegs } from '../../../trading/execute/execute-legs.ts';
import { planExit } from '../../../trading/execute/exits.ts';
import { createOrderEvents } from '../../../trading/execute/order-events.ts';
import type { VenueTrade } from '../../../venues/port.ts';
import { fund, temporaryJournal } from '../../support/books.ts';
import { type ReplayedMarket, SYMBOL } from './market.ts';

const ACCOUNT = 'main';
const MINUTE_MS = 60_000;
const logger = pino({ level: 'silent' });

export interface TriedAccount {
  /** What is due at the market's moment: exits, then a cycle where one is, then scores. */
  step(): Promise<void>;
  /** Of the newest cycle; undefined where it came to none. */
  plan(): OrderPlan | undefined;
  /** All of the account, in their order. */
  trades(): Promise<VenueTrade[]>;
  scores(): Promise<AgentScoreRecord[]>;
  close(): Promise<void>;
}

/**
 * An account of the product on a replayed market: the cycle, the books, the exits and the scores are the product's own, in one process and in the
 * market's time. Left out is what only a machine has: crashes, streams, reconciliation.
 *
 * @param agents who is asked; nobody else takes part
 * @param settings as in a configuration file
 */
export async function openAccount(
  market: ReplayedMarket,
  agents: Partial<Record<SeatId, Agent>>,
  settings: Record<string, unknown>,
  folder: string,
): Promise<TriedAccount> {
  const configuration = parseConfiguration({ symbols: [SYMBOL], ...settings }, 'the bench');
  const { now, trading } = market;
  const journal = await temporaryJournal(now, 'paper', folder);
  await fund(journal);
  await journal.risk.adopt(ACCOUNT, configuration.risk);
  const seats = Object.keys(agents) as SeatId[];
  await journal.participation.seed(
    Object.fromEntries(seats.map((id) => [id, { ...defaultParticipation(id), enabled: true }])),
  );
  await journal.policy.adopt(ACCOUNT, configuredPolicy(configuration));

  let slept = 0;
  const clock = { now, elapsed: () => now() + slept, sleep: async (ms: number) => void (slept += ms) };
  let seen: MarketSnapshot | undefined;
  const orders = { journal, trading, events: createOrderEvents(), clock, logger };
  const read = (candles: number): MarketSnapshot => ({
    snapshotId: String(now()),
    venue: trading.venue,
    mode: 'paper',
    takenAt: now(),
    symbols: [market.symbol(candles)],
  });
  const tools = cycleInProcess({
    ...orders,
    agents,
    configuration,
    market: {
      exchangeTime: async () => now(),
      snapshot: async ({ candles }) => (seen = read(candles)),
      prices: async () => pricesIn(read(1)),
      readSnapshot: async () => seen ?? read(1),
    },
    coordinator: {
      formConsensus: (request) =>
        consensusOfCycle(journal, configuration, request, { formedBy: 'coordinator', formedAt: now() }),
    },
  });
  const scoring = createScoringActivities({
    journal,
    priceAt: async (_symbol, at) => market.closeAt(at),
    exchangeTime: async () => now(),
    logger,
  });
  const highest = new Map<string, Price>();

  /** As `protectPosition` does, once a minute. */
  const protect = async (): Promise<void> => {
    const [position] = (await journal.ledger.positions(ACCOUNT)).filter(isHeld);
    if (!position) return highest.clear();
    const { symbol, openedAt } = position;
    const { bid } = await trading.touch(symbol);
    const top = highestOf(bid, highest.get(String(openedAt)) ?? bid);
    highest.set(String(openedAt), top);
    const barrier = barrierHit(barriersOf(configuration.protection, position, top), bid, now());
    if (!barrier) return;
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const key = `protect/${symbol}/${openedAt}/${now()}`;
      const exit = await planExit(orders, { account: ACCOUNT, symbol, purpose: 'protect', key, attempt });
      if (!('leg' in exit)) return;
      await executeLegs(orders, { cycleId: tagged(key), kind: 'independent', legs: [exit.leg] });
    }
  };

  const everyMinutes = configuration.cycle.intervalSeconds / 60;
  let plan: OrderPlan | undefined;
  return {
    plan: () => plan,
    async trades() {
      const trades: VenueTrade[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await trading.tradesFrom(SYMBOL, cursor);
        trades.push(...page.trades);
        cursor = page.next;
        if (!page.isFull) return trades;
      }
    },
    async step() {
      const minute = Math.floor(now() / MINUTE_MS);
      await protect();
      if (minute % everyMinutes === 0) {
        const cycleId = tagged<CycleId>(`cycle/${ACCOUNT}/${now()}`);
        await runCycle(tools, { cycleId, nominalAt: now(), input: {} });
        const record = await journal.cycles.find(cycleId);
        if (record?.summary.startsWith('cut short')) throw new Error(record.summary);
        plan = record?.plan;
      }
      if (minute % 60 === 1) await new MockActivityEnvironment().run(scoring.scoreDueSignals, ACCOUNT);
    },
    scores: () => journal.scores.read(ACCOUNT),
    close: () => journal.close(),
  };
}
