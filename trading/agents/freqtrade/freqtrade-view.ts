import type { AgentRequest } from '../../../contracts/signals.ts';
import { candlesIn, candlesOf, timeframeOf } from '../../../domain/market/frames.ts';
import type { SymbolSnapshot } from '../../../domain/market/market.ts';
import { closingPrices } from '../../../domain/signals/baseline.ts';
import type { Signal } from '../../../domain/signals/signals.ts';
import {
  clamp,
  logReturns,
  outcomeProbabilities,
  standardDeviation,
  uncertaintyOver,
} from '../../../domain/statistics/statistics.ts';
import { type AnalysedCandle, type Bot, FreqtradeRefused, type OpenTrade } from './freqtrade-api.ts';

const MINUTE_MS = 60_000;
const MIN_CANDLES = 30;
/** The last candle may have closed so many of its timeframes before the snapshot, or after it. */
const MAX_TIMEFRAMES = 2;
/** Of a signal: contracts/signals.ts. */
const MAX_HORIZON_MS = 7 * 86_400_000;
/** Closes of the same minute of the same market differ by less than this share, even between venues. */
const SAME_MARKET = 0.01;

/** Strength of an entry or exit by a strategy without a column `signal_strength`, and of a trade that is merely kept. */
const PRIOR_STRENGTH = 0.5;
const HELD_STRENGTH = 0.25;
/** What a signal of full strength is taken to be worth, as a share of the deviation of the return. */
const EDGE = 0.5;
const MAX_EXPECTED_RETURN = 0.03;
const MAX_CONVICTION = 0.6;

/** What Freqtrade has on one pair. */
export interface Finding {
  bot: Bot & { strategy: string; timeframe: string };
  candle: AnalysedCandle | undefined;
  trade: OpenTrade | undefined;
}

interface Stance {
  side: 1 | -1;
  strength: number;
  words: string;
}

/**
 * What the strategy would do on its own account with its last closed candle, as a view on the horizon.
 *
 * The rule: an entry counts up, an exit down, a short entry down and a short exit up, by Freqtrade's own precedence of what it would trade; an
 * open trade without an exit counts mildly its way. What is left is no opinion, and no forecast of zero. The view is formed when the candle
 * closes, so that cycles which read the same one hear one view, and looks ahead as far as the question, or for as long as the candle counts. The
 * strength s is the strategy's own. The expected return is ±s·EDGE·σ with σ the deviation of the snapshot's candles over that horizon, and the
 * probabilities are those of a normal return with that mean and deviation: Grinold's rule that an edge is information
 * times volatility times score, under a fixed prior, since a strategy forecasts no return. Its prices are held against ours, to notice another
 * market, and go no further.
 *
 * @throws FreqtradeRefused `not_enough_data` for a candle that is missing or stale and for a snapshot without prices, `not_configured` for a
 *   market that is not ours, `no_view` where the strategy does nothing
 */
export function freqtradeView(
  market: SymbolSnapshot,
  { bot, candle, trade }: Finding,
  { horizonMs: askedMs, snapshot: { takenAt } }: AgentRequest,
): Signal {
  const {
    instrument: { symbol },
    candles,
  } = market;
  const closes = closingPrices(candles);
  if (closes === undefined || closes.length < MIN_CANDLES) {
    throw new FreqtradeRefused(
      'not_enough_data',
      `The uncertainty needs ${MIN_CANDLES} candles of ${timeframeOf(market)} with a price; there are ${candles.length}.`,
    );
  }
  if (candle === undefined) {
    throw new FreqtradeRefused('not_enough_data', `${bot.strategy} has analysed no candle of ${symbol} yet.`);
  }
  const closedAt = candle.openAt + candle.timeframeMs;
  refuseStale(closedAt, candle.timeframeMs, takenAt);
  refuseOtherMarket(candle.close, closedAt, market);

  const stance = stanceOf(candle, trade);
  if (typeof stance === 'string') {
    throw new FreqtradeRefused('no_view', `Freqtrade's ${bot.strategy} on ${bot.timeframe} candles: ${stance}.`);
  }
  const { side, strength, words } = stance;
  const horizonMs = Math.min(MAX_HORIZON_MS, Math.max(askedMs, MAX_TIMEFRAMES * candle.timeframeMs));
  const formedAt = Math.min(closedAt, takenAt);
  const uncertainty = uncertaintyOver(standardDeviation(logReturns(closes)), candlesIn(horizonMs, market));
  const expectedReturn = clamp(side * strength * EDGE * uncertainty, -MAX_EXPECTED_RETURN, MAX_EXPECTED_RETURN);
  return {
    kind: 'signal',
    agentId: 'freqtrade',
    symbol,
    probabilities: outcomeProbabilities(expectedReturn, uncertainty),
    expectedReturn,
    uncertainty,
    conviction: MAX_CONVICTION * strength,
    horizonMs,
    formedAt,
    validUntilAt: formedAt + horizonMs,
    rationale: `Freqtrade's ${bot.strategy} on ${bot.timeframe} candles: ${words}.`,
    evidence: evidenceOf(candle, trade, bot, closedAt),
  };
}

function refuseStale(closedAt: number, timeframeMs: number, takenAt: number): void {
  const age = takenAt - closedAt;
  if (Math.abs(age) <= MAX_TIMEFRAMES * timeframeMs) return;
  const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
  throw new FreqtradeRefused(
    'not_enough_data',
    `The last analysed candle closed ${seconds(Math.abs(age))} ${age > 0 ? 'before' : 'after'} the snapshot; at most ${seconds(MAX_TIMEFRAMES * timeframeMs)} count. Freqtrade's own log says why it has no newer one.`,
  );
}

/** Only where the snapshot has the minute in which the candle closed. */
function refuseOtherMarket(close: number, closedAt: number, market: SymbolSnapshot): void {
  const ours = Number(candlesOf(market, '1m').find(({ openAt }) => openAt === closedAt - MINUTE_MS)?.close);
  if (!(Math.abs(close / ours - 1) > SAME_MARKET)) return;
  throw new FreqtradeRefused(
    'not_configured',
    `Freqtrade watches another market: its close of ${new Date(closedAt).toISOString()} is ${close}, here it is ${ours}. Let it use the same exchange.`,
  );
}

/** What it would do, or in words that it does nothing. */
function stanceOf(candle: AnalysedCandle, trade: OpenTrade | undefined): Stance | string {
  const { enter_long: buys, exit_long: sells, enter_short: shorts, exit_short: covers } = candle;
  const strength = candle.signal_strength ?? PRIOR_STRENGTH;
  if (buys && !sells && !shorts) return { side: 1, strength, words: `it enters${tagged(candle.enter_tag)}` };
  if (shorts && !covers && !buys) return { side: -1, strength, words: `it enters short${tagged(candle.enter_tag)}` };
  if (!buys && !shorts) {
    if (sells && covers) return 'it leaves the market, long and short';
    if (sells) return { side: -1, strength, words: `it exits${tagged(candle.exit_tag)}` };
    if (covers) return { side: 1, strength, words: `it exits its short${tagged(candle.exit_tag)}` };
  }
  if (trade !== undefined) {
    const words = `it keeps its ${trade.is_short ? 'short trade' : 'trade'}${tagged(trade.enter_tag)}`;
    return { side: trade.is_short ? -1 : 1, strength: HELD_STRENGTH, words };
  }
  return buys || shorts ? 'what it marks cancels itself out' : 'no entry and no exit';
}

function tagged(tag: string | undefined): string {
  return tag === undefined ? '' : ` (${tag})`;
}

function evidenceOf(candle: AnalysedCandle, trade: OpenTrade | undefined, bot: Bot, closedAt: number): string[] {
  const time = (at: number): string => new Date(at).toISOString();
  return [
    `candle closed ${time(closedAt)}`,
    ...(candle.enter_long ? [`entry${tagged(candle.enter_tag)}`] : []),
    ...(candle.exit_long ? [`exit${tagged(candle.exit_tag)}`] : []),
    ...(candle.enter_short ? [`short entry${tagged(candle.enter_tag)}`] : []),
    ...(candle.exit_short ? [`short exit${tagged(candle.exit_tag)}`] : []),
    typeof candle.signal_strength === 'number'
      ? `signal_strength ${candle.signal_strength.toFixed(3)}`
      : `no signal_strength: ${PRIOR_STRENGTH} is assumed`,
    ...(trade === undefined
      ? []
      : [`${trade.is_short ? 'short ' : ''}trade open since ${time(trade.open_timestamp)}${tagged(trade.enter_tag)}`]),
    bot.dry_run ? 'its own money is simulated' : 'it trades an account of its own',
  ];
}
