import { Decimal, type DecimalText, decimal, type Money, sum, text } from '../money/money.ts';
import type { RefusalCode } from '../orders/refusal.ts';
import { clamp, logReturns } from '../statistics/statistics.ts';
import type { Allocation, RiskVerdict } from './portfolio.ts';
import { type Amount, shrink } from './shrink.ts';

/*
 * What a cap takes away is handed to nobody else: it stays cash. A strong view on one symbol is no reason to hold more of another, and a share
 * that depended on its neighbours could be explained by nobody.
 */

/** A part of the equity with symbols of its own. Shares are fractions of all equity. */
export interface Portfolio {
  name: string;
  share: number;
  symbols: readonly string[];
}

export interface AllocationSettings {
  /** `kelly`: a fraction of the Kelly stake. `volatility`: what keeps a symbol's volatility at the target. */
  method: 'kelly' | 'volatility';
  /** Of the full Kelly stake: c keeps c(2 − c) of the full growth, a quarter 44 % (Thorp 2006). */
  kellyFraction: number;
  /** Over a year, as a fraction. */
  targetVolatility: number;
  portfolios: readonly Portfolio[];
}

/** A symbol belongs to one portfolio, or to none: of that nothing is to be held. */
export function portfolioOf({ portfolios }: AllocationSettings, symbol: string): Portfolio | undefined {
  return portfolios.find(({ symbols }) => symbols.includes(symbol));
}

/** What speaks for holding a symbol. Return and uncertainty are fractions over the horizon, the volatility is one over a year. */
export interface Claim {
  symbol: string;
  expectedReturn: number;
  uncertainty: number;
  /** Standard deviation of the expected return as an estimate; absent where it is taken as it was said. */
  error?: number | undefined;
  conviction: number;
  volatility: number | undefined;
  /** What the return has to pay before anything is earned: both ways of what is still to be bought, nothing of what is held. */
  cost: number;
}

/** What a market maker's inventory and orders on a symbol may take, as a fraction of all equity. */
export interface MakerClaim {
  portfolio: string;
  symbol: string;
  share: number;
}

/** Fractions of all equity. */
export interface ExposureCaps {
  symbol: number;
  gross: number;
}

/** Smallest variance that is believed, so that an agent which claims to be certain does not get everything. */
const LEAST_VARIANCE = 1e-8;

/** Full Kelly stake for a continuous return, f = μ/σ² (Kelly 1956; Thorp 2006), as a fraction of capital; 0 for a return that is not positive. */
export function kellyShare(expectedReturn: number, uncertainty: number): number {
  return Math.max(0, expectedReturn / Math.max(uncertainty ** 2, LEAST_VARIANCE));
}

/**
 * e²/(e² + s²): how much of a stake is left to one who has only estimated the edge e, with a standard deviation of s (Baker and McHale 2013, whose
 * bet at odds b has the edge (b + 1)p − 1, and (b + 1) times the deviation of p as its error).
 */
export function estimationFactor(edge: number, error: number): number {
  return error > 0 ? 1 / (1 + (error / edge) ** 2) : 1;
}

/** min(cap, σ* / σ): how much of a position keeps its volatility at the target (Moreira and Muir 2017). */
export function volatilityScale(target: number, volatility: number, cap: number): number {
  return volatility > 0 ? Math.min(cap, target / volatility) : cap;
}

const DECAY = 0.94;

/** The next variance of a series, λ·v + (1 − λ)·r² with λ = 0.94 (RiskMetrics 1996). */
export function nextVariance(variance: number, oneReturn: number): number {
  return DECAY * variance + (1 - DECAY) * oneReturn ** 2;
}

/**
 * Volatility over a year, as a fraction, from the closes of candles of which there are so many in a year, oldest first. Undefined with fewer than
 * two, or where one is no price: a volatility that is not known must not pass for a low one.
 */
export function yearlyVolatility(closes: readonly number[], candlesAYear: number): number | undefined {
  const [first, ...rest] = logReturns(closes);
  if (first === undefined || !closes.every((close) => close > 0)) return undefined;
  return Math.sqrt(rest.reduce(nextVariance, first ** 2) * candlesAYear);
}

/**
 * Splits equity over portfolios, symbols and market makers. Caps are applied in this order: one symbol, one portfolio, everything; where a cap
 * of several is too small, all of them shrink by the same factor. The order of claims and makers changes nothing. Without equity there is
 * nothing to split.
 *
 * @returns each share with a verdict for each cap that bit it: its limit, and as `value` what came under it together, are fractions of equity,
 *   what was wanted and let through amounts in the quote currency
 */
export function allocate(question: {
  equity: DecimalText;
  settings: AllocationSettings;
  claims: readonly Claim[];
  makers: readonly MakerClaim[];
  caps: ExposureCaps;
}): { allocations: Allocation[]; verdicts: RiskVerdict[] } {
  const { settings, claims, makers, caps } = question;
  const equity = decimal(question.equity);
  if (!equity.greaterThan(0)) return { allocations: [], verdicts: [] };
  const draft = (portfolio: string, kind: Allocation['kind'], symbol: string, share: number): ShareDraft => {
    const wanted = decimal(share).toDecimalPlaces(SHARE_DECIMALS);
    return { portfolio, kind, symbol, wanted, notional: equity.times(wanted), boundBy: [] };
  };
  const bound = (code: RefusalCode, cap: number, covers: (one: ShareDraft) => boolean): RiskVerdict[] => {
    const own = drafts.filter((one) => covers(one) && !one.notional.isZero());
    const value = text(
      sum(own.map(({ notional }) => notional))
        .div(equity)
        .toDecimalPlaces(6),
    );
    const verdicts = shrink(own, equity.times(cap), { code, limit: text(decimal(cap)), value });
    if (verdicts.length > 0) for (const { boundBy } of own) boundBy.push(code);
    return verdicts;
  };

  const quoted = makers.map(({ portfolio, symbol, share }) => draft(portfolio, 'market_maker', symbol, share));
  const held = settings.portfolios.flatMap(({ name, share, symbols }) =>
    claims
      .filter(({ symbol }) => symbols.includes(symbol))
      .map((claim) => draft(name, 'symbol', claim.symbol, wantedShare(settings, claim) * share)),
  );
  const drafts = [...quoted, ...held].toSorted(byName);
  const symbols = [...new Set(drafts.map(({ symbol }) => symbol))];
  const verdicts = [
    ...symbols.flatMap((symbol) => bound('SymbolExposure', caps.symbol, (one) => one.symbol === symbol)),
    ...settings.portfolios.flatMap(({ name, share }) =>
      bound('PortfolioShare', share, ({ portfolio }) => portfolio === name),
    ),
    ...bound('GrossExposure', caps.gross, () => true),
  ];
  return { allocations: drafts.map((one) => allocationOf(one, equity)), verdicts };
}

/** Statistics are floats, and three times 0.1 of them is more than 0.3: what lies behind this place is noise, and no cap that bit. */
const SHARE_DECIMALS = 12;

interface ShareDraft extends Amount, Pick<Allocation, 'portfolio' | 'kind' | 'boundBy'> {
  /** Of all equity. */
  wanted: Decimal;
}

/** Of its portfolio's equity. */
function wantedShare({ method, kellyFraction, targetVolatility }: AllocationSettings, claim: Claim): number {
  const conviction = clamp(claim.conviction, 0, 1);
  if (method === 'kelly') {
    const edge = claim.expectedReturn - claim.cost;
    return kellyFraction * conviction * estimationFactor(edge, claim.error ?? 0) * kellyShare(edge, claim.uncertainty);
  }
  if (claim.volatility === undefined || claim.expectedReturn <= 0) return 0;
  return conviction * volatilityScale(targetVolatility, claim.volatility, 1);
}

function byName(one: ShareDraft, other: ShareDraft): number {
  const nameOf = ({ kind, portfolio, symbol }: ShareDraft): string => `${kind} ${portfolio} ${symbol}`;
  const [first, second] = [nameOf(one), nameOf(other)];
  if (first === second) return one.wanted.comparedTo(other.wanted);
  return first < second ? -1 : 1;
}

function allocationOf({ wanted, notional, ...draft }: ShareDraft, equity: Decimal): Allocation {
  const share = roundedDown(notional.div(equity));
  const amount: Money = text(equity.times(share).toDecimalPlaces(8, Decimal.ROUND_DOWN));
  const { portfolio, kind, symbol, boundBy } = draft;
  return { portfolio, kind, symbol, wanted: roundedDown(wanted).toNumber(), share: share.toNumber(), amount, boundBy };
}

/** So that no sum of rounded shares exceeds a cap. A quotient that is a millionth's multiple may be off in its last digit. */
function roundedDown(share: Decimal): Decimal {
  return share.toDecimalPlaces(SHARE_DECIMALS).toDecimalPlaces(6, Decimal.ROUND_DOWN);
}
