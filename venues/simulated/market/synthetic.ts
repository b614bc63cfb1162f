import { z } from 'zod';
import type { Instrument } from '../engine/instrument.ts';
import { type Candle, flatCandle, MINUTE_MS } from './candles.ts';
import { advanceFairPrices, type FairPriceState, openingPrices } from './fair-price.ts';
import { hashUniform } from './random.ts';
import { regimeKinds } from './regimes.ts';
import { type MarketSource, WALL_STEP_MS } from './source.ts';

/** Sub-steps of a minute of history: enough for a candle with a body and shadows. */
const PER_MINUTE = 6;

const stateSchema = z.object({
  regime: z.object({
    kind: z.enum(regimeKinds),
    driftPerHour: z.number(),
    volatility: z.number(),
    minutesLeft: z.number(),
  }),
  deviation: z.number(),
  fair: z.array(z.number()),
});

/** A market made of a seed: the same seed gives the same history and, without outside orders, the same future. */
export class SyntheticMarket implements MarketSource {
  readonly kind = 'synthetic';
  readonly hasFlow = true;
  readonly seed: number;
  readonly stepMs = WALL_STEP_MS;
  readonly wallStepMs = WALL_STEP_MS;
  readonly speed = 1;
  readonly historyMinutes: number;
  readonly #instruments: Instrument[];
  readonly #startPrices: number[];
  #state: FairPriceState;
  #isRestored = false;

  constructor(seed: number, instruments: Instrument[], startPrices: number[], historyMinutes: number) {
    this.seed = seed;
    this.historyMinutes = historyMinutes;
    this.#instruments = instruments;
    this.#startPrices = startPrices;
    this.#state = openingPrices(seed, startPrices);
  }

  marketGenesis(genesisAt: number): number {
    return genesisAt;
  }

  history(present: number): Candle[][] {
    const made = openingPrices(this.seed, this.#startPrices);
    const candles: Candle[][] = this.#instruments.map(() => []);
    const price = (index: number): number => made.fair[index] ?? 0;
    for (let minute = -this.historyMinutes; minute < 0; minute += 1) {
      for (const [index, instrument] of this.#instruments.entries()) {
        candles[index]?.push(flatCandle(present + minute, ticksOf(instrument, price(index)), 0));
      }
      for (let part = 0; part < PER_MINUTE; part += 1) {
        advanceFairPrices(made, {
          seed: this.seed,
          step: minute * PER_MINUTE + part,
          stepMs: MINUTE_MS / PER_MINUTE,
          minuteBegins: part === 0 ? minute : undefined,
        });
        for (const [index, instrument] of this.#instruments.entries()) {
          const candle = candles[index]?.at(-1);
          if (candle) this.#extend(candle, instrument, price(index), minute * PER_MINUTE + part);
        }
      }
    }
    // What goes on keeps its prices; what is new among it begins where its own past ends.
    if (this.#isRestored) this.#state.fair.push(...made.fair.slice(this.#state.fair.length));
    else this.#state = made;
    return candles;
  }

  open(): void {
    // The history has moved the prices to where step 0 takes them up.
  }

  advance(step: number, minuteBegins: number | undefined): void {
    advanceFairPrices(this.#state, { seed: this.seed, step, stepMs: this.stepMs, minuteBegins });
  }

  fair(index: number): number {
    return this.#state.fair[index] ?? 0;
  }

  activity(): number {
    return this.#state.regime.kind === 'volatile' ? 1.6 : 1;
  }

  state(): unknown {
    return this.#state;
  }

  restore(state: unknown): void {
    this.#state = stateSchema.parse(state);
    this.#isRestored = true;
  }

  #extend(candle: Candle, instrument: Instrument, fair: number, part: number): void {
    const price = ticksOf(instrument, fair);
    const notional = 20_000 + 40_000 * hashUniform(this.seed, 31 + instrument.index, part);
    const steps = Math.max(1, Math.round(notional / (fair * instrument.stepNumber)));
    const up = price >= candle.close;
    candle.high = Math.max(candle.high, price);
    candle.low = Math.min(candle.low, price);
    candle.close = price;
    candle.volume += steps;
    candle.quote += steps * price;
    candle.trades += 24;
    if (up) {
      candle.takerBuyVolume += Math.round(steps * 0.6);
      candle.takerBuyQuote += Math.round(steps * 0.6) * price;
    }
  }
}

function ticksOf({ tickNumber }: Instrument, price: number): number {
  return Math.max(1, Math.round(price / tickNumber));
}
