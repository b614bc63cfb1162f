import { z } from 'zod';
import type { Candle } from '../candles.ts';
import { type MarketSource, WALL_STEP_MS } from '../source.ts';

/** What a venue showed so long ago is no price any more, and nothing trades on it. */
export const STALE_MS = 20_000;

const stateSchema = z.object({
  step: z.int(),
  instruments: z.array(z.object({ price: z.number(), seenStep: z.int(), correctedMinute: z.int() })),
});

interface Seen {
  price: number;
  /** -1 before the first look. */
  seenStep: number;
  /** Up to here the candles are the venue's own. */
  correctedMinute: number;
}

/** A market whose book, trades and candles are another venue's. What is seen there is logged like commands, so that it can be replayed without it. */
export class MirrorMarket implements MarketSource {
  readonly kind = 'mirror';
  readonly hasFlow = false;
  readonly seed = 1;
  readonly stepMs = WALL_STEP_MS;
  readonly wallStepMs = WALL_STEP_MS;
  readonly speed = 1;
  readonly historyMinutes: number;
  readonly #history: Candle[][];
  readonly #seen: Seen[];
  #step = 0;

  /** @param history of each instrument; empty for one that is known from before */
  constructor(history: Candle[][], historyMinutes: number) {
    this.#history = history;
    this.historyMinutes = historyMinutes;
    this.#seen = history.map((candles) => ({
      price: 0,
      seenStep: -1,
      correctedMinute: candles.at(-1)?.minute ?? 0,
    }));
  }

  marketGenesis(genesisAt: number): number {
    return genesisAt;
  }

  history(present: number): Candle[][] {
    return this.#history.map((candles) => candles.filter(({ minute }) => minute < present));
  }

  open(): void {
    // Nothing is open before the first look.
  }

  advance(step: number): void {
    this.#step = step;
  }

  seen(index: number, price: number): void {
    const seen = this.#seen[index];
    if (seen) Object.assign(seen, { price, seenStep: this.#step });
  }

  corrected(index: number, minute: number): void {
    const seen = this.#seen[index];
    if (seen) seen.correctedMinute = Math.max(seen.correctedMinute, minute);
  }

  correctedMinute(index: number): number {
    return this.#seen[index]?.correctedMinute ?? 0;
  }

  fair(index: number): number {
    const { price = 0, seenStep = -1 } = this.#seen[index] ?? {};
    return seenStep < 0 || (this.#step - seenStep) * WALL_STEP_MS > STALE_MS ? 0 : price;
  }

  activity(): number {
    return 1;
  }

  state(): unknown {
    return { step: this.#step, instruments: this.#seen } satisfies z.input<typeof stateSchema>;
  }

  restore(state: unknown): void {
    const { step, instruments } = stateSchema.parse(state);
    this.#step = step;
    for (const [index, seen] of instruments.entries()) this.#seen[index] = seen;
  }
}
