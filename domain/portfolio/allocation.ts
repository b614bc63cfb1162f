import { Decimal, type DecimalText, decimal, text } from '../money/money.ts';
import { clamp, logReturns } from '../statistics/statistics.ts';
import type { Allocation, RiskVerdict } from './portfolio.ts';

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

/** What speaks for holding a symbol. Return and uncertainty are fractions over the horizon, the volatility is one over a year. */
export interface Claim {
  symbol: string;
  expectedReturn: number;
  uncertainty: number;
  conviction: number;
  volatility: number | undefined;
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

/** min(cap, σ* / σ): how much of a position keeps its volatility at the target (Moreira and Muir 2017). */
export function volatilityScale(target: number, volatility: number, cap: number): number {
  return volatility > 0 ? Math.min(cap, target / volatility) : cap;
}

const DECAY = 0.94;
const MINUTES_A_YEAR = 525_600;

/** The next variance of a series, λ·v + (1 − λ)·r² with λ = 0.94 (RiskMetrics 1996). */
export function nextVariance(variance: number, oneReturn: number): number {
  return DECAY * variance + (1 - DECAY) * oneReturn ** 2;
}

/**
 * Volatility over a year, as a fraction, from the closes of one-minute candles, oldest first. Undefined with fewer than two, or where one is no
 * price: a volatility that is not known must not pass for a low one.
 */
export function yearlyVolatility(closes: readonly number[]): number | undefined {
  const [first, ...rest] = logReturns(closes);
  if (first === undefined || !closes.every((close) => close > 0)) return undefined;
  return Math.sqrt(rest.reduce(nextVariance, first ** 2) * MINUTES_A_YEAR);
}

/**
 * Splits equity over portfolios, symbols and market makers. Caps are applied in this order: one symbol, one portfolio, everything; where a cap
 * of several is too small, all of them shrink by the same factor. The order of claims and makers changes nothing.
 *
 * @returns each share with a verdict for each cap that bit it, both in fractions of equity: `value` is what came under the cap together
 */
export function allocate(question: {
  equity: DecimalText;
  settings: AllocationSettings;
  claims: readonly Claim[];
  makers: readonly MakerClaim[];
  caps: ExposureCaps;
}): { allocations: Allocation[]; verdicts: RiskVerdict[] } {
  const { equity, settings, claims, makers, caps } = question;
  const verdicts: RiskVerdict[] = [];
  const quoted = makers.map(({ portfolio, symbol, share }) => draft(portfolio, 'market_maker', symbol, share));
  const held = settings.portfolios.flatMap(({ name, share, symbols }) =>
    claims
      .filter(({ symbol }) => symbols.includes(symbol))
      .map((claim) => draft(name, 'symbol', claim.symbol, wantedShare(settings, claim) * share)),
  );
  // Sums of floats depend on their order: in one order alone they are the same for every order of the question.
  const drafts = [...quoted, ...held].toSorted(byName);
  for (const symbol of new Set(drafts.map((one) => one.symbol))) {
    const own = drafts.filter((one) => one.symbol === symbol);
    verdicts.push(...shrink(own, caps.symbol, 'SymbolExposure'));
  }
  for (const { name, share } of settings.portfolios) {
    const own = drafts.filter(({ portfolio }) => portfolio === name);
    verdicts.push(...shrink(own, share, 'PortfolioShare'));
  }
  verdicts.push(...shrink(drafts, caps.gross, 'GrossExposure'));
  const allocations = drafts.map((one) => {
    const share = round(one.share);
    return {
      ...one,
      wanted: round(one.wanted),
      share,
      amount: text(decimal(equity).times(share).toDecimalPlaces(8, Decimal.ROUND_DOWN)),
    };
  });
  return { allocations, verdicts };
}

type Draft = Omit<Allocation, 'amount'>;

function draft(portfolio: string, kind: Allocation['kind'], symbol: string, wanted: number): Draft {
  return { portfolio, kind, symbol, wanted, share: wanted, boundBy: [] };
}

/** Of its portfolio's equity. */
function wantedShare({ method, kellyFraction, targetVolatility }: AllocationSettings, claim: Claim): number {
  const conviction = clamp(claim.conviction, 0, 1);
  if (method === 'kelly') return kellyFraction * conviction * kellyShare(claim.expectedReturn, claim.uncertainty);
  if (claim.volatility === undefined || claim.expectedReturn <= 0) return 0;
  return conviction * volatilityScale(targetVolatility, claim.volatility, 1);
}

function byName(one: Draft, other: Draft): number {
  const nameOf = ({ kind, portfolio, symbol }: Draft): string => `${kind} ${portfolio} ${symbol}`;
  const [first, second] = [nameOf(one), nameOf(other)];
  if (first === second) return one.wanted - other.wanted;
  return first < second ? -1 : 1;
}

/** Three times 0.1 is more than 0.3 by a rounding, and no cap that bit. */
const ROUNDING = 1e-12;

function shrink(drafts: readonly Draft[], cap: number, code: string): RiskVerdict[] {
  const total = drafts.reduce((sum, { share }) => sum + share, 0);
  if (total <= cap + ROUNDING) return [];
  return drafts
    .filter(({ share }) => share > 0)
    .map((one) => {
      const before = one.share;
      one.share *= cap / total;
      one.boundBy.push(code);
      return {
        code,
        symbol: one.symbol,
        limit: figure(cap),
        value: figure(total),
        before: figure(before),
        after: figure(one.share),
      };
    });
}

function figure(share: number): string {
  return String(Number(share.toFixed(6)));
}

/** Down, so that no sum of rounded shares exceeds a cap. */
function round(share: number): number {
  return Math.floor(share * 1e6 + 1e-9) / 1e6;
}
