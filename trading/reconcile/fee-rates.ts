import type { Configuration } from '../../contracts/config/schema.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from '../../venues/port.ts';
import { tradedSymbols } from './look.ts';

/** An exchange tells nobody that an account pays otherwise: its level, a promotion, a discount that has run out. */
export const FEE_RATES_MS = 3_600_000;

export interface FeeRateTools {
  journal: Pick<Journal, 'exchange' | 'intents' | 'ledger'>;
  trading: Pick<TradingPort, 'feeRates' | 'hasRoom' | 'listing'>;
  configuration: Pick<Configuration, 'symbols'>;
  logger?: Pick<Logger, 'warn'>;
}

/**
 * Asks what the account pays on each symbol and keeps it for those who decide, who have no keys. Rates that cannot be had, or not now, stop nothing:
 * what was known stays.
 *
 * @param now asks only where a symbol's rates are not known yet, or older than `FEE_RATES_MS` by then; without it, of all
 */
export async function keepFeeRates(
  { journal, trading, configuration, logger }: FeeRateTools,
  account: string,
  now?: number,
): Promise<void> {
  // Each symbol takes of the exchange's request weight as much as a look at all open orders does.
  if (!trading.hasRoom()) return;
  try {
    const symbols = await tradedSymbols({ journal }, account, configuration.symbols);
    const known = await journal.exchange.feeRates(account);
    const isFresh = (symbol: string): boolean =>
      now !== undefined && known.some((one) => one.symbol === symbol && Math.abs(now - one.readAt) < FEE_RATES_MS);
    const due = symbols.filter((symbol) => trading.listing(symbol) !== 'unlisted' && !isFresh(symbol));
    if (due.length > 0) await journal.exchange.keepFeeRates(account, await trading.feeRates(due));
  } catch (error) {
    logger?.warn({ account, error }, 'what the account pays in fees could not be read: what was known of it stays');
  }
}
