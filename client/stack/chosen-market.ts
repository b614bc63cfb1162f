import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { mirrorVenues } from '../../contracts/config/paper-exchange.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import {
  configurationFile,
  loadConfiguration,
  parseConfiguration,
  readYaml,
} from '../../runtime/configuration/load.ts';
import { storedMarket } from '../../services/paper-exchange/persistence/stored-market.ts';

export interface MarketChoice {
  market?: 'mirror' | 'synthetic';
  venue?: (typeof mirrorVenues)[number];
}

type Written = { paperExchange?: { market?: { kind?: string } } } | null;

/**
 * The configuration with the market that the command line chose in it, which all processes of this run are started with. What the file says of
 * another kind of market beside its name is refused, and what it says of the same one stands, but for the venue.
 *
 * @throws UserError ConfigurationInvalid, MarketChanged
 */
export function chosenMarket(configuration: Configuration, { market, venue }: MarketChoice): Configuration {
  if (market === undefined && venue === undefined) {
    refuseOtherMarket(configuration);
    return configuration;
  }
  const file = configurationFile();
  const kind = market ?? 'mirror';
  if (kind !== 'mirror' && venue !== undefined)
    throw new UserError('ConfigurationInvalid', `--venue names an exchange to mirror: leave out --market ${kind}.`);
  if (configuration.mode === 'live')
    throw new UserError(
      'ConfigurationInvalid',
      `--market chooses the market of the paper exchange, and ${file} says mode: live.`,
    );
  const written = (readYaml(file) ?? {}) as NonNullable<Written>;
  const { market: before = {} } = written.paperExchange ?? {};
  const chosen = {
    ...written,
    paperExchange: { ...written.paperExchange, market: { ...before, kind, ...(venue === undefined ? {} : { venue }) } },
  };
  refuseOtherMarket(parseConfiguration(chosen, `${file} with --market ${kind}`));
  const kept = join(dataFolder(), 'chosen-market.yml');
  writeFileSync(kept, stringify(chosen), { mode: 0o600 });
  process.env['SAPPHIRE_CONFIG'] = kept;
  return loadConfiguration(kept);
}

/** Books are at the prices of their market: under those of another every position would be worth something else. */
function refuseOtherMarket({ mode, paperExchange: { market } }: Configuration): void {
  if (mode !== 'paper') return;
  const stored = storedMarket(join(dataFolder(), 'paper-exchange.db'));
  const wanted = market.kind === 'mirror' ? `mirror ${market.venue}` : market.kind;
  if (stored === undefined || stored === wanted) return;
  const [kind = '', venue] = stored.split(' ');
  const goesOn = kind === 'mirror' ? ` -- --market mirror --venue ${venue}` : '';
  const ownOptions = market.kind === 'mirror' ? ` -- --market mirror --venue ${market.venue}` : '';
  throw new UserError(
    'MarketChanged',
    `The books in ${dataFolder()} are on ${wordsOf(kind, venue)}, and this start is for ${wordsOf(market.kind, market.kind === 'mirror' ? market.venue : undefined)}: a data folder belongs to one market. Give this one a folder of its own, SAPPHIRE_DATA=${dataFolder()}-${market.kind} npm start${ownOptions}; or go on with the former, npm start${goesOn}, where trading.yml says nothing else.`,
  );
}

function wordsOf(kind: string, venue: string | undefined): string {
  return kind === 'mirror' ? `the prices of ${venue}` : kind === 'replay' ? 'recorded prices' : 'the synthetic market';
}
