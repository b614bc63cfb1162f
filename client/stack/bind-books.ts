import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import type { EarlierFees } from '../../stores/journal/books/ledger.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { openMarketBuffer } from '../../stores/market-buffer/open.ts';
import { currentManifest, openWarehouse } from '../../stores/warehouse/warehouse.ts';
import { bindBooks } from '../../trading/control/bind-account.ts';

/**
 * Binds the books to the account of the keys, or refuses them where they are another's, before any process that writes them is started. The exchange
 * must answer.
 *
 * @returns what a person should know: that the books were not bound before, and what was found of the fees of earlier releases
 * @throws OtherAccount
 */
export async function bindOwnBooks(configuration: Configuration): Promise<string[]> {
  // Loaded here: ccxt takes its time, and what comes before needs no exchange.
  const { connectExchange } = await import('../controls/exchange.ts');
  const journal = await openJournal(configuration);
  try {
    const trading = await connectExchange(configuration, loadSecrets()).trading();
    const { binding, isNew } = await bindBooks({ journal, trading, configuration }, 'npm start');
    await refuseOthersStores(configuration, journal.id);
    const bound = isNew ? [`The books of ${binding.account} are bound to ${binding.market} from now on`] : [];
    const fees = await journal.ledger.settleEarlierFees(configuration.account);
    return [...bound, ...fees.map(wordsOf)];
  } finally {
    await journal.close();
  }
}

function wordsOf({ asset, excess, settled }: EarlierFees): string {
  return settled
    ? `${excess} ${asset} of fees that an earlier release took out of the balance alone left the position in ${settled.symbol}: ${settled.realizedPnl} realised`
    : `Positions hold ${excess} ${asset} more than the balance, which no fee explains: nothing was changed, and sapphire reconcile shows what the exchange has`;
}

const OF_OTHERS = ['MarketBufferOfOtherBooks', 'WarehouseOfOtherBooks'];

/** Left of other books beside these: each process would refuse them for itself, where fewer read it. What cannot be opened at all stops nothing. */
async function refuseOthersStores(configuration: Configuration, journal: string): Promise<void> {
  const { mode } = configuration;
  const rethrow = (error: unknown): void => {
    if (error instanceof UserError && OF_OTHERS.includes(error.code)) throw error;
  };
  await currentManifest(openWarehouse({ mode, journal })).catch(rethrow);
  const market = await openMarketBuffer(configuration, journal);
  try {
    await market.outbox.lastSequence().catch(rethrow);
  } finally {
    await market.close();
  }
}
