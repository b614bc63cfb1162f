import type { Configuration } from '../../contracts/config/schema.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { refuseUnlisted } from '../../trading/control/refuse-unlisted.ts';
import { connectExchange } from '../controls/exchange.ts';

/** Says it where somebody reads it; workers that run without this program refuse the same. The exchange must answer. */
export async function refuseUnlistedSymbols(configuration: Configuration): Promise<void> {
  const listings = await connectExchange(configuration, loadSecrets()).listings();
  const journal = await openJournal(configuration);
  try {
    await refuseUnlisted(configuration, listings, journal);
  } finally {
    await journal.close();
  }
}
