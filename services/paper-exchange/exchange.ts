import type { Logger } from 'pino';
import type { BookSide } from '../../venues/simulated/engine/book.ts';
import type { EngineEvents } from '../../venues/simulated/engine/events.ts';
import { storedOrder } from '../../venues/simulated/engine/state.ts';
import type { CommandResult } from '../../venues/simulated/engine/types.ts';
import {
  type LoggedCommand,
  type Simulation,
  type SimulationOutput,
} from '../../venues/simulated/market/simulation.ts';
import { decodeCommand, encodeCommand } from './persistence/command-text.ts';
import type { Store } from './persistence/store.ts';

/** After a longer pause the market was closed; a shorter one is caught up with. */
const LONGEST_WIND_MS = 3_600_000;
const SNAPSHOT_EVERY_MS = 60_000;
const HEARTBEAT_EVERY_MS = 2_000;
const PRUNE_EVERY_MS = 3_600_000;
/** Commits closer together than this are made one: under load most of a commit's pages are the same as the last one's. */
const COMMIT_GAP_MS = 5;
/** Steps run in one go before others get a turn. */
const SLICE_MS = 40;
const DAY_MS = 86_400_000;

export type ExchangeListener = (output: SimulationOutput) => void;
export type Unstamped<T> = T extends unknown ? Omit<T, 'at'> : never;

/**
 * The simulation on the wall clock, with its log. A command takes effect at once in memory and is answered only when the transaction
 * that holds it is committed; commands that arrive together share one. Nothing uncommitted is ever shown.
 */
export class Exchange {
  readonly simulation: Simulation;
  readonly store: Store;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #listeners = new Set<ExchangeListener>();
  readonly #depthIds: number[];
  #seq = 0;
  #commands: Array<{ seq: number; step: number; body: string }> = [];
  #waiters: Array<{ resolve: () => void; reject: (error: Error) => void }> = [];
  #flushQueued = false;
  #flushedAt = 0;
  #failure: Error | undefined;
  #winding: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #lastSnapshotAt = 0;
  #lastHeartbeatAt = 0;
  #lastPruneAt = 0;

  constructor(options: { simulation: Simulation; store: Store; logger: Logger; now?: () => number }) {
    this.simulation = options.simulation;
    this.store = options.store;
    this.#logger = options.logger;
    this.#now = options.now ?? Date.now;
    // Starting at the clock keeps the numbers growing over restarts: clients drop what is older than they have.
    this.#depthIds = this.simulation.engine.instruments.map(() => this.#now());
  }

  now(): number {
    return this.#now();
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Number of the last depth difference that was taken. */
  depthUpdateId(instrument: number): number {
    return this.#depthIds[instrument] ?? 0;
  }

  /** Price levels that changed since the last call, with their present totals, or `undefined` for none. */
  takeDepthChanges(
    instrument: number,
  ): { first: number; last: number; bids: Array<[number, number]>; asks: Array<[number, number]> } | undefined {
    const { bids, asks } = this.simulation.engine.book(instrument);
    const count = bids.changed.size + asks.changed.size;
    if (count === 0) return undefined;
    const first = this.depthUpdateId(instrument) + 1;
    this.#depthIds[instrument] = first + count - 1;
    return { first, last: first + count - 1, bids: takeChanged(bids), asks: takeChanged(asks) };
  }

  listen(listener: ExchangeListener): void {
    this.#listeners.add(listener);
  }

  /** Brings the state to what the database knows. */
  recover(): void {
    const snapshot = this.store.latestSnapshot();
    let added: SimulationOutput['closedCandles'] = [];
    if (snapshot) {
      const minute = Math.floor(this.simulation.marketAt(snapshot.step) / 60_000);
      const candles = this.simulation.engine.instruments.map((instrument) =>
        this.store.candles(instrument.index, minute - this.simulation.candlesKept),
      );
      added = this.simulation.restore(snapshot.body, candles);
      this.#seq = snapshot.seq;
    } else {
      const candles = this.simulation.begin();
      this.store.write({ ...emptyBatch(), candles, lastStep: -1 });
      this.#snapshot();
    }
    for (const { seq, step, body } of this.store.commandsAfter(this.#seq)) {
      while (this.simulation.step < step) this.simulation.advance();
      this.simulation.apply(decodeCommand(body));
      this.#seq = seq;
    }
    const lastStep = Number(this.store.meta('lastStep') ?? -1);
    while (this.simulation.step < lastStep) this.simulation.advance();
    this.#flush();
    if (added.length === 0) return;
    this.store.write({ ...emptyBatch(), candles: added, lastStep: this.simulation.step });
    this.#snapshot();
  }

  /** Starts the clock; resolves when the market has caught up with it. */
  async start(): Promise<void> {
    await this.#catchUp();
    this.#tick();
  }

  /**
   * Applies a command and answers when it is durable. `capture` reads the outcome before anything else can change it. `check` runs
   * at the last moment before and may throw: a request that was held up is refused there.
   */
  async submit<T>(
    command: Unstamped<LoggedCommand>,
    capture: (outcome: { result: CommandResult; events: EngineEvents; at: number }) => T,
    check?: () => void,
  ): Promise<T> {
    await this.#catchUp();
    if (this.#failure) throw this.#failure;
    check?.();
    const stamped: LoggedCommand = { ...command, at: this.#now() };
    const { result, events } = this.simulation.apply(stamped);
    const captured = capture({ result, events, at: stamped.at });
    if ('rejected' in result) return captured;
    this.#seq += 1;
    this.#commands.push({ seq: this.#seq, step: this.simulation.step, body: encodeCommand(stamped) });
    await this.#committed();
    return captured;
  }

  /** Resolves when everything done so far is durable: a reader must not see what a crash could still take back. */
  settled(): Promise<void> | undefined {
    return this.#flushQueued ? this.#committed() : undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#winding;
    if (!this.#failure) {
      this.#flush();
      this.#snapshot();
    }
    await this.store.close();
  }

  #committed(): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    if (!this.#flushQueued) {
      this.#flushQueued = true;
      const wait = this.#flushedAt + COMMIT_GAP_MS - performance.now();
      if (wait <= 0) setImmediate(() => this.#flush());
      else setTimeout(() => this.#flush(), wait);
    }
    return promise;
  }

  #tick(): void {
    if (this.#closed) return;
    const due = this.simulation.wallAt(this.simulation.step + 1);
    const wait = Math.max(5, Math.min(this.simulation.source.wallStepMs, due - this.#now()));
    this.#timer = setTimeout(() => {
      void this.#catchUp()
        .catch((error: unknown) => this.#fail(error))
        .then(() => this.#tick());
    }, wait);
  }

  /** Runs the steps that are due. Commands wait for it, so that they meet the market of their own time. */
  #catchUp(): Promise<void> {
    if (this.#winding) return this.#winding;
    const behind = this.#due() - this.simulation.step;
    if (behind <= 0 || this.#closed || this.#failure) return Promise.resolve();
    if (behind <= 4) {
      for (let i = 0; i < behind; i += 1) this.simulation.advance();
      this.#afterSteps();
      return Promise.resolve();
    }
    this.#winding = this.#wind().finally(() => {
      this.#winding = undefined;
    });
    return this.#winding;
  }

  #due(): number {
    return Math.floor((this.#now() - this.simulation.genesisAt) / this.simulation.source.wallStepMs);
  }

  async #wind(): Promise<void> {
    const pausedMs = (this.#due() - this.simulation.step) * this.simulation.source.wallStepMs;
    if (pausedMs > LONGEST_WIND_MS) {
      const command: LoggedCommand = { kind: 'closed', at: this.#now(), toStep: this.#due() };
      this.#seq += 1;
      this.#commands.push({ seq: this.#seq, step: this.simulation.step, body: encodeCommand(command) });
      this.simulation.apply(command);
      this.#logger.warn({ pausedMs }, 'the market was closed during a pause of more than an hour');
      this.#flush();
      return;
    }
    if (pausedMs > 5_000) this.#logger.info({ pausedMs }, 'winding the market forward');
    while (this.simulation.step < this.#due() && !this.#closed) {
      const until = performance.now() + SLICE_MS;
      while (this.simulation.step < this.#due() && performance.now() < until) this.simulation.advance();
      this.#flush();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.#afterSteps();
  }

  #afterSteps(): void {
    this.#flush();
    const now = this.#now();
    if (now - this.#lastSnapshotAt >= SNAPSHOT_EVERY_MS) this.#snapshot();
    if (now - this.#lastPruneAt >= PRUNE_EVERY_MS) this.#prune();
  }

  #flush(): void {
    this.#flushQueued = false;
    this.#flushedAt = performance.now();
    if (this.#failure) return;
    const output = this.simulation.takeOutput();
    const waiters = this.#waiters;
    this.#waiters = [];
    try {
      this.#write(output);
    } catch (error) {
      this.#waiters = waiters;
      this.#fail(error);
      return;
    }
    for (const waiter of waiters) waiter.resolve();
    for (const listener of this.#listeners) this.#tell(listener, output);
  }

  /** What was committed stands, whether or not those who listen can be told. */
  #tell(listener: ExchangeListener, output: SimulationOutput): void {
    try {
      listener(output);
    } catch (error) {
      this.#logger.error({ err: error }, 'the streams could not be told what happened');
    }
  }

  #write(output: SimulationOutput): void {
    const now = this.#now();
    const dirty =
      this.#commands.length + output.orders.size + output.fills.length + output.closedCandles.length > 0 ||
      output.balances.length > 0;
    if (!dirty && now - this.#lastHeartbeatAt < HEARTBEAT_EVERY_MS) return;
    this.store.write({
      commands: this.#commands,
      orders: [...output.orders].map(storedOrder),
      fills: output.fills,
      balances: output.balances.map(({ account, asset, free, locked }) => ({
        account,
        asset,
        free: free.toString(),
        locked: locked.toString(),
      })),
      prevented: output.prevented,
      candles: output.closedCandles,
      lastStep: this.simulation.step,
    });
    this.#commands = [];
    this.#lastHeartbeatAt = now;
  }

  #snapshot(): void {
    this.#lastSnapshotAt = this.#now();
    this.store.saveSnapshot({
      seq: this.#seq,
      step: this.simulation.step,
      at: this.#lastSnapshotAt,
      body: this.simulation.state(),
    });
  }

  #prune(): void {
    this.#lastPruneAt = this.#now();
    this.store.prune({
      candlesBefore: Math.floor(this.simulation.marketAt() / 60_000) - this.simulation.candlesKept,
      ordersBefore: this.#lastPruneAt - 90 * DAY_MS,
      unfilledBefore: this.#lastPruneAt - 7 * DAY_MS,
      keepCommands: 500_000,
    });
  }

  /** Memory is ahead of the disk and cannot be taken back: nothing more is accepted, and what waits has an unknown end. */
  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#logger.error({ err: this.#failure }, 'the exchange cannot go on: restart it to recover from its database');
    for (const waiter of this.#waiters) waiter.reject(this.#failure);
    this.#waiters = [];
  }
}

function takeChanged(side: BookSide): Array<[number, number]> {
  const rows: Array<[number, number]> = [];
  for (const price of side.changed) rows.push([price, side.levels.get(price)?.total ?? 0]);
  side.changed.clear();
  return rows;
}

function emptyBatch() {
  return { commands: [], orders: [], fills: [], balances: [], prevented: [], candles: [] };
}
