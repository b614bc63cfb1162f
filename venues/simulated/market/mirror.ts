import type { Logger } from 'pino';
import { z } from 'zod';
import type { PaperExchangeConfiguration } from '../../../contracts/config/paper-exchange.ts';
import { decimal, text } from '../../../domain/money/money.ts';
import { createInstrument, type Instrument } from '../engine/instrument.ts';
import { type Candle, flatCandle, MINUTE_MS } from './candles.ts';
import { type Market, type MarketSource, WALL_STEP_MS } from './source.ts';

type MirrorSettings = Extract<PaperExchangeConfiguration['market'], { kind: 'mirror' }>;

/** Without a quote for this long the venue is taken to be away, and the market is closed rather than invented. */
const STALE_MS = 30_000;
const HISTORY_MINUTES = 1_000;

const stateSchema = z.object({ prices: z.array(z.number()), step: z.int(), quotedStep: z.int() });

/** Fair prices quoted by another venue. Its quotes are logged like commands, so that the market can be replayed without it. */
export class MirrorMarket implements MarketSource {
  readonly kind = 'mirror';
  readonly historyMinutes = HISTORY_MINUTES;
  readonly seed = 1;
  readonly stepMs = WALL_STEP_MS;
  readonly wallStepMs = WALL_STEP_MS;
  readonly speed = 1;
  readonly #history: Candle[][];
  #prices: number[];
  #step = 0;
  /** -1 before the first quote; the opening prices are then as good as one. */
  #quotedStep = -1;

  constructor(prices: number[], history: Candle[][]) {
    this.#prices = prices;
    this.#history = history;
  }

  marketGenesis(genesisAt: number): number {
    return genesisAt;
  }

  history(genesisMinute: number): Candle[][] {
    return this.#history.map((candles) => filled(candles, genesisMinute));
  }

  open(): void {
    // The first prices came with the venue's markets.
  }

  advance(step: number): void {
    this.#step = step;
  }

  quote(prices: number[]): void {
    this.#prices = prices;
    this.#quotedStep = this.#step;
  }

  fair(index: number): number {
    // Step 0 is the beginning of the minute in which the first prices were fetched.
    const quotedAt = this.#quotedStep < 0 ? MINUTE_MS : this.#quotedStep * WALL_STEP_MS;
    return this.#step * WALL_STEP_MS - quotedAt > STALE_MS ? 0 : (this.#prices[index] ?? 0);
  }

  activity(): number {
    return 1;
  }

  state(): unknown {
    return { prices: this.#prices, step: this.#step, quotedStep: this.#quotedStep };
  }

  restore(state: unknown): void {
    const { prices, step, quotedStep } = stateSchema.parse(state);
    this.#prices = prices;
    this.#step = step;
    this.#quotedStep = quotedStep;
  }
}

export async function createMirrorMarket(settings: MirrorSettings): Promise<Market> {
  const client = await connect(settings);
  const instruments: Instrument[] = [];
  const history: Candle[][] = [];
  try {
    await client.loadMarkets();
    for (const [index, symbol] of settings.symbols.entries()) {
      const instrument = createInstrument({ symbol, ...steps(client.market(symbol)) }, index);
      instruments.push(instrument);
      const rows = await client.fetchOHLCV(symbol, '1m', undefined, HISTORY_MINUTES);
      history.push(rows.map((row) => candleOf(instrument, row.map(Number))));
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Error(`${settings.venue} cannot be mirrored: ${reason}. Check the network, the venue and its symbols.`, {
      cause: error,
    });
  }
  const prices = await midPrices(client, settings.symbols);
  return {
    instruments,
    startPrices: prices,
    source: new MirrorMarket(prices, history),
    identity: JSON.stringify({ kind: 'mirror', venue: settings.venue, symbols: settings.symbols }),
    startFeed: (quote, logger) => startFeed(client, settings, quote, logger),
  };
}

/** What is used of a ccxt client. */
interface VenueClient {
  loadMarkets(): Promise<unknown>;
  market(symbol: string): VenueMarket;
  fetchOHLCV(symbol: string, timeframe: string, since: undefined, limit: number): Promise<unknown[][]>;
  fetchTickers(symbols: string[]): Promise<Record<string, { bid?: unknown; ask?: unknown; last?: unknown }>>;
}

interface VenueMarket {
  precision: { price?: number | undefined; amount?: number | undefined };
  limits: { cost?: { min?: number | undefined } | undefined };
}

async function connect(settings: MirrorSettings): Promise<VenueClient> {
  const { default: ccxt } = await import('ccxt');
  const venues = ccxt as unknown as Record<string, (new (options: object) => VenueClient) | undefined>;
  const Venue = ccxt.exchanges.includes(settings.venue) ? venues[settings.venue] : undefined;
  if (!Venue) throw new Error(`${settings.venue} is no exchange that ccxt knows`);
  return new Venue({
    enableRateLimit: true,
    options: { fetchMarkets: { types: ['spot'] }, fetchCurrencies: false, fetchMargins: false },
    ...(settings.restUrl === undefined
      ? {}
      : { urls: { api: { public: settings.restUrl, private: settings.restUrl } } }),
  });
}

/** The venue's tick and step, coarsened where their product would be finer than money is counted. */
function steps(market: VenueMarket): { tickSize: string; stepSize: string; minNotional: string } {
  const tick = decimal(market.precision.price ?? 0.01);
  let step = decimal(market.precision.amount ?? 0.00001);
  while (!tick.times(step).div('0.00000001').isInteger()) step = step.times(10);
  return { tickSize: text(tick), stepSize: text(step), minNotional: text(decimal(market.limits.cost?.min ?? 5)) };
}

async function midPrices(client: VenueClient, symbols: string[]): Promise<number[]> {
  const tickers = await client.fetchTickers(symbols);
  return symbols.map((symbol) => {
    const { bid, ask, last } = tickers[symbol] ?? {};
    const price = Number(bid) > 0 && Number(ask) > 0 ? (Number(bid) + Number(ask)) / 2 : Number(last);
    if (!(price > 0)) throw new Error(`the venue quotes no price for ${symbol}`);
    return price;
  });
}

function startFeed(
  client: VenueClient,
  settings: MirrorSettings,
  quote: (prices: number[]) => Promise<void>,
  logger: Logger,
): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const poll = async () => {
    try {
      await quote(await midPrices(client, settings.symbols));
    } catch (error) {
      if (!stopped) logger.warn({ err: error }, 'the mirrored venue gave no quote');
    }
    if (!stopped) timer = setTimeout(() => void poll(), settings.pollSeconds * 1_000);
  };
  void poll();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

function candleOf(instrument: Instrument, [at, open, high, low, close, volume]: number[]): Candle {
  const ticks = (price: number | undefined) => Math.max(1, Math.round((price ?? 0) / instrument.tickNumber));
  const steps = Math.round((volume ?? 0) / instrument.stepNumber);
  return {
    ...flatCandle(Math.floor((at ?? 0) / MINUTE_MS), ticks(open), 0),
    high: ticks(high),
    low: ticks(low),
    close: ticks(close),
    volume: steps,
    quote: steps * ticks(close),
    trades: steps > 0 ? 1 : 0,
  };
}

/** Up to the minute before genesis, without a gap. */
function filled(candles: Candle[], genesisMinute: number): Candle[] {
  const result: Candle[] = [];
  for (const candle of candles) {
    for (let last = result.at(-1); last && last.minute + 1 < candle.minute; last = result.at(-1)) {
      result.push(flatCandle(last.minute + 1, last.close, 0));
    }
    if (candle.minute < genesisMinute) result.push(candle);
  }
  for (let last = result.at(-1); last && last.minute + 1 < genesisMinute; last = result.at(-1)) {
    result.push(flatCandle(last.minute + 1, last.close, 0));
  }
  return result;
}
