import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import type { Ingest } from './ingest.ts';
import { type Look, type LookDependencies, lookAtBooks } from './look.ts';

const TRIES = 6;
/** The exchange's list of trades may be behind its balances. */
const PAUSE_MS = 400;

export interface OneMomentTools extends LookDependencies {
  ingest: Ingest;
  clock: Pick<Clock, 'sleep'>;
}

/**
 * A look at one moment, if trading leaves one, with what no trade explains. A fill that is on its way into the books is a difference, too, of
 * either sign, and where trading is brisk each look may find another: so a difference is told only where the trades were read once more and
 * had nothing new, and it was there before and after that.
 */
export async function lookAtOneMoment(
  { journal, trading, ingest, clock }: OneMomentTools,
  account: string,
  symbols: readonly string[],
): Promise<Look> {
  let before: Look | undefined;
  for (let tries = 1; ; tries += 1) {
    const found = await lookAtBooks({ journal, trading }, account, symbols);
    if (found.settled && found.differences.length === 0) return found;
    if (found.settled && before && isDeepStrictEqual(found.cursors, before.cursors)) return lasting(before, found);
    if (tries === TRIES) return { ...found, settled: false };
    await clock.sleep(PAUSE_MS);
    before = found.settled ? found : undefined;
    if (before) await ingest.round();
  }
}

function lasting(before: Look, now: Look): Look {
  const known = new Set(before.differences.map(({ what }) => what));
  return { ...now, differences: now.differences.filter(({ what }) => known.has(what)) };
}
