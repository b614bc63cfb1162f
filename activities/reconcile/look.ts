import { isDeepStrictEqual } from 'node:util';
import { decimal, sum, text, ZERO } from '../../domain/money.ts';
import type { Intent, Journal } from '../../stores/journal/port.ts';
import type { TradingPort, VenueOrder } from '../orders/port.ts';

export interface LookDependencies {
  journal: Pick<Journal, 'exchange' | 'intents' | 'ledger'>;
  trading: Pick<TradingPort, 'tradesFrom' | 'balances' | 'openOrders' | 'listing'>;
}

/** Both sides at one moment. */
export interface Look {
  /** False when a trade came in between: such a look compares two different moments. */
  settled: boolean;
  orders: VenueOrder[];
  intents: Intent[];
  /** Of the balances, each in words with its numbers. */
  differences: string[];
}

/**
 * Reads trades, balances, trades. Only where no trade came in between and none was booked do the balances of both sides belong to the same
 * moment. The trades of a symbol that the exchange does not list cannot be asked for, and there are no new ones: its balance is compared all
 * the same.
 */
export async function lookAtBooks(
  dependencies: LookDependencies,
  account: string,
  symbols: readonly string[],
): Promise<Look> {
  const { journal, trading } = dependencies;
  const listed = symbols.filter((symbol) => trading.listing(symbol) !== 'unlisted');
  const before = await readPosition(dependencies, account, listed);
  const [orders, venue, intents, booked] = await Promise.all([
    trading.openOrders(),
    trading.balances(),
    journal.intents.listOpen(account),
    journal.ledger.balances(account),
  ]);
  const after = await readPosition(dependencies, account, listed);

  const books = new Map(
    booked.map(({ asset, free, reserved, dust }) => [asset, sum([free, reserved, dust].map((part) => decimal(part)))]),
  );
  const differences = [...new Set([...books.keys(), ...Object.keys(venue)])].sort().flatMap((asset) => {
    const ours = books.get(asset) ?? ZERO;
    const theirs = decimal(venue[asset] ?? '0');
    return ours.equals(theirs) ? [] : [`${asset}: booked ${text(ours)}, at the exchange ${text(theirs)}`];
  });
  return { settled: isDeepStrictEqual(before, after), orders, intents, differences };
}

/** How far the trades go at the exchange, and how far they were read. */
async function readPosition(
  { journal, trading }: LookDependencies,
  account: string,
  symbols: readonly string[],
): Promise<Record<string, { cursor: string; newest: string }>> {
  const entries = await Promise.all(
    symbols.map(async (symbol) => {
      const cursor = await journal.exchange.cursor(account, symbol);
      const newest = (await trading.tradesFrom(symbol, cursor)).at(-1)?.tradeId ?? 'none';
      return [symbol, { cursor, newest }] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** Symbols that were ever traded or are about to be. */
export async function tradedSymbols(
  { journal }: { journal: Pick<Journal, 'intents' | 'ledger'> },
  account: string,
  configured: readonly string[] = [],
): Promise<string[]> {
  const [positions, intents] = await Promise.all([
    journal.ledger.positions(account),
    journal.intents.listOpen(account),
  ]);
  return [...new Set([...configured, ...[...positions, ...intents].map(({ symbol }) => symbol)])];
}
