import { ErrorName, ExitCode, UserError } from '../../contracts/errors.ts';
import type { MarketSnapshot } from '../../domain/market/market.ts';
import { agreeing, contradiction } from '../../domain/signals/agreement.ts';
import { boundedByMarket, deviationsIn } from '../../domain/signals/bounds.ts';
import type { Signal } from '../../domain/signals/signals.ts';
import type { SnapshotSource } from './serve-snapshot.ts';

/**
 * A guest's signals as they stand: each one distribution that agrees with itself, within what the market of the newest snapshot lets anybody know.
 *
 * @throws UserError CoordinatorRefused where nothing can be made of one, or nothing is known of its market: then none of them stands
 */
export async function signalsToStand(
  snapshots: Pick<SnapshotSource, 'newest'>,
  said: readonly Signal[],
): Promise<Signal[]> {
  const json = await snapshots.newest();
  const seen: Pick<MarketSnapshot, 'symbols'> = json === undefined ? { symbols: [] } : JSON.parse(json);
  const deviationOf = deviationsIn(seen);
  return said.map((each) => {
    const signal = agreeing(each);
    if (!signal) throw refusal(contradiction(each));
    const bounded = boundedByMarket(signal, deviationOf);
    if (bounded) return bounded;
    throw refusal(
      `Nothing is known of the market of ${signal.symbol} yet, and a guest's view is bounded by it: bring it again when a cycle has looked ("sapphire cycle list").`,
    );
  });
}

function refusal(message: string): UserError {
  return new UserError(ErrorName.coordinatorRefused, message, ExitCode.refused);
}
