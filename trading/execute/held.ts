import { isHeld } from '../../domain/portfolio/holding.ts';
import type { BookedPosition } from '../../domain/portfolio/portfolio.ts';
import type { Journal } from '../../stores/journal/port.ts';

/** Symbols of which something is held that may be sold. */
export async function heldSymbols(
  { ledger }: { ledger: Pick<Journal['ledger'], 'positions'> },
  account: string,
): Promise<string[]> {
  const positions = await ledger.positions(account);
  return positions.filter(isHeld).map(({ symbol }) => symbol);
}

/**
 * What is held and Sapphire's to sell by itself. What was paid in of a symbol that is not configured and was never bought here stays its owner's, as
 * BNB that is to pay fees does: it has no exits.
 */
export async function ownHoldings(
  { ledger }: { ledger: Pick<Journal['ledger'], 'positions' | 'neverBought'> },
  account: string,
  configured: readonly string[],
): Promise<BookedPosition[]> {
  const [positions, neverBought] = await Promise.all([ledger.positions(account), ledger.neverBought(account)]);
  return positions.filter(
    (position) => isHeld(position) && (configured.includes(position.symbol) || !neverBought.includes(position.symbol)),
  );
}
