import { minutesOf, type Timeframe } from '../../domain/market/timeframes.ts';
import { decimal, decimalPattern, text } from '../../domain/money/money.ts';
import { type SeatId, type SeatOf, seatIds, seatsOf } from '../../domain/signals/seats.ts';
import { AFTER_AGENTS_MS } from '../cycle-times.ts';
import { historyMinutes, type PaperMarket } from './paper-exchange.ts';
import { realVenue } from './perpetuals.ts';

interface Settings {
  mode: 'paper' | 'live';
  venue: string;
  cycle: { intervalSeconds: number; horizonMinutes: number; timeframe: Timeframe; perpetuals?: boolean | undefined };
  risk: { maxSnapshotAgeSeconds: number; minHoldingSeconds: number; minTradeShare: number };
  allocation: { portfolios?: readonly { share: number }[] | undefined };
  protection: {
    enabled: boolean;
    stopLoss?: number | undefined;
    trailingStop?: number | undefined;
    timeLimitMinutes?: number | undefined;
  };
  paperExchange: {
    takerFeeRate: string;
    market: PaperMarket & { speed?: number; venue?: string; restUrl?: string | undefined };
  };
  participation: { deadlineSeconds: number };
  agents: Record<SeatOf<'language-model'>, { timeoutSeconds: number }> &
    Partial<Record<SeatId, { askEverySeconds?: number | undefined }>>;
  retention: { decisionDays: number | null; outboxDays: number; tradingDays: number | null };
}

interface Contradiction {
  path: (string | number)[];
  /** What stands there. */
  input: number | string | boolean;
  message: string;
}

type Must = (isSo: boolean, path: Contradiction['path'], input: Contradiction['input'], message: string) => void;

/** What is right each by itself, and together leaves no decision, no order or no position: where each stands, and what it must be. */
export function contradictions(settings: Settings): Contradiction[] {
  const found: Contradiction[] = [];
  const must: Must = (isSo, path, input, message) => {
    if (!isSo) found.push({ path, input, message });
  };
  holdTimes(settings, must);
  holdCandles(settings, must);
  holdAskings(settings, must);
  holdSizes(settings, must);
  holdStops(settings, must);
  holdDays(settings, must);
  holdPerpetuals(settings, must);
  return found;
}

function holdSizes({ risk: { minTradeShare }, allocation: { portfolios = [] } }: Settings, must: Must): void {
  for (const [index, { share }] of portfolios.entries()) {
    must(
      share >= minTradeShare,
      ['allocation', 'portfolios', index, 'share'],
      share,
      `must not be below risk.minTradeShare, ${minTradeShare}: nothing of it would ever be worth an order`,
    );
  }
}

/** Fewer candles than this and no agent has a view: domain/signals/baseline.ts. */
const LEAST_CANDLES = 30;

/** Of an exchange elsewhere the history is not known here. */
function holdCandles(
  { mode, cycle: { timeframe, horizonMinutes }, paperExchange: { market } }: Settings,
  must: Must,
): void {
  const length = minutesOf(timeframe);
  must(
    length <= horizonMinutes,
    ['cycle', 'timeframe'],
    timeframe,
    `must not be longer than cycle.horizonMinutes, ${horizonMinutes}: raise that, or take shorter candles`,
  );
  if (mode !== 'paper') return;
  // Beside those that have ended: the running one.
  const days = ((LEAST_CANDLES + 1) * length) / 1_440;
  must(
    historyMinutes(market) >= days * 1_440,
    ['cycle', 'timeframe'],
    timeframe,
    `must leave an agent ${LEAST_CANDLES} candles of the ${historyMinutes(market) / 1_440} days that the paper exchange has: set paperExchange.market.historyDays to ${Math.ceil(days)}, or take shorter ones`,
  );
}

/** What an exchange elsewhere takes is not known here. */
function holdStops({ mode, protection, paperExchange: { takerFeeRate } }: Settings, must: Must): void {
  if (mode !== 'paper' || !protection.enabled) return;
  // One that is no rate is refused by its own rule.
  if (!decimalPattern.test(takerFeeRate)) return;
  const fees = decimal(takerFeeRate).times(2);
  for (const stop of ['stopLoss', 'trailingStop'] as const) {
    const fall = protection[stop];
    if (fall === undefined) continue;
    must(
      fees.lessThan(fall),
      ['protection', stop],
      fall,
      `must be above ${text(fees)}, paperExchange.takerFeeRate both ways: fees and spread alone would sell what has just been bought`,
    );
  }
}

/** What moves to the warehouse must have been needed by nobody any more, and must be kept there. */
function holdDays({ cycle: { horizonMinutes }, retention }: Settings, must: Must): void {
  const { decisionDays, outboxDays, tradingDays } = retention;
  if (decisionDays === null) return;
  const path = ['retention', 'decisionDays'];
  must(
    decisionDays >= outboxDays,
    path,
    decisionDays,
    `must not be below retention.outboxDays, ${outboxDays}: a warehouse that is lost is filled again from those days`,
  );
  must(
    tradingDays === null || decisionDays <= tradingDays,
    path,
    decisionDays,
    `must not be above retention.tradingDays, ${tradingDays}: the warehouse would delete a record on the day on which it gets it`,
  );
  must(
    decisionDays * 24 * 60 >= horizonMinutes,
    path,
    decisionDays,
    `must be at least cycle.horizonMinutes, ${horizonMinutes}, in days: until then the signals of a decision are not scored`,
  );
}

/** An answer stands for one horizon at the most, and horizons end by the time of the market. */
function holdAskings(
  { mode, cycle: { horizonMinutes }, paperExchange: { market }, agents }: Settings,
  must: Must,
): void {
  const { speed = 1 } = mode === 'paper' && market.kind === 'replay' ? market : {};
  for (const seat of seatIds) {
    const askEverySeconds = agents[seat]?.askEverySeconds;
    if (askEverySeconds === undefined) continue;
    const path = ['agents', seat, 'askEverySeconds'];
    must(
      askEverySeconds <= horizonMinutes * 60,
      path,
      askEverySeconds,
      `must not be above cycle.horizonMinutes, ${horizonMinutes * 60} s: its answer would end before it is asked again`,
    );
    must(
      speed === 1,
      path,
      askEverySeconds,
      `must be left out where paperExchange.market.speed is ${speed}: the market's time would outrun each answer`,
    );
  }
}

/** Beside prices that are nobody's, real funding would be of another market. */
function holdPerpetuals(settings: Settings, must: Must): void {
  const { perpetuals } = settings.cycle;
  must(
    perpetuals !== true || realVenue(settings) !== undefined,
    ['cycle', 'perpetuals'],
    true,
    `must be false, or be left out, where paperExchange.market is ${settings.paperExchange.market.kind}: only real prices have perpetual markets beside them, live or of a mirrored venue without a restUrl`,
  );
}

function holdTimes({ cycle, risk, protection, participation, agents }: Settings, must: Must): void {
  const { deadlineSeconds } = participation;
  const { intervalSeconds, horizonMinutes } = cycle;
  const { maxSnapshotAgeSeconds: maxAge, minHoldingSeconds } = risk;
  const { timeLimitMinutes = Number.POSITIVE_INFINITY } = protection.enabled ? protection : {};
  const needed = Math.min(deadlineSeconds, intervalSeconds) + AFTER_AGENTS_MS / 1_000;
  must(
    deadlineSeconds <= intervalSeconds,
    ['participation', 'deadlineSeconds'],
    deadlineSeconds,
    `must not be above cycle.intervalSeconds, ${intervalSeconds}: the next cycle would begin before the agents' time is over`,
  );
  for (const agent of seatsOf('language-model')) {
    const { timeoutSeconds, askEverySeconds } = agents[agent];
    // One that is asked by a schedule of its own holds up no cycle.
    must(
      timeoutSeconds <= (askEverySeconds ?? deadlineSeconds),
      ['agents', agent, 'timeoutSeconds'],
      timeoutSeconds,
      askEverySeconds === undefined
        ? `must not be above participation.deadlineSeconds, ${deadlineSeconds}: nobody would wait for the answer, but where agents.${agent}.askEverySeconds has it asked apart from the cycles`
        : `must not be above agents.${agent}.askEverySeconds, ${askEverySeconds}: it would still be thinking when it is asked again`,
    );
  }
  must(
    maxAge >= needed,
    ['risk', 'maxSnapshotAgeSeconds'],
    maxAge,
    `must be at least ${needed}: the agents have ${needed - AFTER_AGENTS_MS / 1_000} s (participation.deadlineSeconds) and the steps up to the decision ${AFTER_AGENTS_MS / 1_000} s, so that one slow answer would refuse every order`,
  );
  must(
    maxAge <= horizonMinutes * 60,
    ['risk', 'maxSnapshotAgeSeconds'],
    maxAge,
    `must not be above cycle.horizonMinutes, ${horizonMinutes * 60} s: a decision would be on views that are over`,
  );
  must(
    minHoldingSeconds < timeLimitMinutes * 60,
    ['risk', 'minHoldingSeconds'],
    minHoldingSeconds,
    `must be below protection.timeLimitMinutes, ${timeLimitMinutes * 60} s: every position would be closed before a signal may close it`,
  );
}
