import type { Logger } from 'pino';
import type { Instrument } from '../../../venues/simulated/engine/instrument.ts';
import type { Trade } from '../../../venues/simulated/engine/types.ts';
import { currentKline, klines } from '../../../venues/simulated/market/klines.ts';
import type { Exchange } from '../exchange.ts';
import { averagePriceText, dayStatistics } from '../rest/tickers.ts';
import {
  aggregateTradeEvent,
  bookTickerEvent,
  type DepthDifference,
  depthEvent,
  klineEvent,
  miniTickerEvent,
  partialDepth,
  tickerEvent,
  tradeEvent,
} from './market-events.ts';
import { parseTopic, type Topic } from './topics.ts';

const FAST_MS = 100;
const SLOW_EVERY = 10;

/** Turns what happens on the market into messages for the streams that somebody listens to; the others cost nothing. */
export class MarketPublisher {
  readonly #exchange: Exchange;
  readonly #send: (stream: string, payload: string) => void;
  readonly #logger: Logger;
  readonly #topics = new Map<string, Topic>();
  readonly #slow = new Map<number, DepthDifference>();
  readonly #lastTickers = new Map<number, string>();
  readonly #lastKlines = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #beat = 0;

  constructor(exchange: Exchange, publish: (stream: string, payload: string) => void, logger: Logger) {
    this.#exchange = exchange;
    this.#send = publish;
    this.#logger = logger;
    this.#timer = setInterval(() => this.#onBeat(), FAST_MS);
    this.#timer.unref();
  }

  get #instruments(): Instrument[] {
    return this.#exchange.simulation.engine.instruments;
  }

  knows(name: string): boolean {
    return parseTopic(name, this.#instruments) !== undefined;
  }

  /** The names that have a listener now. */
  setTopics(names: Iterable<string>): void {
    this.#topics.clear();
    for (const name of names) {
      const topic = parseTopic(name, this.#instruments);
      if (topic) this.#topics.set(name, topic);
    }
  }

  onTrades(trades: Trade[]): void {
    if (this.#topics.size === 0) return;
    const now = this.#exchange.now();
    for (const [name, topic] of this.#topics) {
      if (topic.kind === 'trade' || topic.kind === 'aggTrade') {
        const shape = topic.kind === 'trade' ? tradeEvent : aggregateTradeEvent;
        for (const trade of trades) {
          if (trade.instrument === topic.instrument.index) {
            this.#publish(name, shape(topic.instrument, trade, now));
          }
        }
      } else if (topic.kind === 'bookTicker') {
        this.#bookTicker(name, topic.instrument);
      }
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #bookTicker(name: string, instrument: Instrument): void {
    const book = this.#exchange.simulation.engine.book(instrument.index);
    const event = bookTickerEvent(instrument, book, 0);
    const text = JSON.stringify(event);
    if (this.#lastTickers.get(instrument.index) === text) return;
    this.#lastTickers.set(instrument.index, text);
    this.#publish(name, bookTickerEvent(instrument, book, this.#exchange.depthUpdateId(instrument.index)));
  }

  #onBeat(): void {
    this.#beat += 1;
    const slow = this.#beat % SLOW_EVERY === 0;
    if (this.#topics.size === 0 && !slow) return;
    const fast = new Map<number, DepthDifference>();
    for (const instrument of this.#instruments) {
      const change = this.#exchange.takeDepthChanges(instrument.index);
      if (!change) continue;
      fast.set(instrument.index, change);
      const earlier = this.#slow.get(instrument.index);
      this.#slow.set(instrument.index, earlier ? merge(earlier, change) : change);
    }
    const now = this.#exchange.now();
    for (const [name, topic] of this.#topics) {
      try {
        this.#onTopic(name, topic, fast, slow, now);
      } catch (error) {
        this.#topics.delete(name);
        this.#logger.error({ err: error, stream: name.slice(0, 100) }, 'a stream was ended: it could not be told');
      }
    }
    if (slow) this.#slow.clear();
  }

  #onTopic(name: string, topic: Topic, fast: Map<number, DepthDifference>, slow: boolean, now: number): void {
    const { simulation } = this.#exchange;
    switch (topic.kind) {
      case 'depth': {
        const index = topic.instrument.index;
        const change = topic.fast ? fast.get(index) : slow ? this.#slow.get(index) : undefined;
        if (change) this.#publish(name, depthEvent(topic.instrument, change, now));
        return;
      }
      case 'partial':
        if ((topic.fast && fast.has(topic.instrument.index)) || (!topic.fast && slow)) {
          const book = simulation.engine.book(topic.instrument.index);
          const updateId = this.#exchange.depthUpdateId(topic.instrument.index);
          this.#publish(name, partialDepth(topic.instrument, book, topic.levels, updateId));
        }
        return;
      case 'kline':
        if (slow) this.#kline(name, topic, now);
        return;
      case 'ticker':
      case 'miniTicker':
        if (slow) this.#publish(name, this.#ticker(topic.instrument, topic.kind === 'ticker', now));
        return;
      case 'avgPrice':
        if (slow) {
          const day = dayStatistics(simulation, topic.instrument);
          this.#publish(name, {
            e: 'avgPrice',
            E: now,
            s: topic.instrument.id,
            i: '5m',
            w: averagePriceText(topic.instrument, day),
            T: now,
          });
        }
        return;
      case 'allTickers':
      case 'allMiniTickers':
        if (slow) {
          this.#publish(
            name,
            this.#instruments.map((instrument) => this.#ticker(instrument, topic.kind === 'allTickers', now)),
          );
        }
        return;
      default:
        return;
    }
  }

  /** The forming kline every second; the one before it once more, closed, when a new one has begun. */
  #kline(name: string, topic: Extract<Topic, { kind: 'kline' }>, now: number): void {
    const series = this.#exchange.simulation.series[topic.instrument.index];
    const current = series && currentKline(series, topic.interval);
    if (!series || !current) return;
    const lastOpenAt = this.#lastKlines.get(name);
    if (lastOpenAt !== undefined && lastOpenAt < current.openAt) {
      for (const kline of klines(series, topic.interval, {
        startAt: lastOpenAt,
        endAt: current.openAt - 1,
        limit: 10,
      })) {
        this.#publish(name, klineEvent(topic.instrument, topic.interval, kline, true, now));
      }
    }
    this.#lastKlines.set(name, current.openAt);
    this.#publish(name, klineEvent(topic.instrument, topic.interval, current, false, now));
  }

  #ticker(instrument: Instrument, full: boolean, now: number): unknown {
    const { simulation } = this.#exchange;
    const day = dayStatistics(simulation, instrument);
    return full
      ? tickerEvent(instrument, day, simulation.engine.book(instrument.index), now)
      : miniTickerEvent(instrument, day, now);
  }

  #publish(name: string, payload: unknown): void {
    this.#send(name, JSON.stringify(payload));
  }
}

function merge(earlier: DepthDifference, later: DepthDifference): DepthDifference {
  return {
    first: earlier.first,
    last: later.last,
    bids: [...new Map([...earlier.bids, ...later.bids])],
    asks: [...new Map([...earlier.asks, ...later.asks])],
  };
}
