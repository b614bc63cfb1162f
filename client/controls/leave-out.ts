import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { unknownName } from '../../contracts/near-names.ts';
import type { LeftOut, Signed } from '../../stores/journal/books/by-hand.ts';
import type { Journal } from '../../stores/journal/port.ts';

type Symbols = Pick<Configuration, 'account' | 'symbols'>;

/**
 * Nothing is opened in the symbol for so long: the plan and the fence refuse it. What is held of it is sold as ever. The last call counts.
 *
 * @throws UserError SymbolUnknown for what is not configured: nothing is opened in that anyway
 */
export function leaveOut(
  { byHand }: Pick<Journal, 'byHand'>,
  { account, symbols }: Symbols,
  { symbol, forMs, ...signed }: { symbol: string; forMs: number } & Signed,
): Promise<LeftOut> {
  refuseUnknown(symbols, symbol);
  return byHand.leaveOut({ account, symbol, until: Date.now() + forMs, ...signed });
}

/** @returns false where it was not left out */
export function takeBack(
  { byHand }: Pick<Journal, 'byHand'>,
  { account, symbols }: Symbols,
  { symbol, ...signed }: { symbol: string } & Signed,
): Promise<boolean> {
  refuseUnknown(symbols, symbol);
  return byHand.takeBack({ account, symbol, ...signed });
}

function refuseUnknown(symbols: readonly string[], symbol: string): void {
  if (!symbols.includes(symbol))
    throw new UserError('SymbolUnknown', `Here ${unknownName('symbol', symbol, symbols)}.`);
}
