import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { configurationFile } from '../../runtime/configuration/load.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { ListingPort } from '../../venues/port.ts';

/**
 * Refuses a configured symbol that the exchange does not list and that was never traded here: a slip of the pen, with which every cycle would
 * be degraded for ever. One that was traded here and is gone is no ground to leave everything else unprotected: it is set aside.
 *
 * @throws {UserError} `SymbolUnlisted`
 */
export async function refuseUnlisted(
  { account, symbols, mode }: Pick<Configuration, 'account' | 'symbols' | 'mode'>,
  { listing }: ListingPort,
  journal: { exchange: Pick<Journal['exchange'], 'cursor'> },
): Promise<void> {
  const unlisted: string[] = [];
  // No trade of it was ever read, not even that there were none.
  for (const symbol of symbols.filter((each) => listing(each) === 'unlisted'))
    if ((await journal.exchange.cursor(account, symbol)) === undefined) unlisted.push(symbol);
  if (unlisted.length === 0) return;
  const where = mode === 'paper' ? 'The paper exchange' : 'The exchange';
  const orElse = mode === 'paper' ? ', or add it to the instruments of paperExchange.market' : '';
  throw new UserError(
    'SymbolUnlisted',
    `${where} does not list ${unlisted.join(', ')}: take it out of symbols in ${configurationFile()}, or write it as the exchange does${orElse}.`,
  );
}
