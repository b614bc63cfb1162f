import { z } from 'zod';
import { historyMinutes } from '../../../../contracts/config/paper-exchange.ts';
import { UserError } from '../../../../contracts/errors.ts';
import { createInstrument, type Instrument, type InstrumentSettings } from '../../engine/instrument.ts';
import { type Candle, flatCandle, MINUTE_MS } from '../candles.ts';
import type { Market, VenueCandle } from '../source.ts';
import type { MirrorSettings } from './connect.ts';
import { startFeed } from './feed.ts';
import { MirrorMarket, STALE_MS } from './market.ts';
import { withoutGaps } from './units.ts';
import { type FarVenue, openFarVenue } from './venue.ts';

const REQUESTS_A_LOOK = 2;

export const mirroredTermsSchema = z.array(
  z.strictObject({
    symbol: z.string(),
    tickSize: z.string(),
    stepSize: z.string(),
    minNotional: z.string(),
    minQuantity: z.string().optional(),
  }),
);

/**
 * @param known terms that its database began with. Those stay, and what is in them is mirrored without asking the venue first, which may be away.
 * @throws UserError ExchangeUnreachable, SymbolUnlisted, ConfigurationInvalid
 */
export async function createMirrorMarket(
  settings: MirrorSettings & { symbols: string[] },
  known: readonly InstrumentSettings[] = [],
  tell: (progress: string) => void = () => undefined,
): Promise<Market> {
  const venue = await openFarVenue(settings);
  const added = settings.symbols.filter((symbol) => known.every((one) => one.symbol !== symbol));
  const terms = [...known];
  refuseTooMany(venue, known.length + added.length);
  const history: Candle[][] = known.map(() => []);
  if (added.length > 0) {
    await asked(venue, 'its markets', venue.load());
    for (const symbol of added) terms.push(termsOf(venue, symbol));
    const instruments = terms.map(createInstrument);
    history.push(...(await readHistory(venue, instruments.slice(known.length), historyMinutes(settings), tell)));
  }
  const instruments = terms.map(createInstrument);
  const source = new MirrorMarket(history, historyMinutes(settings));
  return {
    instruments,
    startPrices: instruments.map(() => 1),
    source,
    // What was mirrored before the instruments stood in it had made up its books.
    identity: JSON.stringify({ kind: 'mirror', venue: settings.venue, restUrl: settings.restUrl, instruments: terms }),
    startFeed: (submit, logger) =>
      startFeed({ venue, source, instruments, terms, pollMs: settings.pollSeconds * 1_000, submit, logger }),
  };
}

function termsOf(venue: FarVenue, symbol: string): InstrumentSettings {
  const terms = venue.terms(symbol);
  if (terms && venue.isTraded(symbol)) return terms;
  throw new UserError(
    'SymbolUnlisted',
    `${venue.id} trades no ${symbol}${terms ? ' now' : ' on its spot market'}: take it out of symbols, or mirror another exchange by --venue.`,
  );
}

/** Prices would be too old before the next look. */
function refuseTooMany(venue: FarVenue, symbols: number): void {
  const most = Math.floor(STALE_MS / 2 / (venue.gapMs * REQUESTS_A_LOOK));
  if (symbols > most)
    throw new UserError(
      'ConfigurationInvalid',
      `${venue.id} answers a request each ${venue.gapMs} ms, which is enough for ${most} symbols and not for ${symbols}: take fewer, or mirror another exchange.`,
    );
}

/** Of days of minutes of many symbols, a page at a time. */
const TOLD_EVERY_MS = 2_000;

async function readHistory(
  venue: FarVenue,
  instruments: readonly Instrument[],
  minutes: number,
  tell: (progress: string) => void,
): Promise<Candle[][]> {
  const until = Math.floor(Date.now() / MINUTE_MS);
  let read = 0;
  let found = 0;
  let toldAt = performance.now();
  const onPage = (count: number): void => {
    found += count;
    if (performance.now() - toldAt < TOLD_EVERY_MS) return;
    toldAt = performance.now();
    tell(`${Math.round((100 * found) / (minutes * instruments.length))} % of the history read from ${venue.id}`);
  };
  return await Promise.all(
    instruments.map(async (instrument) => {
      const { symbol } = instrument;
      const rows = await asked(
        venue,
        `the candles of ${symbol}`,
        venue.minutes(instrument, until - minutes, until, onPage),
      );
      if (rows.length === 0) throw new UserError('SymbolUnlisted', `${venue.id} has no candles of ${symbol}.`);
      read += 1;
      const missing = (rows[0]?.[0] ?? until) - (until - minutes);
      const short = missing > 1 ? `, without the first ${missing} minutes, which it does not tell` : '';
      tell(`history of ${symbol} read from ${venue.id}, ${read} of ${instruments.length}${short}`);
      return withoutGaps(rows, until).map(candleOf);
    }),
  );
}

function candleOf([minute, open, high, low, close, volume]: VenueCandle): Candle {
  const trades = volume > 0 ? 1 : 0;
  return { ...flatCandle(minute, open, 0), high, low, close, volume, quote: volume * close, trades };
}

/** A venue that is away when a market is made leaves nothing to begin with. */
async function asked<T>(venue: FarVenue, what: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new UserError(
      'ExchangeUnreachable',
      `${venue.id} cannot be mirrored: it does not tell ${what} (${reason?.slice(0, 200)}). Check this machine's network and clock, then start again.`,
    );
  }
}
