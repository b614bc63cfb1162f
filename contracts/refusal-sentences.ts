import { decimal, decimalPattern, text } from '../domain/money/money.ts';
import type { Refusal, RefusalCode } from '../domain/orders/refusal.ts';
import type { RiskVerdict } from '../domain/portfolio/portfolio.ts';
import { refusalIn } from './refusals.ts';

/** A plan's verdict, or a refusal of the fence with the symbol that it is about. */
export type Said = Refusal & Pick<RiskVerdict, 'symbol'> & Partial<Pick<RiskVerdict, 'before' | 'after'>>;

/** The same with the names of its units. */
interface Terms extends Said {
  base: string;
  /** That amounts are in. */
  quote: string;
}

/**
 * What each code says of a case, with its numbers and what may be done: one sentence for every door, without the symbol before it and the full stop
 * after it. What the numbers of each are stands in refusals.ts.
 */
const sentences: Readonly<Record<RefusalCode, (terms: Terms) => string>> = {
  TradingHalted: () => 'trading is halted until a person resumes it: ./sapphire resume',
  TradingReducing: () =>
    'only what reduces passes, until equity has recovered, nothing was held for a day, or a person resumes it: ./sapphire resume',
  LiveDisabled: () => 'live trading is not enabled: ./sapphire live enable',
  StaleEpoch: ({ limit, value }) => `the cycle began at halt epoch ${value}, and a stop has made it ${limit} since`,
  SnapshotStale: ({ limit, value }) => `what the agents saw is ${time(value)} old, more than ${time(limit)}`,
  MarketDataStale: ({ limit, value }) => `the prices of the decision are ${time(value)} old, more than ${time(limit)}`,
  PriceMissing: () => 'it is held and has no price, so nobody knows the equity',
  SymbolNotTrading: ({ value }) => `the exchange does not trade it now: its status is ${value}`,
  NotInCycle: ({ before, base, limit, value }) =>
    `the ${before ?? ''} ${base} that are held stay: the symbol would have to be ${limit}, and it is ${value}`,
  NoQuorum: ({ before, base, limit, value }) =>
    `the ${before ?? ''} ${base} that are held stay, with their exits: ${value} of the ${limit} voices (or shares of the weight) that are needed were heard`,
  CoolDown: ({ limit }) => `so many sales in a row lost that nothing opens before ${moment(limit)} (maxLossStreak)`,
  DailyLoss: ({ limit, value, quote, after }) =>
    `equity of ${amount(value)} ${quote} is below the day's floor, ${amount(limit)} ${quote} (maxDailyLoss): trading is ${after ?? 'halted'} now`,
  Drawdown: ({ limit, value, quote, after }) =>
    `equity of ${amount(value)} ${quote} is below ${amount(limit)} ${quote}, too far from its peak (reduceDrawdown, maxDrawdown): trading is ${after ?? 'restricted'} now`,
  DrawdownRecovered: ({ limit, value, quote }) =>
    `equity of ${amount(value)} ${quote} is at ${amount(limit)} ${quote} or above again: orders may open again`,
  DrawdownRested: ({ value }) => `nothing was held for ${time(value)}: orders may open again`,
  SymbolExposure: (terms) => `${ofTheEquity(terms)} one symbol may be (maxSymbolExposure)${became(terms)}`,
  PortfolioShare: (terms) => `${ofTheEquity(terms)} its portfolio may be (portfolios)${became(terms)}`,
  GrossExposure: (terms) => `${ofTheEquity(terms)} all that is held may be (maxGrossExposure)${became(terms)}`,
  ViewEnded: ({ limit, value, base, after }) =>
    `no cycle has upheld the view for ${time(value)}, a whole horizon being ${time(limit)}: it is sold, down to ${after ?? '0'} ${base}`,
  MinHolding: ({ limit, value }) =>
    `it was bought ${time(value)} ago, and a signal alone sells nothing before ${time(limit)} (minHoldingSeconds)`,
  ReentryPause: ({ limit, value }) =>
    `it was sold ${time(value)} ago, and is not bought again before ${time(limit)} (reentryPauseSeconds)`,
  LeftOut: ({ limit }) => `it is left out by hand before ${moment(limit)}: ./sapphire symbol take-back`,
  DailyTurnover: (terms) =>
    `the day would trade ${amount(terms.value)} ${terms.quote}, more than ${amount(terms.limit)} ${terms.quote} (maxDailyTurnover)${became(terms)}`,
  DailyFees: (terms) =>
    `the day would pay ${amount(terms.value)} ${terms.quote} in fees, more than ${amount(terms.limit)} ${terms.quote} (maxDailyFees)${became(terms)}`,
  OrderInFlight: ({ before, value }) =>
    `${value === '1' ? 'an order' : `${value} orders`} on it ${value === '1' ? 'is' : 'are'} on the way${before ? ` (${before})` : ''}, and the next waits for that`,
  SymbolFrozen: () =>
    'nobody knows yet what became of an order on it, and nothing opens before that: ./sapphire orders --open',
  OrderRate: ({ limit, value }) =>
    `it would be order ${value} within a minute, and ${limit} are allowed (maxOrdersPerMinute)`,
  TradeShare: ({ limit, value, quote }) =>
    `it is within ${amount(value)} ${quote} of its target, less than the smallest order worth making, ${amount(limit)} ${quote} (minTradeShare, or the band that costs draw)`,
  OrderNotional: ({ limit, value, quote }) =>
    `an order of ${amount(value)} ${quote} is more than one may be, ${amount(limit)} ${quote} (maxOrderNotional)`,
  FreeCash: ({ limit, value, quote }) =>
    `it would take ${amount(value)} ${quote}, and ${amount(limit)} ${quote} are free`,
  MinQuantity: ({ limit, value, base }) => `${value} ${base} is less than the exchange takes, ${limit} ${base}`,
  MinNotional: ({ limit, value, quote }) =>
    `${amount(value)} ${quote} is less than an order must be worth, ${amount(limit)} ${quote} (the exchange's minimum, or minOrderNotional)`,
  MaxQuantity: ({ limit, value, base }) =>
    `${value} ${base} is more than the exchange takes in one order, ${limit} ${base}: the rest is for the next`,
  CostGate: ({ limit, value }) =>
    `a gain of ${percent(value)} is expected, and fee, spread and slippage of both ways take ${percent(limit)}`,
  MarketCollar: ({ limit, value, quote }) =>
    `a market order would trade as far as ${value}${decimalPattern.test(value) ? ` ${quote}` : ''}, beyond the collar at ${limit} ${quote}: it becomes a limit order (priceCollarBps)`,
  PriceCollar: ({ limit, value, quote }) => `its price, ${value} ${quote}, is worse than its limit, ${limit} ${quote}`,
  IntentExists: ({ value }) => `this submission stands in the books already, as ${value}`,
  PreviousSubmissionOpen: ({ value }) => `the submission before it has not come to its end: it is ${value}`,
  LegOver: ({ limit, value }) => `submission ${value} was asked for, and the books expect ${limit}`,
  OverLeg: ({ limit, value, base }) => `${value} ${base} in all would be more than was planned, ${limit} ${base}`,
  OtherLeg: ({ limit, value }) => `it is not the order that was decided: ${value} was asked for, ${limit} is reserved`,
  NotReducing: ({ limit, value, base }) =>
    `${value} ${base} would be sold, or bought, and ${limit} ${base} are held: it would not reduce`,
  NotReserved: ({ limit, value }) => `${value} would be needed for it, and ${limit} is reserved`,
};

/** @param currency of the account, for what is about no symbol */
export function refusalSentence(said: Said, currency: string): string {
  const [base = '', quote = currency] = said.symbol.split('/');
  // A record of an earlier release may have a code that is no more.
  const sentence = (sentences as Partial<typeof sentences>)[said.code];
  return sentence ? sentence({ ...said, base, quote }) : `${said.code}: limit ${said.limit}, value ${said.value}`;
}

/** The words in which the journal keeps why an order ended, as a person reads them. */
export function detailSentence(detail: string, symbol: string, currency: string): string {
  const refusal = refusalIn(detail);
  return refusal ? refusalSentence({ ...refusal, symbol }, currency) : detail;
}

const ofTheEquity = ({ limit, value }: Terms): string =>
  `${percent(value, 1)} of the equity would be more than the ${percent(limit, 1)} that`;

function became({ before, after, quote }: Terms): string {
  return before === undefined || after === undefined ? '' : `: ${amount(before)} ${quote} became ${amount(after)}`;
}

/** As it is where it is no number. */
function amount(value: string): string {
  return decimalPattern.test(value) ? text(decimal(value).toDecimalPlaces(2)) : value;
}

function percent(share: string, decimals = 2): string {
  return decimalPattern.test(share) ? `${text(decimal(share).times(100).toDecimalPlaces(decimals))} %` : share;
}

function time(words: string): string {
  const ms = /^(-?\d+) ms$/.exec(words)?.[1];
  if (ms === undefined) return words;
  const seconds = Number(ms) / 1_000;
  if (Math.abs(seconds) < 10) return `${seconds.toFixed(1)} s`;
  return Math.abs(seconds) < 600 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

function moment(at: string): string {
  return /^\d{10,15}$/.test(at) ? `${new Date(Number(at)).toISOString().slice(0, 19).replace('T', ' ')}Z` : at;
}
