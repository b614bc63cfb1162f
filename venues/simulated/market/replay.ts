import { historyMinutes, type PaperExchangeConfiguration } from '../../../contracts/config/paper-exchange.ts';
import type { Instrument } from '../engine/instrument.ts';
import { type Bars, barAt, MINUTE_BAR_MS, priceAt } from './bars.ts';
import { type Candle, flatCandle } from './candles.ts';
import { readMarketFile } from './market-file.ts';
import { mix } from './random.ts';
import { type Market, type MarketSource, WALL_STEP_MS } from './source.ts';

type ReplaySettings = Extract<PaperExchangeConfiguration['market'], { kind: 'replay' }>;

const LONGEST_STEP_MS = 60_000;

export async function createReplayMarket(settings: ReplaySettings, instruments: Instrument[]): Promise<Market> {
  const bars: Bars[] = [];
  for (const { file, timestamps, volumeIn } of settings.instruments) {
    bars.push(await readMarketFile(file, { timestamps, volumeIn }));
  }
  const source = new ReplayMarket({ settings, instruments, bars });
  return {
    instruments,
    startPrices: bars.map((one) => priceAt(one, source.startAt)),
    source,
    identity: JSON.stringify({
      kind: 'replay',
      seed: settings.seed,
      speed: settings.speed,
      historyDays: settings.historyDays,
      instruments: settings.instruments.map(({ file: _file, ...rest }, index) => ({
        ...rest,
        content: fingerprint(bars[index]),
      })),
    }),
  };
}

/** Fair prices from files; a function of the step alone. At speed 1 the file's start is laid on the wall clock's present. */
export class ReplayMarket implements MarketSource {
  readonly kind = 'replay';
  readonly hasFlow = true;
  readonly seed: number;
  readonly speed: number;
  readonly stepMs: number;
  readonly wallStepMs: number;
  /** History that a file gives before its replay begins: at most this many minutes, and at most half of it. */
  readonly historyMinutes: number;
  /** Time within the files at which step 0 begins. */
  readonly startAt: number;
  readonly #instruments: Instrument[];
  readonly #bars: Bars[];
  #at: number;
  #genesis = 0;

  constructor(options: {
    settings: Pick<ReplaySettings, 'kind' | 'seed' | 'speed' | 'historyDays'>;
    instruments: Instrument[];
    bars: Bars[];
  }) {
    const { settings, instruments, bars } = options;
    this.historyMinutes = historyMinutes(settings);
    this.seed = settings.seed;
    this.speed = settings.speed;
    this.stepMs = stepOf(settings.speed);
    this.wallStepMs = this.stepMs / settings.speed;
    this.#instruments = instruments;
    this.#bars = bars;
    const first = Math.max(...bars.map((one) => one.openAt[0] ?? 0));
    const last = Math.min(...bars.map((one) => one.openAt.at(-1) ?? 0));
    if (last <= first) throw new Error('the market files share no time: replay files of the same period together');
    const half = first + (last - first) / 2;
    this.startAt = floorMinute(Math.min(first + this.historyMinutes * MINUTE_BAR_MS, half));
    this.#at = this.startAt;
  }

  marketGenesis(genesisAt: number): number {
    this.#genesis = this.speed === 1 ? genesisAt : this.startAt;
    return this.#genesis;
  }

  history(genesisMinute: number): Candle[][] {
    const startMinute = this.startAt / MINUTE_BAR_MS;
    return this.#bars.map((bars, index) => {
      const instrument = this.#instruments[index];
      const first = Math.max(Math.ceil((bars.openAt[0] ?? 0) / MINUTE_BAR_MS), startMinute - this.historyMinutes);
      const candles: Candle[] = [];
      if (!instrument) return candles;
      for (let minute = first; minute < startMinute; minute += 1) {
        candles.push(this.#candle(instrument, bars, minute, minute - startMinute + genesisMinute));
      }
      return candles;
    });
  }

  open(): void {
    // The files are all there is to know.
  }

  advance(step: number): void {
    this.#at = this.startAt + (step + 1) * this.stepMs - 1;
  }

  fair(index: number): number {
    const bars = this.#bars[index];
    return bars ? priceAt(bars, this.#at) : 0;
  }

  activity(): number {
    return 1;
  }

  finished(index: number, minute: number): Candle | undefined {
    const bars = this.#bars[index];
    const instrument = this.#instruments[index];
    if (!bars || !instrument || bars.barMs !== MINUTE_BAR_MS) return undefined;
    const fileMinute = minute + Math.round((this.startAt - this.#genesis) / MINUTE_BAR_MS);
    const known = barAt(bars, fileMinute * MINUTE_BAR_MS);
    if (bars.openAt[known] !== fileMinute * MINUTE_BAR_MS) return undefined;
    return this.#candle(instrument, bars, fileMinute, minute);
  }

  state(): unknown {
    return this.#at;
  }

  restore(state: unknown): void {
    this.#at = Number(state);
  }

  #candle(instrument: Instrument, bars: Bars, fileMinute: number, minute: number): Candle {
    const at = fileMinute * MINUTE_BAR_MS;
    const index = barAt(bars, at);
    const ticks = (price: number) => Math.max(1, Math.round(price / instrument.tickNumber));
    const share = Math.min(1, MINUTE_BAR_MS / bars.barMs);
    if (index < 0 || at >= (bars.openAt[index] ?? 0) + bars.barMs) {
      return flatCandle(minute, ticks(priceAt(bars, at) || (bars.close[Math.max(0, index)] ?? 0)), 0);
    }
    const whole = bars.barMs === MINUTE_BAR_MS;
    const open = whole ? (bars.open[index] ?? 0) : priceAt(bars, at);
    const close = whole ? (bars.close[index] ?? 0) : priceAt(bars, at + MINUTE_BAR_MS - 1);
    const high = whole ? (bars.high[index] ?? 0) : Math.max(open, close);
    const low = whole ? (bars.low[index] ?? 0) : Math.min(open, close);
    const volume = Math.round(((bars.volume[index] ?? 0) * share) / instrument.stepNumber);
    const candle = flatCandle(minute, ticks(open), 0);
    return {
      ...candle,
      close: ticks(close),
      high: ticks(high),
      low: ticks(low),
      volume,
      quote: volume * ticks((open + close) / 2),
      trades: volume > 0 ? 1 : 0,
      takerBuyVolume: Math.round(volume / 2),
      takerBuyQuote: Math.round(volume / 2) * ticks((open + close) / 2),
    };
  }
}

/** The longest step that divides a minute and takes at least half a second of wall time, and never more than a minute. */
function stepOf(speed: number): number {
  const wanted = WALL_STEP_MS * speed;
  const steps = [500, 1_000, 2_000, 3_000, 5_000, 6_000, 10_000, 12_000, 15_000, 20_000, 30_000, LONGEST_STEP_MS];
  return steps.filter((step) => step <= wanted).at(-1) ?? WALL_STEP_MS;
}

function floorMinute(at: number): number {
  return Math.floor(at / MINUTE_BAR_MS) * MINUTE_BAR_MS;
}

/** Tells files apart by what they hold, so that one may move. */
function fingerprint(bars: Bars | undefined): number {
  let hash = bars?.openAt.length ?? 0;
  for (const column of [bars?.openAt, bars?.close, bars?.volume]) {
    for (const value of column ?? []) hash = mix(hash ^ Math.trunc(value * 1_000));
  }
  return hash;
}
