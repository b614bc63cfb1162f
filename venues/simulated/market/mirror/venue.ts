import type { Exchange } from 'ccxt';
import { decimal, text } from '../../../../domain/money/money.ts';
import type { Instrument, InstrumentSettings } from '../../engine/instrument.ts';
import { MINUTE_MS } from '../candles.ts';
import type { VenueCandle } from '../source.ts';
import { connect, type MirrorSettings } from './connect.ts';
import { candlesOf, levelsOf, tradesOf, type VenueLevels, type VenueTrade } from './units.ts';

/** Levels of each side; some venues list twenty or a hundred and nothing between. */
const ASKED_LEVELS = 100;
const KEPT_LEVELS = 50;
/** Of an answer, its body among it. */
const WITHIN_MS = 12_000;
/** Venues give so many minutes at once or fewer. */
const PAGE = 1_000;

/** What is asked of a venue; all of it public. */
export interface FarVenue {
  readonly id: string;
  /** Between two requests, by the venue's own rule. */
  readonly gapMs: number;
  /** Reads anew what it lists. */
  load(): Promise<void>;
  /** Undefined where it lists no such spot market. */
  terms(symbol: string): InstrumentSettings | undefined;
  /** Whether it is traded there now, as it said when it was last read. */
  isTraded(symbol: string): boolean;
  /** How far this machine's clock is ahead. */
  skewMs(): Promise<number>;
  /** @throws where the book is empty or crossed */
  levels(instrument: Instrument): Promise<VenueLevels>;
  /** The newest ones, the oldest first. */
  trades(instrument: Instrument): Promise<VenueTrade[]>;
  /**
   * Those of the minutes from `from` up to the one before `until` that had a trade and that it still tells, oldest first.
   *
   * @param onPage told how many each answer had
   */
  minutes(
    instrument: Instrument,
    from: number,
    until: number,
    onPage?: (count: number) => void,
  ): Promise<VenueCandle[]>;
  /** How long it wants to be left alone after its last answer. */
  retryAfterMs(): number;
}

export async function openFarVenue(settings: MirrorSettings): Promise<FarVenue> {
  const client = await connect(settings);
  const { id } = client;
  return {
    id,
    gapMs: Number(client.rateLimit),
    load: async () => void (await answered(id, client.loadMarkets(true))),
    terms: (symbol) => termsOf(client, symbol),
    isTraded: (symbol) => client.markets?.[symbol]?.active !== false && termsOf(client, symbol) !== undefined,
    async skewMs() {
      const sentAt = Date.now();
      const theirs = Number(await answered(id, client.fetchTime()));
      return Math.round((sentAt + Date.now()) / 2 - theirs);
    },
    levels: async (instrument) =>
      levelsOf(instrument, await answered(id, client.fetchOrderBook(instrument.symbol, ASKED_LEVELS)), KEPT_LEVELS),
    trades: async (instrument) => tradesOf(instrument, await answered(id, client.fetchTrades(instrument.symbol))),
    async minutes(instrument, from, until, onPage) {
      const rows: VenueCandle[] = [];
      for (let next = from; next < until; ) {
        const page = await answered(id, client.fetchOHLCV(instrument.symbol, '1m', next * MINUTE_MS, PAGE));
        const found = candlesOf(instrument, page).filter(([minute]) => minute >= next);
        rows.push(...found);
        onPage?.(found.length);
        const last = found.at(-1)?.[0];
        if (last === undefined) break;
        next = last + 1;
      }
      return rows.filter(([minute]) => minute < until);
    },
    retryAfterMs: () => retryAfterOf(client),
  };
}

/** The venue's tick and step, coarsened where their product would be finer than money is counted. */
function termsOf(client: Exchange, symbol: string): InstrumentSettings | undefined {
  const market = client.markets?.[symbol];
  if (market?.spot !== true) return undefined;
  const tick = decimal(market.precision.price ?? 0);
  let step = decimal(market.precision.amount ?? 0);
  if (tick.lte(0) || step.lte(0)) return undefined;
  while (!step.div('0.00000001').isInteger() || !tick.times(step).div('0.00000001').isInteger()) step = step.times(10);
  return {
    symbol,
    tickSize: text(tick),
    stepSize: text(step),
    minNotional: text(decimal(market.limits.cost?.min ?? 0)),
    minQuantity: text(decimal(market.limits.amount?.min ?? 0)),
  };
}

/** ccxt's own time-out ends with the headers of an answer. */
async function answered<T>(id: string, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${id} gave no whole answer within ${WITHIN_MS} ms`)), WITHIN_MS);
  });
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function retryAfterOf(client: Exchange): number {
  const headers = Object.entries(client.last_response_headers ?? {});
  const seconds = Number(headers.find(([name]) => name.toLowerCase() === 'retry-after')?.[1] ?? 0);
  return Number.isFinite(seconds) ? Math.min(seconds, 86_400) * 1_000 : 0;
}
