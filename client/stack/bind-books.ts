import type { Configuration } from '../../contracts/config/schema.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { bindBooks } from '../../trading/control/bind-account.ts';

/**
 * Binds the books to the account of the keys, or refuses them where they are another's, before any process that writes them is started. The exchange
 * must answer.
 *
 * @returns what a person should know, where the books were not bound before
 * @throws OtherAccount
 */
export async function bindOwnBooks(configuration: Configuration): Promise<string | undefined> {
  // Loaded here: ccxt takes its time, and what comes before needs no exchange.
  const { connectExchange } = await import('../controls/exchange.ts');
  const journal = await openJournal(configuration);
  try {
    const trading = await connectExchange(configuration, loadSecrets()).trading();
    const { binding, isNew } = await bindBooks({ journal, trading, configuration }, 'npm start');
    return isNew ? `The books of ${binding.account} are bound to ${binding.market} from now on` : undefined;
  } finally {
    await journal.close();
  }
}
