import { z } from 'zod';
import { KEPT_MINUTES } from '../../../contracts/config/paper-exchange.ts';
import type { MatchingEngine } from '../engine/engine.ts';
import type { EngineEvents } from '../engine/events.ts';
import { engineState, engineStateSchema, restoreEngine } from '../engine/state.ts';
import type { CommandResult, EngineCommand, Trade } from '../engine/types.ts';
import { type Candle, CandleSeries, candleSchema, flatCandle, MINUTE_MS } from './candles.ts';
import { BackgroundFlow, flowStateSchema } from './flow.ts';
import type { FeedCommand, MarketSource } from './source.ts';

/** What the log holds: the engine's commands, and what else came from outside. */
export type LoggedCommand =
  | EngineCommand
  | { kind: 'closed'; at: number; toStep: number }
  | (FeedCommand & { at: number });

export interface SimulationOutput extends EngineEvents {
  closedCandles: Array<{ instrument: number; candle: Candle }>;
  deposits: Array<{ account: number; asset: string; units: bigint }>;
  /** Balances that changed, as they stand now. */
  balances: Array<{ account: number; asset: string; free: bigint; locked: bigint }>;
}

const RECENT_TRADES = 1_000;
const STORED_TRADES = 300;

const stateSchema = z.object({
  step: z.int(),
  engine: engineStateSchema,
  source: z.unknown(),
  flows: z.array(flowStateSchema),
  candles: z.array(candleSchema),
  trades: z.array(z.array(z.tuple([z.int(), z.int(), z.int(), z.number(), z.boolean()]))),
});

/**
 * Engine, fair prices and background flow under one step counter. No clock and no I/O: the same source, steps and commands give the
 * same state to the byte, which is what recovery and audits rest on.
 */
export class Simulation {
  readonly engine: MatchingEngine;
  readonly source: MarketSource;
  readonly series: CandleSeries[];
  /** Newest minutes of each instrument. */
  readonly candlesKept: number;
  /** Newest public trades of each instrument, oldest first. */
  readonly recent: Trade[][];
  readonly genesisAt: number;
  /** The last step that was run; -1 before the first. */
  step = -1;
  readonly #marketGenesis: number;
  readonly #flows: BackgroundFlow[];
  #output: SimulationOutput = emptyOutput();

  constructor(options: { engine: MatchingEngine; source: MarketSource; startPrices: number[]; genesisAt: number }) {
    const { engine, source, startPrices, genesisAt } = options;
    this.engine = engine;
    this.source = source;
    this.genesisAt = genesisAt;
    this.#marketGenesis = source.marketGenesis(genesisAt);
    this.candlesKept = Math.max(KEPT_MINUTES, source.historyMinutes);
    this.series = engine.instruments.map(() => new CandleSeries(this.candlesKept));
    this.recent = engine.instruments.map(() => []);
    this.#flows = source.hasFlow
      ? engine.instruments.map(
          (instrument, index) => new BackgroundFlow(engine, instrument, source.seed, startPrices[index] ?? 1),
        )
      : [];
  }

  /** Makes the market's past; returns its candles to be stored. */
  begin(): Array<{ instrument: number; candle: Candle }> {
    const made = this.#list(0);
    this.source.open();
    return made;
  }

  /** The past of the instruments from `first` on, up to the present minute. */
  #list(first: number): Array<{ instrument: number; candle: Candle }> {
    const present = Math.floor(this.marketAt() / MINUTE_MS);
    const made: Array<{ instrument: number; candle: Candle }> = [];
    for (const [index, candles] of this.source.history(present).entries()) {
      const series = this.series[index];
      if (index < first) continue;
      for (const candle of candles) {
        series?.push(candle);
        made.push({ instrument: index, candle });
      }
      const price = candles.at(-1)?.close ?? this.#openingPrice(index);
      series?.push(flatCandle(present, price, 0));
      this.engine.book(index).lastPrice = price;
    }
    return made;
  }

  /** Whether orders on an instrument are taken, for all that anybody knows. */
  isOpen(index: number): boolean {
    return !this.engine.book(index).halted && (this.source.hasFlow || this.source.fair(index) > 0);
  }

  /** Wall time at which a step falls due. */
  wallAt(step: number): number {
    return this.genesisAt + Math.round(step * this.source.wallStepMs);
  }

  marketAt(step: number = this.step): number {
    return this.#marketGenesis + Math.max(0, step) * this.source.stepMs;
  }

  advance(): void {
    this.step += 1;
    const { step, source } = this;
    const elapsed = step * source.stepMs;
    const minutes = elapsed / MINUTE_MS;
    this.#openMinute(Math.floor(this.marketAt() / MINUTE_MS), true);
    source.advance(step, Number.isInteger(minutes) ? minutes : undefined);
    const activity = source.activity();
    const at = this.wallAt(step);
    for (const [index, flow] of this.#flows.entries()) {
      const fair = source.fair(index);
      if (fair > 0 && !this.engine.book(index).halted) flow.step(fair, step, at, activity);
    }
    this.#absorb();
  }

  apply(command: LoggedCommand): { result: CommandResult; events: EngineEvents } {
    let result: CommandResult = { done: true };
    if (command.kind === 'closed') this.#skip(command.toStep);
    else if (command.kind === 'look') this.#look(command);
    else if (command.kind === 'candles') this.#correct(command);
    else if (command.kind === 'place' && this.source.fair(command.instrument) <= 0)
      result = { rejected: 'market-closed' };
    else result = this.engine.apply(command);
    if (command.kind === 'deposit' && 'done' in result) this.#output.deposits.push(command);
    return { result, events: this.#absorb() };
  }

  /** What happened since the last call. */
  takeOutput(): SimulationOutput {
    const output = this.#output;
    this.#output = emptyOutput();
    const { balances } = this.engine;
    for (const [account, assets] of balances.touched) {
      for (const asset of assets) output.balances.push({ account, asset, ...balances.of(account, asset) });
    }
    balances.touched.clear();
    return output;
  }

  state(): string {
    const state: z.output<typeof stateSchema> = {
      step: this.step,
      engine: engineState(this.engine),
      source: this.source.state(),
      flows: this.#flows.map((flow) => flow.state()),
      candles: this.series.map((series) => series.last() ?? flatCandle(0, 0, 0)),
      trades: this.recent.map((trades) =>
        trades
          .slice(-STORED_TRADES)
          .map(({ id, price, quantity, at, buyerIsMaker }) => [id, price, quantity, at, buyerIsMaker]),
      ),
    };
    return JSON.stringify(state);
  }

  /**
   * @param candles stored candles of each instrument, oldest first; those the state knows better are left out.
   * @returns the past of instruments that the state does not know, to be stored
   */
  restore(text: string, candles: Candle[][]): Array<{ instrument: number; candle: Candle }> {
    const state = stateSchema.parse(JSON.parse(text));
    this.step = state.step;
    restoreEngine(this.engine, state.engine);
    this.source.restore(state.source);
    for (const [index, flow] of this.#flows.entries()) {
      const stored = state.flows[index];
      if (stored) flow.restore(stored);
    }
    for (const [index, series] of this.series.entries()) {
      const open = state.candles[index];
      if (!open) continue;
      for (const candle of candles[index] ?? []) if (candle.minute < open.minute) series.push(candle);
      series.push(open);
      this.recent[index] = (state.trades[index] ?? []).map(([id, price, quantity, at, buyerIsMaker]) => ({
        instrument: index,
        id,
        price,
        quantity,
        at,
        buyerIsMaker,
        takerAccount: 0,
        makerAccount: 0,
      }));
    }
    const known = state.candles.length;
    return known < this.series.length ? this.#list(known) : [];
  }

  /** The market was closed up to `toStep`: time went by, nothing happened. */
  #skip(toStep: number): void {
    if (toStep <= this.step) return;
    this.step = toStep;
    this.#openMinute(Math.floor(this.marketAt() / MINUTE_MS), false);
  }

  /** @param traded whether the minutes that this closes were open for trading. */
  #openMinute(minute: number, traded: boolean): void {
    for (const [index, series] of this.series.entries()) {
      if ((series.last()?.minute ?? minute) >= minute) continue;
      for (const candle of series.openUntil(minute)) {
        const known = traded ? this.source.finished?.(index, candle.minute) : undefined;
        if (known) adopt(candle, known);
        this.#output.closedCandles.push({ instrument: index, candle });
      }
    }
  }

  #look({ instrument, trades, bids, asks, at }: Extract<LoggedCommand, { kind: 'look' }>): void {
    const { tickNumber } = this.engine.instrument(instrument);
    this.source.seen?.(instrument, (((bids[0]?.[0] ?? 0) + (asks[0]?.[0] ?? 0)) / 2) * tickNumber);
    if (this.engine.book(instrument).halted) return;
    for (const trade of trades) this.engine.print(instrument, trade, at);
    this.engine.showBackground(instrument, { bids, asks }, at);
  }

  /** What was seen of a minute was a part of it, or nothing: the venue's own account of it takes its place. */
  #correct({ instrument, candles }: Extract<LoggedCommand, { kind: 'candles' }>): void {
    const series = this.series[instrument];
    for (const [minute, open, high, low, close, volume] of candles) {
      // By a clock that is behind the venue's it may not have ended here.
      if (!series || minute >= (series.last()?.minute ?? 0)) break;
      const candle = series.closed(minute);
      if (candle) {
        adopt(candle, { open, high, low, close, volume, quote: volume * close });
        candle.trades = Math.max(candle.trades, volume > 0 ? 1 : 0);
        this.#output.closedCandles.push({ instrument, candle });
      }
      this.source.corrected?.(instrument, minute);
    }
    series?.settleRunning();
  }

  #absorb(): EngineEvents {
    const events = this.engine.drain();
    for (const trade of events.trades) {
      this.series[trade.instrument]?.add(trade);
      this.#flows[trade.instrument]?.observe(trade);
      const recent = this.recent[trade.instrument];
      if (recent) {
        recent.push(trade);
        if (recent.length > RECENT_TRADES * 2) recent.splice(0, recent.length - RECENT_TRADES);
      }
      this.#output.trades.push(trade);
    }
    for (const report of events.reports) this.#output.reports.push(report);
    for (const fill of events.fills) this.#output.fills.push(fill);
    for (const order of events.orders) this.#output.orders.add(order);
    for (const prevented of events.prevented) this.#output.prevented.push(prevented);
    return events;
  }

  #openingPrice(index: number): number {
    return Math.max(1, Math.round(this.source.fair(index) / this.engine.instrument(index).tickNumber));
  }
}

/** A known candle takes the simulated one's place: what was seen at the venue is the history, not our echo of it. */
function adopt(candle: Candle, known: Pick<Candle, 'open' | 'high' | 'low' | 'close' | 'volume' | 'quote'>): void {
  candle.open = known.open;
  candle.close = known.close;
  candle.high = known.high;
  candle.low = known.low;
  const scale = known.volume / Math.max(1, candle.volume);
  candle.takerBuyVolume = Math.round(candle.takerBuyVolume * scale);
  candle.takerBuyQuote = Math.round(candle.takerBuyQuote * scale);
  candle.volume = known.volume;
  candle.quote = known.quote;
}

function emptyOutput(): SimulationOutput {
  return {
    reports: [],
    trades: [],
    fills: [],
    orders: new Set(),
    prevented: [],
    closedCandles: [],
    deposits: [],
    balances: [],
  };
}
