import { ErrorName, ExitCode, UserError } from '../../contracts/errors.ts';
import type { MarketSnapshot } from '../../domain/market/market.ts';
import { agreeing, contradiction } from '../../domain/signals/agreement.ts';
import { boundedByMarket, marketDeviation } from '../../domain/signals/bounds.ts';
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
  const seen = json === undefined ? undefined : (JSON.parse(json) as Pick<MarketSnapshot, 'symbols'>);
  return said.map((each) => {
    const signal = agreeing(each);
    if (!signal) throw refusal(contradiction(each));
    const { symbol, horizonMs } = signal;
    const market = seen?.symbols.find(({ instrument }) => instrument.symbol === symbol);
    const deviation = market && marketDeviation(market, horizonMs);
    if (deviation !== undefined) return boundedByMarket(signal, deviation);
    throw refusal(
      `Nothing is known of the market of ${symbol} yet, and a guest's view is bounded by it: bring it again when a cycle has looked ("sapphire cycle list").`,
    );
  });
}

function refusal(message: string): UserError {
  return new UserError(ErrorName.coordinatorRefused, message, ExitCode.refused);
}
