import { isDeepStrictEqual } from 'node:util';
import { type DecimalText, decimal, sum, text, ZERO } from '../../domain/money/money.ts';
import type { Difference } from '../../stores/journal/books/exchange.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort, VenueOrder } from '../../venues/port.ts';

export interface LookDependencies {
  journal: Pick<Journal, 'exchange' | 'intents' | 'ledger'>;
  trading: Pick<TradingPort, 'balances' | 'openOrders'>;
}

/** Both sides at one moment. */
export interface Look {
  /** False when a trade came in between: such a look compares two different moments. */
  settled: boolean;
  /** How far the trades of each symbol were booked. */
  cursors: readonly (string | undefined)[];
  orders: VenueOrder[];
  intents: Intent[];
  /** Of the balances and positions. */
  differences: Difference[];
  /** Assets of which the totals differ. */
  apart: { asset: string; booked: DecimalText; held: DecimalText }[];
}

/**
 * Reads the exchange's balances, the books, and the balances again. Only where no trade came in between, which would have moved a balance, and
 * none was booked do both sides belong to the same moment. Lists of trades would say the same, for twenty times the request weight a symbol.
 */
export async function lookAtBooks(
  dependencies: LookDependencies,
  account: string,
  symbols: readonly string[],
): Promise<Look> {
  const { journal, trading } = dependencies;
  const before = await readPosition(dependencies, account, symbols);
  const [orders, intents, booked, positions] = await Promise.all([
    trading.openOrders(),
    journal.intents.listOpen(account),
    journal.ledger.balances(account),
    journal.ledger.positions(account),
  ]);
  const after = await readPosition(dependencies, account, symbols);
  const { balances: venue } = after;

  const books = new Map(
    booked.map(({ asset, free, reserved, dust }) => [asset, sum([free, reserved, dust].map((part) => decimal(part)))]),
  );
  const apart = [...new Set([...books.keys(), ...Object.keys(venue)])].sort().flatMap((asset) => {
    const ours = books.get(asset) ?? ZERO;
    const theirs = decimal(venue[asset] ?? '0');
    return ours.equals(theirs) ? [] : [{ asset, booked: text(ours), held: text(theirs) }];
  });
  // Whatever its size: one that grows with every trade is one difference.
  const differences = apart.map(({ asset, booked: ours, held }) => ({
    what: `${asset} ${decimal(held).greaterThan(ours) ? 'more' : 'less'}`,
    words: `${asset}: booked ${ours}, at the exchange ${held}`,
  }));
  // More left than was ever booked in: nothing can be held short here.
  for (const { symbol, quantity } of positions.filter((position) => decimal(position.quantity).isNegative()))
    differences.push({ what: `${symbol} below zero`, words: `the position in ${symbol} is ${quantity}` });
  return { settled: isDeepStrictEqual(before, after), cursors: after.cursors, orders, intents, differences, apart };
}

/** What the exchange holds for the account, and how far its trades were booked. */
async function readPosition(
  { journal, trading }: LookDependencies,
  account: string,
  symbols: readonly string[],
): Promise<{ balances: Record<string, string>; cursors: (string | undefined)[] }> {
  const [balances, ...cursors] = await Promise.all([
    trading.balances(),
    ...symbols.map((symbol) => journal.exchange.cursor(account, symbol)),
  ]);
  return { balances, cursors };
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
