import { z } from 'zod';
import type { MatchingEngine } from '../engine/engine.ts';
import type { Instrument } from '../engine/instrument.ts';
import type { Order, Side, Trade } from '../engine/types.ts';
import { hashUniform, Random } from './random.ts';

/** One price of the background's ladder. It stays on the list while consumed, so that it refills instead of springing back. */
interface Quote {
  order: Order | null;
  /** Steps that the level is worth when full. */
  target: number;
}

const FLOW_STREAM = 5_000;
/** Levels stand on a grid of this share of the start price, so that a moving price does not move every order. */
const GRID = 0.000_025;
const DEPTH_GRIDS = 160;
const REFILL_SHARE = 0.2;
/** Relative price move that a taker of IMPACT_NOTIONAL leaves behind. */
const IMPACT = 0.0012;
const IMPACT_NOTIONAL = 500_000;
const PASSING_SHARE = 0.7;
const PASSING_DECAY = 0.985;
const LASTING_DECAY = 0.9998;

export const flowStateSchema = z.object({
  passing: z.number(),
  lasting: z.number(),
  pressure: z.number(),
  sign: z.number(),
  lastMid: z.number(),
  bids: z.array(z.tuple([z.int(), z.int(), z.int()])),
  asks: z.array(z.tuple([z.int(), z.int(), z.int()])),
});
export type FlowState = z.output<typeof flowStateSchema>;

/**
 * Makers and takers of one instrument around a fair price. Its draws are a function of (seed, symbol, step); what they do depends on
 * the book, which they refill over seconds, and on the pressure of outside takers, which moves their price.
 */
export class BackgroundFlow {
  readonly #engine: MatchingEngine;
  readonly #instrument: Instrument;
  readonly #seed: number;
  readonly #grid: number;
  readonly #bids = new Map<number, Quote>();
  readonly #asks = new Map<number, Quote>();
  #passing = 0;
  #lasting = 0;
  #pressure = 0;
  #sign = 0;
  #lastMid = 0;

  constructor(engine: MatchingEngine, instrument: Instrument, seed: number, startPrice: number) {
    this.#engine = engine;
    this.#instrument = instrument;
    this.#seed = seed;
    this.#grid = Math.max(1, Math.round((startPrice * GRID) / instrument.tickNumber));
  }

  /** An outside taker pushes the price the way it traded. */
  observe(trade: Trade): void {
    if (trade.takerAccount === 0 || trade.makerAccount !== 0) return;
    const notional = trade.price * this.#instrument.tickNumber * trade.quantity * this.#instrument.stepNumber;
    this.#pressure += trade.buyerIsMaker ? -notional : notional;
  }

  /** @param activity 1 in a quiet market; scales the takers' number and the spread. */
  step(fair: number, step: number, at: number, activity: number): void {
    const { tickNumber } = this.#instrument;
    const push = (IMPACT * this.#pressure) / IMPACT_NOTIONAL;
    this.#pressure = 0;
    this.#passing = clamp(this.#passing * PASSING_DECAY + push * PASSING_SHARE, 0.01);
    this.#lasting = clamp(this.#lasting * LASTING_DECAY + push * (1 - PASSING_SHARE), 0.02);
    const mid = fair * (1 + this.#passing + this.#lasting);
    const spread = (0.8 + 1.2 * hashUniform(this.#seed, this.#instrument.index, Math.floor(step / 20))) * activity;
    const half = (mid * spread * 0.0001) / 2;
    const bestBid = Math.max(1, Math.floor((mid - half) / tickNumber));
    const bestAsk = Math.max(bestBid + 1, Math.ceil((mid + half) / tickNumber));
    this.#withdraw('BUY', bestBid);
    this.#withdraw('SELL', bestAsk);
    this.#quote('BUY', bestBid, mid, step, at);
    this.#quote('SELL', bestAsk, mid, step, at);
    const change = this.#lastMid > 0 ? mid / this.#lastMid - 1 : 0;
    this.#lastMid = mid;
    this.#take(change, step, at, activity);
  }

  state(): FlowState {
    return {
      passing: this.#passing,
      lasting: this.#lasting,
      pressure: this.#pressure,
      sign: this.#sign,
      lastMid: this.#lastMid,
      bids: [...this.#bids].map(([grid, { order, target }]) => [grid, order?.id ?? 0, target]),
      asks: [...this.#asks].map(([grid, { order, target }]) => [grid, order?.id ?? 0, target]),
    };
  }

  /** Takes up the ladder whose orders already rest in the restored engine. */
  restore(state: FlowState): void {
    this.#passing = state.passing;
    this.#lasting = state.lasting;
    this.#pressure = state.pressure;
    this.#sign = state.sign;
    this.#lastMid = state.lastMid;
    const book = this.#engine.book(this.#instrument.index);
    const byId = new Map<number, Order>();
    for (const order of [...book.bids.orders(), ...book.asks.orders()]) byId.set(order.id, order);
    for (const [quotes, rows] of [
      [this.#bids, state.bids],
      [this.#asks, state.asks],
    ] as const) {
      for (const [grid, id, target] of rows) quotes.set(grid, { order: byId.get(id) ?? null, target });
    }
  }

  /** Makers leave prices that the market passed, and those too far away, before any new quote could meet them. */
  #withdraw(side: Side, best: number): void {
    const quotes = side === 'BUY' ? this.#bids : this.#asks;
    const touch = this.#touch(side, best);
    for (const [grid, quote] of quotes) {
      if (quoted(side === 'BUY' ? touch - grid : grid - touch, grid)) continue;
      if (quote.order?.level) this.#engine.cancelBackground(quote.order);
      quotes.delete(grid);
    }
  }

  #quote(side: Side, best: number, mid: number, step: number, at: number): void {
    const quotes = side === 'BUY' ? this.#bids : this.#asks;
    const touch = this.#touch(side, best);
    for (let distance = 0; distance < DEPTH_GRIDS; distance += 1) {
      const grid = side === 'BUY' ? touch - distance : touch + distance;
      if (grid <= 0 || !quoted(distance, grid)) continue;
      const quote = quotes.get(grid);
      if (!quote) {
        const target = this.#target(grid, distance, mid, step);
        quotes.set(grid, { target, order: this.#place(side, grid, target, at) });
        continue;
      }
      const order = quote.order?.level ? quote.order : null;
      const open = order ? order.quantity - order.filled : 0;
      if (open * 2 > quote.target) continue;
      if (order) this.#engine.cancelBackground(order);
      const refilled = Math.min(quote.target, open + Math.max(1, Math.round(quote.target * REFILL_SHARE)));
      quote.order = this.#place(side, grid, refilled, at);
    }
  }

  #place(side: Side, grid: number, quantity: number, at: number): Order | null {
    const offset = Math.floor(hashUniform(this.#seed, 77, this.#instrument.index, grid) * 0.8 * this.#grid);
    const price = grid * this.#grid + (side === 'BUY' ? -offset : offset);
    return this.#engine.placeBackground(this.#instrument.index, side, Math.max(1, price), quantity, at, true);
  }

  /** Some 5 to 50 thousand of quote at the touch, more behind it. */
  #target(grid: number, distance: number, mid: number, step: number): number {
    const size = hashUniform(this.#seed + this.#instrument.index, grid, Math.floor(step / 600));
    const notional = (5_000 + 40_000 * size * size) * Math.min(3, 1 + distance / 24);
    return Math.max(1, Math.round(notional / (mid * this.#instrument.stepNumber)));
  }

  #take(change: number, step: number, at: number, activity: number): void {
    const random = new Random(this.#seed, FLOW_STREAM + this.#instrument.index, step);
    const book = this.#engine.book(this.#instrument.index);
    for (let i = 0; i < 5; i += 1) {
      if (random.uniform() > 0.26 * activity) continue;
      const buys = random.uniform() < 0.5 + clamp(change * 1_500, 0.2) + 0.12 * this.#sign;
      const notional = 300 / (random.uniform() + 0.006);
      const best = (buys ? book.asks : book.bids).best();
      this.#sign = buys ? 1 : -1;
      if (!best) continue;
      const steps = Math.max(
        1,
        Math.round(notional / (best.price * this.#instrument.tickNumber * this.#instrument.stepNumber)),
      );
      const price = Math.max(1, Math.round(best.price * (buys ? 1.0008 : 0.9992)));
      this.#engine.placeBackground(this.#instrument.index, buys ? 'BUY' : 'SELL', price, steps, at, false);
    }
  }

  #touch(side: Side, best: number): number {
    return side === 'BUY' ? Math.floor(best / this.#grid) : Math.ceil(best / this.#grid);
  }
}

/** Every price near the touch, every third and then every tenth farther out. */
function quoted(distance: number, grid: number): boolean {
  if (distance < 0 || distance >= DEPTH_GRIDS) return false;
  if (distance < 16) return true;
  return distance < 48 ? grid % 3 === 0 : grid % 10 === 0;
}

function clamp(value: number, bound: number): number {
  return Math.max(-bound, Math.min(bound, value));
}
