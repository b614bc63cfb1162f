import { realVenue } from '../contracts/config/perpetuals.ts';
import type { Configuration } from '../contracts/config/schema.ts';
import { UserError } from '../contracts/errors.ts';
import type { Logger } from '../runtime/telemetry/logger.ts';
import { createPerpetuals } from './binance/perpetuals.ts';
import { createUsdMargined } from './binance/usd-margined.ts';
import { type Capabilities, capabilities } from './capabilities.ts';
import type { MarketDataPort, PerpetualsPort } from './port.ts';

const readers = { 'usd-m': createUsdMargined } satisfies Record<NonNullable<Capabilities['perpetuals']>, unknown>;

/**
 * The perpetual markets of the venue whose real prices are traded on; undefined where there are none, or none are wanted.
 *
 * @throws {UserError} `PerpetualsUnknown` where they are asked for, of a venue whose are not read
 */
export function openPerpetuals(
  configuration: Pick<Configuration, 'mode' | 'venue' | 'cycle' | 'paperExchange' | 'symbols'>,
  { exchangeTime }: Pick<MarketDataPort, 'exchangeTime'>,
  logger: Logger,
): PerpetualsPort | undefined {
  const { perpetuals: wanted } = configuration.cycle;
  const venue = realVenue(configuration);
  if (wanted === false || venue === undefined) return undefined;
  const rows: Partial<Record<string, Capabilities>> = capabilities;
  const kind = rows[venue]?.perpetuals;
  if (kind) return createPerpetuals(readers[kind](), { symbols: configuration.symbols, exchangeTime, logger });
  if (wanted === undefined) return undefined;
  throw new UserError(
    'PerpetualsUnknown',
    `The perpetual markets of ${venue} are not read here: leave "perpetuals" out of cycle, or set it to false.`,
  );
}
