import type { Logger } from 'pino';
import type { Instrument } from '../engine/instrument.ts';
import type { BackgroundLevels, PrintedTrade } from '../engine/types.ts';
import type { Candle } from './candles.ts';

/** Where the fair prices come from. Everything it says at a step follows from its state and that step. */
export interface MarketSource {
  readonly kind: 'synthetic' | 'replay' | 'mirror';
  readonly seed: number;
  /** Market milliseconds that a step stands for; a minute is a multiple of it. */
  readonly stepMs: number;
  /** Wall milliseconds from one step to the next. */
  readonly wallStepMs: number;
  /** Market seconds per wall second. */
  readonly speed: number;
  /** Market time of step 0, given the wall time of step 0. */
  marketGenesis(genesisAt: number): number;
  /** How many minutes there may be before genesis: a market keeps as many. */
  readonly historyMinutes: number;
  /** Minutes before genesis, per instrument, oldest first. `genesisMinute` itself is not among them. */
  history(genesisMinute: number): Candle[][];
  /** Called once, when a market is made, after `history`. */
  open(): void;
  /** Moves on to `step`. `minuteBegins` is the market minute since genesis that this step opens. */
  advance(step: number, minuteBegins: number | undefined): void;
  /** Fair price of an instrument in quote per base, or 0 where there is none to trade on. */
  fair(index: number): number;
  /** 1 in a quiet market, above in a lively one. */
  activity(): number;
  /** What is known of a finished minute, to stand in the place of the simulated one. */
  finished?(index: number, minute: number): Candle | undefined;
  /** Whether makers and takers of our own make its trades around the fair prices. Else they come from outside, logged and replayed like commands. */
  readonly hasFlow: boolean;
  /** What was seen outside just now. */
  seen?(index: number, price: number): void;
  /** The minutes up to this one stand as they were outside. */
  corrected?(index: number, minute: number): void;
  state(): unknown;
  restore(state: unknown): void;
}

export const WALL_STEP_MS = 500;

/** The parts of a market before it has a genesis or a state. */
export interface Market {
  instruments: Instrument[];
  startPrices: number[];
  source: MarketSource;
  /** What the database was made for, as JSON: another one means another market, unless it has more instruments alone. */
  identity: string;
  /** Begins to ask a venue for what it trades by. */
  startFeed?: (submit: (command: FeedCommand) => Promise<void>, logger: Logger) => Feed;
}

/** What comes from outside. Prices in ticks, quantities in steps. */
export type FeedCommand =
  | ({ kind: 'look'; instrument: number; trades: PrintedTrade[] } & BackgroundLevels)
  | { kind: 'candles'; instrument: number; candles: VenueCandle[] };

/** A minute as a venue tells it. */
export type VenueCandle = [minute: number, open: number, high: number, low: number, close: number, volume: number];

export interface Feed {
  /** Resolves after the first look at all, whatever came of it. */
  looked: Promise<void>;
  /** Each instrument that cannot be traded now, and why. */
  away(): { symbol: string; since: number; reason: string }[];
  stop(): void;
}
