import type { SymbolSnapshot } from '../../domain/market/market.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import type { Journal } from '../../stores/journal/port.ts';

/** Puts what the account pays in the place of what everybody is told to pay. */
export type OwnFees = (symbols: readonly SymbolSnapshot[]) => Promise<SymbolSnapshot[]>;

export interface OwnFeesTools {
  journal: { exchange: Pick<Journal['exchange'], 'feeRates'> };
  account: string;
  logger: Pick<Logger, 'warn'>;
}

/** By what whoever has keys was told last. Where that is nothing, the venue's standard rates stay, which is said once of each symbol. */
export function createOwnFees({ journal, account, logger }: OwnFeesTools): OwnFees {
  const told = new Set<string>();
  return async (symbols) => {
    const known = new Map((await journal.exchange.feeRates(account)).map((one) => [one.symbol, one]));
    return symbols.map((one) => {
      const { symbol, takerFeeRate: standard } = one.instrument;
      const rates = known.get(symbol);
      if (rates) {
        const { makerFeeRate, takerFeeRate } = rates;
        return { ...one, instrument: { ...one.instrument, makerFeeRate, takerFeeRate } };
      }
      if (!told.has(symbol)) {
        told.add(symbol);
        logger.warn(
          { account, symbol, standard },
          'what the account pays on it is not known: the standard rate counts',
        );
      }
      return one;
    });
  };
}
