import { NOT_LISTED, priceOf, TRADING } from '../market/prices.ts';
import { decimal } from '../money/money.ts';
import type { RefusalCode } from '../orders/refusal.ts';
import { isWithin } from '../statistics/periods.ts';
import { unpriced } from './exposure.ts';
import type { Restriction, RiskVerdict } from './portfolio.ts';
import type { Books, PlanRequest, RiskLimits } from './request.ts';

function whole(code: RefusalCode, limit: string, value: string): RiskVerdict {
  return { code, symbol: '*', limit, value, before: 'open', after: 'none' };
}

function staleness(code: RefusalCode, limitMs: number, ageMs: number): RiskVerdict | undefined {
  // What is from the future is as little of now as what is old.
  return Math.abs(ageMs) > limitMs ? whole(code, `${limitMs} ms`, `${ageMs} ms`) : undefined;
}

/** What leaves no ground for any order. */
export function refuseDecision(request: PlanRequest, books: Books): RiskVerdict | undefined {
  const { limits, snapshot, prices, now, epoch } = request;
  if (books.tradingState === 'halted') return whole('TradingHalted', 'active', 'halted');
  if (books.epoch !== epoch) return whole('StaleEpoch', String(books.epoch), String(epoch));
  const stale =
    staleness('SnapshotStale', limits.maxSnapshotAgeMs, now - snapshot.takenAt) ??
    staleness('MarketDataStale', limits.maxPriceAgeMs, now - prices.takenAt);
  if (stale) return stale;
  // Without it a position would count nothing, and its absence look like a loss that halts trading.
  const symbol = unpriced(request, books);
  return symbol === undefined ? undefined : { ...whole('PriceMissing', 'bid and ask', 'none'), symbol };
}

/** What keeps a symbol from any order: the exchange would refuse each one. */
export function refuseSymbol({ prices }: PlanRequest, symbol: string): RiskVerdict | undefined {
  const status = priceOf(prices, symbol)?.status ?? NOT_LISTED;
  return status === TRADING ? undefined : { ...whole('SymbolNotTrading', TRADING, status), symbol };
}

/** What lets only reducing orders pass. */
export function refuseOpening({ limits, now }: PlanRequest, books: Books): RiskVerdict | undefined {
  if (books.tradingState === 'reducing') return whole('TradingReducing', 'active', 'reducing');
  const lostAt = streakLostAt(limits, books.closedTrades);
  const coolDownMs = limits.coolDownMinutes * 60_000;
  return lostAt !== undefined && isWithin(coolDownMs, lostAt, now)
    ? whole('CoolDown', String(lostAt + coolDownMs), String(now))
    : undefined;
}

/** A step of the loss limits as a limit that bit. */
export function verdictOf({ to, code, limit, value }: Restriction, before: Books['tradingState']): RiskVerdict {
  return { code, symbol: '*', limit, value, before, after: to };
}

/** When the last sale of a streak of losing ones was; undefined without one. */
function streakLostAt({ maxLossStreak }: RiskLimits, trades: Books['closedTrades']): number | undefined {
  const streak = trades.slice(0, maxLossStreak);
  const lost = streak.length === maxLossStreak && streak.every(({ realizedPnl }) => decimal(realizedPnl).isNegative());
  return lost ? streak[0]?.closedAt : undefined;
}
