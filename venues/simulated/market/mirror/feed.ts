import type { Logger } from 'pino';
import type { Instrument, InstrumentSettings } from '../../engine/instrument.ts';
import { MINUTE_MS } from '../candles.ts';
import type { Feed, FeedCommand } from '../source.ts';
import { type MirrorMarket, STALE_MS } from './market.ts';
import { withoutGaps } from './units.ts';
import type { FarVenue } from './venue.ts';

const MARKETS_EVERY_MS = 300_000;
const CLOCK_EVERY_MS = 60_000;
/** With a clock further off, trades and candles would be of other minutes than the venue's, and a live order would be refused. */
const MOST_SKEW_MS = 5_000;
/** A venue may be a moment late with the minute that has just ended. */
const ENDED_MS = 2_000;
const CORRECT_EVERY_MS = 15_000;
const LONGEST_WAIT_MS = 60_000;
const LIMITS = ['RateLimitExceeded', 'DDoSProtection'];

interface Options {
  venue: FarVenue;
  source: MirrorMarket;
  instruments: readonly Instrument[];
  /** The terms by which their prices and quantities are counted. */
  terms: readonly InstrumentSettings[];
  pollMs: number;
  submit(command: FeedCommand): Promise<void>;
  logger: Logger;
}

interface Watched {
  instrument: Instrument;
  lookedAt: number;
  /** Trades of the last look; undefined where there is none, or it is too long ago to know what went on since. */
  known: ReadonlySet<string> | undefined;
  correctAt: number;
  trouble: { since: number; reason: string } | undefined;
}

/**
 * Looks at a venue for ever: book and trades of each instrument, each minute as the venue has it once it has ended. It takes half of the venue's
 * rate at most, and leaves it alone for as long as it asks, or ever longer while it does not answer.
 */
export function startFeed({ venue, source, instruments, terms, pollMs, submit, logger }: Options): Feed {
  const watched = instruments.map(
    (instrument): Watched => ({ instrument, lookedAt: 0, known: undefined, correctAt: 0, trouble: undefined }),
  );
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let marketsAt = 0;
  let clockAt = 0;
  let skewMs = 0;
  /** Rounds in a row of which nothing came. */
  let failures = 0;
  /** Set by a venue that has had enough: what is left of the round is not asked. */
  let limit: unknown;

  const give = async (command: FeedCommand): Promise<void> => {
    if (!stopped) await submit(command);
  };

  const readVenue = async (): Promise<void> => {
    const now = Date.now();
    if (now >= marketsAt) {
      await venue.load();
      marketsAt = now + MARKETS_EVERY_MS;
      for (const known of terms) tellOtherRules(venue, known, logger);
    }
    if (now < clockAt) return;
    skewMs = await venue.skewMs();
    // One that is off is looked at in each round.
    if (Math.abs(skewMs) <= MOST_SKEW_MS) clockAt = now + CLOCK_EVERY_MS;
    else {
      const seconds = (Math.abs(skewMs) / 1_000).toFixed(1);
      throw new Error(`this machine's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} its own: set it`);
    }
  };

  const look = async (one: Watched): Promise<void> => {
    const { instrument } = one;
    if (limit) throw limit;
    if (!venue.isTraded(instrument.symbol)) throw new Error(`it does not trade ${instrument.symbol} now`);
    const [levels, trades] = await Promise.all([venue.levels(instrument), venue.trades(instrument)]);
    const { known } = one;
    const since = one.lookedAt - MINUTE_MS;
    const fresh = known ? trades.filter(({ id, at }) => !known.has(id) && at > since) : [];
    await give({
      kind: 'look',
      instrument: instrument.index,
      trades: fresh.map(({ price, quantity, buyerIsMaker }) => ({ price, quantity, buyerIsMaker })),
      ...levels,
    });
    one.known = new Set(trades.map(({ id }) => id));
    one.lookedAt = Date.now();
  };

  const correct = async (one: Watched): Promise<void> => {
    const now = Date.now();
    const until = Math.floor((now - skewMs - ENDED_MS) / MINUTE_MS);
    const from = source.correctedMinute(one.instrument.index) + 1;
    if (until <= from - 1 || now < one.correctAt || limit) return;
    one.correctAt = now + CORRECT_EVERY_MS;
    const candles = withoutGaps(await venue.minutes(one.instrument, from, until), until);
    if (candles.length > 0) await give({ kind: 'candles', instrument: one.instrument.index, candles });
    if (source.correctedMinute(one.instrument.index) + 1 >= until) one.correctAt = 0;
  };

  const visit = async (one: Watched): Promise<void> => {
    try {
      await look(one);
      if (one.trouble) logger.info({ venue: venue.id, symbol: one.instrument.symbol }, 'the mirrored venue is back');
      one.trouble = undefined;
      await correct(one).catch((error: unknown) => {
        noteLimit(error);
        logger.warn({ venue: venue.id, symbol: one.instrument.symbol, err: error }, 'no candles of the venue');
      });
    } catch (error) {
      noteLimit(error);
      fail(one, error);
    }
  };

  const noteLimit = (error: unknown): void => {
    if (error instanceof Error && LIMITS.includes(error.name)) limit = error;
  };

  const fail = (one: Watched, error: unknown): void => {
    if (stopped) return;
    const reason = `${venue.id}: ${wordsOf(error, venue.id)}`;
    if (!one.trouble) logger.warn({ symbol: one.instrument.symbol, reason }, 'the mirrored venue gives no prices');
    one.trouble = { since: one.trouble?.since ?? (one.lookedAt || Date.now()), reason };
    if (Date.now() - one.lookedAt > STALE_MS) one.known = undefined;
  };

  const round = async (): Promise<void> => {
    const beganAt = performance.now();
    limit = undefined;
    let waitMs = pollMs;
    try {
      await readVenue();
      await Promise.all(watched.map(visit));
    } catch (error) {
      noteLimit(error);
      for (const one of watched) fail(one, error);
    }
    failures = watched.every(({ trouble }) => trouble) || limit ? failures + 1 : 0;
    if (failures > 0) waitMs = Math.min(LONGEST_WAIT_MS, Math.max(1_000, pollMs) * 2 ** Math.min(failures - 1, 10));
    if (limit) waitMs = Math.max(waitMs, venue.retryAfterMs());
    waitMs = Math.max(waitMs, performance.now() - beganAt);
    if (!stopped) timer = setTimeout(() => void round(), waitMs);
  };

  return {
    looked: round(),
    away: () =>
      watched.flatMap(({ instrument: { symbol, index }, trouble }) =>
        source.fair(index) > 0 ? [] : [{ symbol, ...(trouble ?? { since: Date.now(), reason: 'not looked at yet' }) }],
      ),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Prices and quantities of this folder are counted in the terms that it began with. */
function tellOtherRules(venue: FarVenue, known: InstrumentSettings, logger: Logger): void {
  const now = venue.terms(known.symbol);
  if (now && JSON.stringify(now) !== JSON.stringify(known))
    logger.warn({ venue: venue.id, known, now }, 'the venue has other rules by now: a new data folder takes them over');
}

/** ccxt begins with the venue's name. */
function wordsOf(error: unknown, id: string): string {
  const [words = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return (words.startsWith(`${id} `) ? words.slice(id.length + 1) : words).slice(0, 200);
}
