import { loadMarkets } from '../../activities/market/markets.ts';
import { refuseUnlisted } from '../../activities/market/refuse-unlisted.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { connectExchange } from '../exchange.ts';

/** Says it where somebody reads it; workers that run without this program refuse the same. The exchange must answer. */
export async function refuseUnlistedSymbols(configuration: Configuration): Promise<void> {
  const markets = await loadMarkets(await connectExchange(configuration, loadSecrets()));
  const journal = await openJournal(configuration);
  try {
    await refuseUnlisted(configuration, markets, journal);
  } finally {
    await journal.close();
  }
}
