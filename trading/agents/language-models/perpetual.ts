import { candlesOf } from '../../../domain/market/frames.ts';
import type { MarketSnapshot, SymbolSnapshot } from '../../../domain/market/market.ts';
import type { OpenInterest, Perpetual, PerpetualGap } from '../../../domain/market/perpetual.ts';
import { widerFeaturesOf } from './context.ts';
import type { SymbolFeatures } from './features.ts';

const BPS = 10_000;
const MINUTE_MS = 60_000;
const DAY_HOURS = 24;

const reasons: Readonly<Record<PerpetualGap, string>> = {
  none: 'the exchange has none',
  unread: 'nobody has looked yet',
  away: 'the exchange did not answer',
  refused: 'the exchange refused to say',
  malformed: 'the answer meant nothing',
  stale: 'what was said is too old',
};

/**
 * The wider features with those of the perpetual market: what longs pay next, and how much stands open. What is missing is named with its reason.
 * @returns a sentence instead when the snapshot does not support even the last two hours
 */
export function perpetualFeaturesOf(
  one: SymbolSnapshot,
  of: { market: MarketSnapshot; horizonMs: number },
): SymbolFeatures | string {
  const features = widerFeaturesOf(one, of);
  if (typeof features === 'string') return features;
  const { numbers, unknown } = saidBy(one, of.market.takenAt);
  const shown = Object.entries(numbers).filter(([, value]) => Number.isFinite(value));
  return {
    ...features,
    evidence: [
      ...features.evidence,
      ...shown.map(([name, value]) => ({ id: `${features.symbol}.${name}`, value: Number(value.toFixed(3)) })),
    ],
    unknown,
  };
}

function saidBy(one: SymbolSnapshot, takenAt: number): { numbers: Record<string, number>; unknown: string[] } {
  const { perpetual } = one;
  if (!perpetual) return { numbers: {}, unknown: ['funding and open interest, as no perpetual market is read here'] };
  if ('missing' in perpetual) {
    return {
      numbers: {},
      unknown: [`funding and open interest of a perpetual market, as ${reasons[perpetual.missing]}`],
    };
  }
  const { openInterest } = perpetual;
  const isFunded = !('funding' in perpetual);
  const isStanding = !('missing' in openInterest);
  return {
    numbers: {
      ...(isFunded ? coming(perpetual, takenAt) : {}),
      ...(isStanding ? standing(openInterest, one) : {}),
    },
    unknown: [
      ...(isFunded ? [] : [`funding, as ${reasons[perpetual.funding.missing]}`]),
      ...(isStanding ? [] : [`open interest, as ${reasons[openInterest.missing]}`]),
    ],
  };
}

function coming({ fundingRate, nextFundingAt, seenAt }: Perpetual, takenAt: number): Record<string, number> {
  return {
    funding_rate_bps: Number(fundingRate) * BPS,
    minutes_to_funding: (nextFundingAt - takenAt) / MINUTE_MS,
    minutes_since_funding_was_read: Math.max(0, takenAt - seenAt) / MINUTE_MS,
  };
}

/** Without a price or an amount that could be taken for one. */
function standing({ quantity, dayBefore }: OpenInterest, one: SymbolSnapshot): Record<string, number> {
  const hours = candlesOf(one, '1h').slice(-DAY_HOURS);
  const isDay =
    hours.length === DAY_HOURS && (hours.at(-1)?.openAt ?? 0) - (hours[0]?.openAt ?? 0) === 23 * 60 * MINUTE_MS;
  const volume = hours.reduce((total, each) => total + Number(each.volume), 0);
  return {
    // Of nothing there is no growth.
    ...(dayBefore === undefined
      ? {}
      : { open_interest_change_1d_bps: (Number(quantity) / Number(dayBefore) - 1) * BPS }),
    ...(!isDay ? {} : { open_interest_in_days_of_spot_volume: Number(quantity) / volume }),
  };
}
