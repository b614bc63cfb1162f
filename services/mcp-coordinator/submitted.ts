import { ErrorName, UserError } from '../../contracts/errors.ts';
import type { MarketSnapshot } from '../../domain/market/market.ts';
import { agreeing, contradiction } from '../../domain/signals/agreement.ts';
import { boundedByMarket, deviationsIn } from '../../domain/signals/bounds.ts';
import type { Signal } from '../../domain/signals/signals.ts';
import type { SnapshotSource } from './serve-snapshot.ts';

type Market = Pick<MarketSnapshot, 'takenAt' | 'symbols'>;

/** That of the newest snapshot; undefined where none was taken yet. */
export async function newestMarket(snapshots: Pick<SnapshotSource, 'newest'>): Promise<Market | undefined> {
  const json = await snapshots.newest();
  return json === undefined ? undefined : (JSON.parse(json) as Market);
}

/**
 * When signals that arrive now were formed: by this machine's clock, and after the newest snapshot in any case, whose time is the exchange's. Where this clock is
 * late, a guest would else be scored from a price that it had seen move.
 */
export function arrivedAt(market: Market | undefined, now: number): number {
  return Math.max(now, (market?.takenAt ?? 0) + 1);
}

/**
 * A guest's signals as they stand: each one distribution that agrees with itself, within what the market of the newest snapshot lets anybody know.
 *
 * @throws UserError CoordinatorRefused where nothing can be made of one, or nothing is known of its market: then none of them stands
 */
export function signalsToStand(market: Market | undefined, said: readonly Signal[]): Signal[] {
  const deviationOf = deviationsIn(market ?? { symbols: [] });
  return said.map((each) => {
    const signal = agreeing(each);
    if (!signal) throw refusal(contradiction(each));
    const bounded = boundedByMarket(signal, deviationOf);
    if (bounded) return bounded;
    throw refusal(
      `Nothing is known of the market of ${signal.symbol} yet, and a guest's view is bounded by it: bring it again when a cycle has looked ("./sapphire cycle list").`,
    );
  });
}

function refusal(message: string): UserError {
  return new UserError(ErrorName.coordinatorRefused, message);
}
