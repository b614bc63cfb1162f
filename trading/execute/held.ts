import { isHeld } from '../../domain/portfolio/holding.ts';
import type { Journal } from '../../stores/journal/port.ts';

/** Symbols of which something is held that may be sold. */
export async function heldSymbols(
  { ledger }: { ledger: Pick<Journal['ledger'], 'positions'> },
  account: string,
): Promise<string[]> {
  const positions = await ledger.positions(account);
  return positions.filter(isHeld).map(({ symbol }) => symbol);
}
