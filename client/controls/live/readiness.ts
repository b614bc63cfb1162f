import type { AccountIdentity } from '../../../contracts/binding.ts';
import type { Configuration } from '../../../contracts/config/schema.ts';
import { UserError } from '../../../contracts/errors.ts';
import { withoutQueries } from '../../../contracts/text.ts';
import type { Mode } from '../../../domain/market/market.ts';
import { exchangeUrl } from '../../../runtime/configuration/addresses.ts';
import { checkKeys, refusePaperSettings } from '../../../runtime/configuration/live.ts';
import { configurationFile } from '../../../runtime/configuration/load.ts';
import { exchangeKeys, loadSecrets, type Secrets } from '../../../runtime/configuration/secrets.ts';
import { openJournal } from '../../../stores/journal/open.ts';
import type { Journal } from '../../../stores/journal/port.ts';
import { refuseOtherAccount } from '../../../trading/control/bind-account.ts';
import type { Venue } from '../../../venues/port.ts';
import { stackAccess, usesOtherServer } from '../../stack/connection.ts';
import { readProfile, type TemporalProfile } from '../../stack/profile.ts';
import { refuseExposure } from './exposure.ts';
import { type Machine, thisMachine } from './machine.ts';
import { refuseOpenTemporal, type TemporalTerms, termsOf } from './temporal-guard.ts';

/** One condition of live trading. `look` answers with what it found, or throws the reason and its remedy. */
export interface LiveCheck {
  name: string;
  look(): Promise<string>;
}

export interface LiveTools {
  configuration: Configuration;
  secrets: Secrets;
  journal(): Promise<Pick<Journal, 'bindings' | 'control' | 'outbox'>>;
  /** The venue's raw answer to what the keys may do. */
  askPermissions(): Promise<unknown>;
  accountIdentity(): Promise<AccountIdentity>;
  /** Where Temporal is and who else is on this machine; as it is without one. */
  surroundings?: () => Surroundings;
}

export interface Surroundings {
  temporal: TemporalTerms;
  /** That we run ourselves; undefined where it is another's. */
  ownTemporal: TemporalProfile | undefined;
  machine: Machine;
}

export function surroundings(): Surroundings {
  const profile = readProfile();
  const ownTemporal = usesOtherServer() ? undefined : profile.temporal;
  return {
    temporal: termsOf(stackAccess(profile), ownTemporal !== undefined),
    ownTemporal,
    machine: thisMachine(),
  };
}

/** What must hold before anything starts in live mode. */
export function startChecks({
  configuration,
  secrets,
  journal,
  askPermissions,
  accountIdentity,
  surroundings: around = surroundings,
}: LiveTools): LiveCheck[] {
  return [
    {
      name: 'mode',
      look: async () => {
        if (configuration.mode === 'live') return 'live';
        throw new UserError(
          'NotLiveMode',
          `The configuration says "mode: paper": set "mode: live" in ${configurationFile()} and start Sapphire again to trade with real money.`,
        );
      },
    },
    {
      name: 'exchange',
      look: async () => {
        refusePaperSettings(configuration);
        return `${configuration.venue}, ${exchangeUrl(configuration) ?? "the venue's own address"}`;
      },
    },
    {
      name: 'keys',
      look: async () => {
        exchangeKeys(configuration, secrets);
        return 'given';
      },
    },
    {
      name: 'permissions',
      look: async () => {
        const { ipRestricted, mayTransfer } = await checkKeys(askPermissions);
        return [
          'cannot withdraw',
          ipRestricted ? 'bound to listed addresses' : 'NOT bound to listed addresses: whoever has them can trade',
          ...(mayTransfer ? ['MAY TRANSFER to other accounts of the owner'] : []),
        ].join('; ');
      },
    },
    {
      name: 'books',
      look: async () => {
        await refuseForeignBooks(await journal(), configuration.mode);
        return 'hold no paper money';
      },
    },
    {
      name: 'account',
      look: async () => {
        const trading = { accountIdentity: () => accountIdentity().catch(unread) };
        const binding = await refuseOtherAccount({ journal: await journal(), trading, configuration });
        return binding ? `the one at ${binding.market} that the books are bound to` : 'the books are not bound yet';
      },
    },
    {
      name: 'listening',
      look: async () => {
        refuseExposure(configuration, around().ownTemporal);
        return 'on loopback alone';
      },
    },
    {
      name: 'temporal',
      look: async () => {
        const { temporal, machine } = around();
        return refuseOpenTemporal(temporal, machine);
      },
    },
  ];
}

/** What must hold besides before an opening order may pass. */
export function tradingChecks({ configuration, journal }: Pick<LiveTools, 'configuration' | 'journal'>): LiveCheck[] {
  return [
    {
      name: 'trading',
      look: async () => {
        const { tradingState, reason } = await (await journal()).control.read(configuration.account);
        if (tradingState !== 'halted') return tradingState;
        throw new UserError(
          'TradingHalted',
          `Trading is halted (${reason}): resume it first with "./sapphire resume --epoch N --reason TEXT".`,
        );
      },
    },
  ];
}

/** Refuses with the first condition that does not hold; otherwise what each found. */
export async function passChecks(checks: readonly LiveCheck[]): Promise<{ check: string; detail: string }[]> {
  const found: { check: string; detail: string }[] = [];
  for (const { name, look } of checks) found.push({ check: name, detail: await look() });
  return found;
}

function unread(error: unknown): never {
  if (error instanceof UserError) throw error;
  const reason = withoutQueries(error instanceof Error ? error.message : String(error)).slice(0, 200);
  throw new UserError(
    'AccountUnread',
    `To which account the exchange keys belong could not be read (${reason}): check the keys, their allowed addresses and the network.`,
  );
}

/** A journal holds the books of one mode: paper money that is counted as real, or the reverse, would size every order wrongly. */
export async function refuseForeignBooks({ outbox }: Pick<Journal, 'outbox'>, mode: Mode): Promise<void> {
  const [first] = await outbox.after(0, 1);
  if (!first || first.mode === mode) return;
  throw new UserError(
    'ForeignBooks',
    `The journal holds ${first.mode} books, and the configuration says "mode: ${mode}": keep the two apart by another data folder in SAPPHIRE_DATA (with PostgreSQL: another database in SAPPHIRE_JOURNAL_URL).`,
  );
}

/** What the exchange is asked. Each worker that has its keys asks the same before it serves. */
const ASKED_OF_EXCHANGE = ['permissions', 'account'];

/**
 * Called before anything is started: each mode on its own books, and live only with everything that it needs.
 *
 * @param isExchangeAway it cannot be asked now, and the start goes on with what was running: its answers are left to the workers
 * @returns what a person should know of who may reach what
 */
export async function refuseUnreadyMode(configuration: Configuration, isExchangeAway = false): Promise<string[]> {
  const secrets = loadSecrets();
  let opened: Promise<Journal> | undefined;
  const journal = (): Promise<Journal> => {
    opened ??= openJournal(configuration);
    return opened;
  };
  const exchange = async (): Promise<Venue> => {
    const { connectExchange } = await import('../exchange.ts');
    return connectExchange(configuration, secrets);
  };
  const askPermissions = async (): Promise<unknown> => (await exchange()).keyPermissions();
  const accountIdentity = async (): Promise<AccountIdentity> => (await (await exchange()).trading()).accountIdentity();
  try {
    if (configuration.mode === 'live') {
      const checks = startChecks({ configuration, secrets, journal, askPermissions, accountIdentity });
      const found = await passChecks(checks.filter(({ name }) => !isExchangeAway || !ASKED_OF_EXCHANGE.includes(name)));
      return found.filter(({ check }) => check === 'temporal').map(({ detail }) => detail);
    }
    await refuseForeignBooks(await journal(), configuration.mode);
    return refuseExposure(configuration, surroundings().ownTemporal);
  } finally {
    await (await opened)?.close();
  }
}
