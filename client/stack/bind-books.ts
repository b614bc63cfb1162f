import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { loadSecrets, secretVariables } from '../../runtime/configuration/secrets.ts';
import type { EarlierFees } from '../../stores/journal/books/ledger.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { openMarketBuffer } from '../../stores/market-buffer/open.ts';
import { currentManifest, openWarehouse } from '../../stores/warehouse/warehouse.ts';
import { bindBooks } from '../../trading/control/bind-account.ts';
import { keepFeeRates } from '../../trading/reconcile/fee-rates.ts';
import { faultWords } from '../../venues/port.ts';

/**
 * Binds the books to the account of the keys, or refuses them where they are another's, before any process that writes them is started. The exchange
 * must answer.
 *
 * @returns what a person should know: that the books were not bound before, and what was found of the fees of earlier releases
 * @throws OtherAccount; UserError KeysRefused
 */
export async function bindOwnBooks(configuration: Configuration): Promise<string[]> {
  // Loaded here: ccxt takes its time, and what comes before needs no exchange.
  const { connectExchange } = await import('../controls/exchange.ts');
  const journal = await openJournal(configuration);
  try {
    const trading = await connectExchange(configuration, loadSecrets()).trading();
    const bind = bindBooks({ journal, trading, configuration }, 'npm start');
    const { binding, isNew } = await bind.catch((error: unknown) => {
      throw keysRefused(error, configuration);
    });
    await refuseOthersStores(configuration, journal.id);
    // Before the first cycle, which decides by them.
    await keepFeeRates({ journal, trading, configuration }, configuration.account);
    const bound = isNew ? [`The books of ${binding.account} are bound to ${binding.market} from now on`] : [];
    const fees = await journal.ledger.settleEarlierFees(configuration.account);
    return [...bound, ...fees.map(wordsOf)];
  } finally {
    await journal.close();
  }
}

/** As the venue's client names it. A clock that is off or a limit of requests is none of the keys' affair. */
const KEY_FAULTS = ['AuthenticationError', 'PermissionDenied'];

/** The account is the first thing that is asked with the keys. */
function keysRefused(error: unknown, { mode }: Pick<Configuration, 'mode'>): unknown {
  if (!(error instanceof Error) || !KEY_FAULTS.includes(error.name)) return error;
  const names =
    mode === 'paper' ? (['paperApiKey', 'paperSecret'] as const) : (['exchangeApiKey', 'exchangeSecret'] as const);
  const variables = names.map((name) => secretVariables[name]).join(' and ');
  return new UserError(
    'KeysRefused',
    `The exchange tells nothing of the account to the keys here: ${faultWords(error)}. Give those of the books' account in ${variables}.`,
  );
}

function wordsOf({ asset, excess, settled }: EarlierFees): string {
  return settled
    ? `${excess} ${asset} of fees that an earlier release took out of the balance alone left the position in ${settled.symbol}: ${settled.realizedPnl} realised`
    : `Positions hold ${excess} ${asset} more than the balance, which no fee explains: nothing was changed, and ./sapphire reconcile shows what the exchange has`;
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
