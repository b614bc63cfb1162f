import { via } from '../../contracts/audit.ts';
import type { AccountIdentity, Binding } from '../../contracts/binding.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { configurationFile } from '../../runtime/configuration/load.ts';
import { knownSecrets } from '../../runtime/configuration/secrets.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort, Venue } from '../../venues/port.ts';

type Books = Pick<Journal, 'bindings'>;
type Settings = Pick<Configuration, 'account' | 'mode'>;

/** Orders and trades of another account, counted as the books' own, would make every position and every limit wrong. */
export class OtherAccount extends UserError {
  constructor(message: string) {
    super('OtherAccount', message);
  }
}

export interface BindTools {
  journal: Books;
  trading: AccountPort;
  configuration: Settings;
  /** Of a process that has a log. */
  logger?: Pick<Logger, 'info'>;
}

/**
 * Before anything is written or sent: binds books that are not bound yet to the account that the keys belong to, and refuses any other. Of
 * several starts at once one binds. An exchange that does not answer fails it as every other question.
 *
 * @param by the part of Sapphire that starts, for the audit trail
 * @throws OtherAccount; UserError AccountUnidentified
 */
export async function bindBooks(
  { journal, trading, configuration, logger }: BindTools,
  by: string,
): Promise<{ binding: Binding; isNew: boolean }> {
  const identity = await trading.accountIdentity();
  const { account } = configuration;
  const bound = await journal.bindings.bind({ account, identity, by, via: via.system(by) });
  if (bound.binding.account !== account) throw otherName(bound.binding, account);
  const fault = otherAccount(bound.binding, identity, configuration);
  if (fault) throw fault;
  const { market, boundAt } = bound.binding;
  logger?.info(
    { account, market, boundAt, isNew: bound.isNew },
    'the books are of the account that the keys belong to',
  );
  return bound;
}

/**
 * The same for who only looks: books that are not bound yet are anybody's. Returns what is in force.
 *
 * @throws OtherAccount; UserError AccountUnidentified
 */
export async function refuseOtherAccount({
  journal,
  trading,
  configuration,
}: {
  journal: Books;
  trading: AccountPort;
  configuration: Settings;
}): Promise<Binding | undefined> {
  const binding = await journal.bindings.read(configuration.account);
  if (!binding) return undefined;
  const fault = otherAccount(binding, await trading.accountIdentity(), configuration);
  if (fault) throw fault;
  return binding;
}

/**
 * For who has no keys, and reads prices alone: those of another market would be decided upon.
 *
 * @throws OtherAccount; UserError AccountUnidentified
 */
export async function refuseOtherMarket({
  journal,
  venue,
  configuration,
}: {
  journal: Books;
  venue: Pick<Venue, 'marketName'>;
  configuration: Settings;
}): Promise<void> {
  const binding = await journal.bindings.read(configuration.account);
  if (!binding) return;
  const market = await venue.marketName();
  if (market !== binding.market) throw new OtherAccount(otherMarketWords(binding, market, configuration));
}

type AccountPort = Pick<TradingPort, 'accountIdentity'>;

function otherAccount(binding: Binding, found: AccountIdentity, configuration: Settings): OtherAccount | undefined {
  if (found.fingerprint === binding.fingerprint) return undefined;
  return new OtherAccount(
    found.market === binding.market
      ? otherKeysWords(binding, found, configuration)
      : otherMarketWords(binding, found.market, configuration),
  );
}

/** One account under two names: what is held would be counted twice, and nobody would look after the first name's positions. */
function otherName(binding: Binding, account: string): OtherAccount {
  return new OtherAccount(
    `${boundWords(binding)}, which is that of the keys here, and the configuration says account: ${account}. Set account: ${binding.account} in ${configurationFile()}, or give the keys of another account.`,
  );
}

function otherMarketWords(binding: Binding, found: string, configuration: Settings): string {
  const whose = `${boundWords(binding)}, and the exchange here is ${found}.`;
  const goOn = binding.market.startsWith('paper exchange')
    ? `To go on with them start ${binding.market} again: put its paper-exchange.db back into ${dataFolder()}, or reach it by paperExchange.host and port.`
    : `To go on with them trade at ${binding.market} again.`;
  return `${whose} ${goOn} ${newBooks(configuration)}`;
}

function otherKeysWords(binding: Binding, found: AccountIdentity, configuration: Settings): string {
  const keys =
    configuration.mode === 'live'
      ? 'SAPPHIRE_EXCHANGE_API_KEY and SAPPHIRE_EXCHANGE_SECRET'
      : 'SAPPHIRE_PAPER_API_KEY and SAPPHIRE_PAPER_SECRET, or paperApiKey and paperSecret in secrets.json';
  return `${boundWords(binding)}, and the keys here belong to another account there (${short(found)}, not ${short(binding)}). To go on with them give any keys of their account (${keys}). ${newBooks(configuration)}`;
}

const boundWords = ({ account, market, boundAt }: Binding): string =>
  `These books are bound: their account ${account} is one at ${market}, since ${new Date(boundAt).toISOString()}`;

/** Enough to tell two from each other. */
const short = ({ fingerprint }: AccountIdentity): string => fingerprint.slice(0, 12);

function newBooks({ mode }: Settings): string {
  const start =
    knownSecrets().journalUrl === undefined
      ? `move journal.db and market-buffer.db, each with its -wal and -shm where there is one, and warehouse/${mode} out of ${dataFolder()}, or name another folder in SAPPHIRE_DATA`
      : `name another database in SAPPHIRE_JOURNAL_URL, and move warehouse/${mode} out of ${dataFolder()}`;
  return `Where that account is gone for good, these books can leave it and go on with the one here: ./sapphire reconcile --rebind --reason "…", then start and take over what it has, as that command says. Or begin new books: ${start}.`;
}
