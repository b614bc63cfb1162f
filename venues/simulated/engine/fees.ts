import type { TradingFloor } from './floor.ts';
import { type Instrument, notional } from './instrument.ts';
import { UNIT } from './units.ts';

export const FEE_ASSET = 'BNB';

/** So much of a spot fee is paid where it is paid in BNB: a quarter off, by Binance's help page "Using BNB to pay for fees". */
export const BNB_FEE_UNITS = (UNIT * 3n) / 4n;

/** The market that says what a fee in BNB is worth. */
export function feeMarketOf(
  { instruments }: Pick<TradingFloor, 'instruments'>,
  quoteAsset: string,
): Instrument | undefined {
  return instruments.find(({ base, quote }) => base === FEE_ASSET && quote === quoteAsset);
}

/**
 * A fee in BNB, at the last price of its market in the quote asset and with the discount. As at Binance the whole fee is of one asset: where that
 * market has not traded yet, or less than the fee is free, it comes off what was received.
 *
 * @param quote what the trade is worth, in units of the quote asset
 */
export function feeInBnb(
  floor: TradingFloor,
  account: number,
  quoteAsset: string,
  quote: bigint,
  rate: bigint,
): { asset: string; units: bigint } | undefined {
  if (!floor.options.payFeesInBnb) return undefined;
  const market = feeMarketOf(floor, quoteAsset);
  const price = market && floor.book(market.index).lastPrice;
  if (!price) return undefined;
  const units = (quote * rate * BNB_FEE_UNITS * market.stepUnits) / (notional(market, price, 1) * UNIT * UNIT);
  return floor.balances.of(account, FEE_ASSET).free < units ? undefined : { asset: FEE_ASSET, units };
}
