import { condition, proxyActivities, setCurrentDetails, sleep, uuid4 } from '@temporalio/workflow';
import type { ControlActivities } from '../../activities/control/index.ts';
import {
  type OpenOrder,
  type ResumeRequest,
  readStop,
  type Stop,
  type SweepSummary,
  type TradingBooks,
  type TradingControlState,
} from '../../contracts/control.ts';
import { plainText } from '../../contracts/text.ts';
import { rootOf } from '../root-of.ts';
import { startFlatten } from './start-flatten.ts';

/** What is not done after four seconds is told, left for the other steps and tried again: by then a worker that died was noticed as well. */
const { raiseHalts, readControl, alignSchedule } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '4s',
  heartbeatTimeout: '3s',
  scheduleToCloseTimeout: '4s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '1s' },
});

/** Looks for some seconds, and longer where the exchange does not answer. Ends with the worker that died, not with its time. */
const { sweepOrders } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '60s',
  heartbeatTimeout: '3s',
  retry: { maximumAttempts: 1 },
});

/** A person waits for the answer. */
const { reconcile, resumeTrading } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '10s',
  heartbeatTimeout: '3s',
  scheduleToCloseTimeout: '20s',
  retry: { initialInterval: '200ms', maximumAttempts: 5 },
});

/** What one run hands to the next. */
export interface LatchMemory {
  /** Not fenced yet. */
  waiting: Stop[];
  /** Request ids of the stops of the halt in force. */
  seen: string[];
  /** Shown until the journal has been read again, which has the last word. */
  books?: TradingBooks | undefined;
  cancelled: OpenOrder[];
  /** Selling is wished for, and not started yet. UTC epoch milliseconds. */
  sell?: { since: number } | undefined;
  /** Epoch of the last selling. */
  flattened?: number | undefined;
}

/** Stops that wait beyond so many are one with the last of them. */
const MOST_WAITING = 200;
const BATCH = 100;
const REMEMBERED = 200;
const SAID_WITHIN = '4s';
/** Selling waits for quiet, and no longer than this: what cannot be cancelled has its own reserved, and sells beside nothing else. */
const SELL_WITHIN_MS = 15_000;
const LONGEST_PAUSE_MS = 5_000;

type Step = 'fence' | 'books' | 'sweep' | 'schedule' | 'flatten';

/**
 * The state of the kill switch and its loops, of which none waits for another: fence, sweep, selling, schedule, and the first look at the books.
 * A step that fails is written into `trouble` and tried again, while the others go on.
 */
export class Latch {
  private waiting: Stop[];
  private waitingSince: number | undefined;
  private readonly seen: string[];
  private books: TradingBooks | undefined;
  private hasRead = false;
  /** Epoch at which the halt in force began: a sweep that began since then counts for each later stop. */
  private haltedFrom = 0;
  private quietEpoch: number | undefined;
  private alignedEpoch: number | undefined;
  private swept: Pick<SweepSummary, 'remaining' | 'failed' | 'unresolved'> = {
    remaining: [],
    failed: [],
    unresolved: [],
  };
  private cancelled: OpenOrder[];
  private sell: { since: number } | undefined;
  private flattened: number | undefined;
  private readonly trouble = new Map<Step, string>();
  private resuming = false;
  private leaving = false;
  private onlyFencing = false;
  private closing = false;

  constructor(memory: LatchMemory) {
    this.waiting = memory.waiting;
    this.waitingSince = this.waiting.length > 0 ? Date.now() : undefined;
    this.seen = memory.seen;
    this.books = memory.books;
    this.haltedFrom = memory.books?.epoch ?? 0;
    this.sell = memory.sell;
    this.flattened = memory.flattened;
    this.cancelled = memory.cancelled;
  }

  state(): TradingControlState {
    const { books, swept } = this;
    const halted = books?.halted ?? false;
    return {
      account: books?.account ?? '',
      halted,
      epoch: books?.epoch ?? 0,
      reason: books?.reason ?? '',
      by: books?.by ?? '',
      ...(books ? { journalId: books.journalId } : {}),
      fenced: halted && this.waiting.length === 0,
      quiet: halted && this.waiting.length === 0 && this.quietEpoch === books?.epoch,
      cancelled: this.cancelled,
      ...swept,
      ...(this.waitingSince === undefined ? {} : { waitingSince: this.waitingSince }),
      ...(this.flattened === undefined ? {} : { flattened: this.flattened }),
      trouble: [...this.trouble.values()],
    };
  }

  memory(): LatchMemory {
    const { waiting, seen, books, sell, flattened, cancelled } = this;
    return { waiting, seen: seen.slice(-REMEMBERED), books, cancelled, sell, flattened };
  }

  /** Never throws: the workflow task would fail for ever, and with it every later stop. */
  stop(request: unknown): void {
    const stop = readStop(request, uuid4());
    if (this.seen.includes(stop.requestId)) return;
    this.seen.push(stop.requestId);
    if (this.waiting.length >= MOST_WAITING) {
      const dropped = this.waiting.pop();
      stop.flatten ||= dropped?.flatten === true;
    }
    this.waiting.push(stop);
    this.waitingSince ??= Date.now();
  }

  /** Until `leave`. The fence is the last to end: a stop that arrives meanwhile is fenced as soon as any. */
  async run(): Promise<void> {
    const fencing = this.fenceLoop();
    await Promise.all([this.firstLook(), this.sweepLoop(), this.sellLoop(), this.scheduleLoop()]);
    this.onlyFencing = true;
    await fencing;
  }

  /** Ends the loops, and the fence once the others have ended, however long that takes, and no handler waits for it any more. */
  async leave(handlersFinished: () => boolean): Promise<void> {
    this.leaving = true;
    await condition(() => this.onlyFencing && handlersFinished());
    this.closing = true;
  }

  /** Looks at the halt row, and answers once every stop that was sent is fenced; it waits a while for quiet. */
  async settled(): Promise<TradingControlState> {
    this.learn(await readControl());
    const fenced = await condition(() => this.waiting.length === 0 || this.closing, '15s');
    if (!fenced || this.waiting.length > 0) throw new Error('a stop waits for its fence');
    await condition(() => !this.isUnquiet() || this.leaving, '10s');
    return this.state();
  }

  /** @returns why it is refused. */
  refusal({ expectedEpoch }: ResumeRequest): string | undefined {
    const { books } = this;
    if (!books) return 'trading control has not read the books yet: ask again';
    if (this.resuming) return 'another resume is under way';
    if (!books.halted) return 'trading is not halted';
    return this.isMoved(expectedEpoch);
  }

  /**
   * Alone, and for the halt that the resumer saw: every stop that arrives meanwhile wins, up to the compare-and-set in the journal.
   *
   * @throws {Error} with the reason
   */
  async resume(request: ResumeRequest): Promise<TradingControlState> {
    this.resuming = true;
    try {
      const isMoved = (): string | undefined => this.isMoved(request.expectedEpoch);
      await condition(() => !this.isUnquiet() || isMoved() !== undefined || this.leaving, '15s');
      refuseFor(isMoved() ?? (this.isUnquiet() ? `the stop is not quiet yet: ${this.words()}` : undefined));
      const { clean, differences } = await reconcile();
      refuseFor(clean ? isMoved() : `books and exchange differ: ${plainText(differences.join('; '), 1_000)}`);
      await this.resumeBooks(request);
      return this.state();
    } finally {
      this.resuming = false;
    }
  }

  /** An answer that was lost is no refusal: the books say what came of it. */
  private async resumeBooks(request: ResumeRequest): Promise<void> {
    try {
      this.learn(await resumeTrading(request));
    } catch (error) {
      this.learn(await readControl());
      const { halted, epoch, by, reason } = this.state();
      const isDone = !halted && epoch === request.expectedEpoch + 1 && by === request.by && reason === request.reason;
      if (!isDone) throw error;
    }
  }

  /** What is open, and what could not be done. */
  words(): string {
    const { remaining, unresolved } = this.swept;
    return plainText(
      [
        ...remaining.map(({ symbol, intentId }) => `${symbol} ${intentId} is open`),
        ...unresolved.map((intentId) => `the end of ${intentId} is not known`),
        ...this.trouble.values(),
      ].join('; '),
      600,
    );
  }

  private isMoved(expectedEpoch: number): string | undefined {
    if (this.waiting.length > 0) return 'a stop has just arrived';
    const { epoch, halted, by, reason } = this.books ?? { epoch: 0, halted: false, by: '', reason: '' };
    if (epoch === expectedEpoch && halted) return undefined;
    const now = halted ? `halted at epoch ${epoch} by ${by}: ${reason}` : `active at epoch ${epoch}`;
    return `you saw the halt of epoch ${expectedEpoch}, and trading is ${now}. Look at it, and resume with that epoch`;
  }

  /**
   * The journal has the last word; answers may come in another order than they were given. The epochs of two journals say nothing of each other:
   * the old one may have been moved away.
   */
  private learn(books: TradingBooks): void {
    const before = this.books;
    const isSame = before?.journalId === books.journalId;
    if (this.hasRead && isSame && books.epoch < before.epoch) return;
    this.hasRead = true;
    this.books = books;
    if (!isSame) {
      this.quietEpoch = undefined;
      this.alignedEpoch = undefined;
    }
    if (books.halted && !(isSame && before.halted)) this.haltedFrom = books.epoch;
    if (books.epoch !== before?.epoch && !before?.halted) this.cancelled = before ? [] : this.cancelled;
    if (!books.halted) {
      // What is sent again after a resume is a stop again; what waits for its fence is not sent again.
      if (before?.halted) this.seen.splice(0, this.seen.length, ...this.waiting.map(({ requestId }) => requestId));
      this.sell = undefined;
      for (const step of ['sweep', 'flatten'] as const) this.trouble.delete(step);
    }
    this.describe();
  }

  private isUnquiet(): boolean {
    const unfenced = this.waiting.length > 0 && this.trouble.has('fence');
    return unfenced || (this.books?.halted === true && this.quietEpoch !== this.books.epoch);
  }

  private async firstLook(): Promise<void> {
    for (let failures = 0; !this.hasRead && !this.leaving; failures += 1) {
      await this.attempt('books', failures, async () => this.learn(await readControl()));
    }
  }

  private async fenceLoop(): Promise<void> {
    for (let failures = 0; ; ) {
      await condition(() => this.waiting.length > 0 || this.closing);
      if (this.waiting.length === 0 || (this.closing && failures > 0)) return;
      // A stop that the books do not take, for whatever reason, keeps no other from being taken.
      const batch = failures % 2 === 1 ? this.waiting.slice(-1) : this.waiting.slice(0, BATCH);
      const done = await this.attempt('fence', failures, async () => {
        this.learn(await raiseHalts(batch));
        this.waiting = this.waiting.filter((stop) => !batch.includes(stop));
        if (this.waiting.length === 0) this.waitingSince = undefined;
        if (batch.some(({ flatten }) => flatten) && this.books?.halted) this.sell ??= { since: Date.now() };
      });
      failures = done ? 0 : failures + 1;
    }
  }

  private async sweepLoop(): Promise<void> {
    for (let round = 0; ; ) {
      await condition(() => this.isUnquiet() || this.leaving);
      if (this.leaving) return;
      const epoch = this.books?.halted ? this.books.epoch : undefined;
      await Promise.all([
        this.attempt('sweep', 0, () => this.sweepOnce(epoch, round)),
        // Whoever ends a halt without trading control ends its looks as well.
        ...(round > 0 ? [this.attempt('books', 0, async () => this.learn(await readControl()))] : []),
      ]);
      round = this.isUnquiet() ? round + 1 : 0;
    }
  }

  private async sweepOnce(epoch: number | undefined, round: number): Promise<void> {
    let answered = false;
    const journalId = this.books?.journalId;
    const sweep = sweepOrders(epoch, this.books?.reason ?? this.waiting[0]?.reason ?? '', round).finally(() => {
      answered = true;
    });
    // It is waited for below: until then its failure has no one to go to.
    sweep.catch(() => undefined);
    if (!(await condition(() => answered, SAID_WITHIN)))
      this.note('sweep', 'the exchange or the journal has not answered for 4 s');
    const { quiet, cancelled, trouble, remaining, failed, unresolved } = await sweep;
    this.swept = { remaining, failed, unresolved };
    this.cancelled = [...this.cancelled, ...cancelled].slice(-100);
    this.note('sweep', trouble.length > 0 ? trouble.join('; ') : undefined);
    const isOfThisHalt = epoch !== undefined && journalId === this.books?.journalId && this.haltedFrom <= epoch;
    if (quiet && isOfThisHalt && this.books?.halted) this.quietEpoch = this.books.epoch;
    this.describe();
  }

  private async sellLoop(): Promise<void> {
    for (;;) {
      await condition(() => this.isToSell() || this.leaving);
      if (this.leaving) return;
      const left = (this.sell?.since ?? 0) + SELL_WITHIN_MS - Date.now();
      if (left > 0) await condition(() => !this.isToSell() || !this.isUnquiet() || this.leaving, left);
      // A resume ends the wish together with the halt.
      if (this.books && this.isToSell() && !this.leaving) await this.startSelling(this.books);
    }
  }

  private isToSell(): boolean {
    return this.hasRead && this.books?.halted === true && this.sell !== undefined;
  }

  private async startSelling({ account, epoch }: TradingBooks): Promise<void> {
    await this.attempt('flatten', 0, async () => {
      await startFlatten(account, epoch);
      this.flattened = epoch;
      this.sell = undefined;
    });
  }

  private async scheduleLoop(): Promise<void> {
    for (let failures = 0; ; ) {
      await condition(() => this.leaving || (this.books !== undefined && this.alignedEpoch !== this.books.epoch));
      if (this.leaving) return;
      const epoch = this.books?.epoch;
      const done = await this.attempt('schedule', failures, async () => {
        await alignSchedule();
        this.alignedEpoch = epoch;
      });
      failures = done ? 0 : failures + 1;
    }
  }

  private note(step: Step, trouble: string | undefined): void {
    if (trouble === this.trouble.get(step)) return;
    if (trouble === undefined) this.trouble.delete(step);
    else this.trouble.set(step, trouble);
    this.describe();
  }

  private describe(): void {
    setCurrentDetails(wordsFor(this.state()));
  }

  /** @returns whether it was done; else it is told, and the next one waits for a while. */
  private async attempt(step: Step, failures: number, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      if (step !== 'sweep') this.note(step, undefined);
      return true;
    } catch (error) {
      this.note(step, `${stepWords[step]}: ${plainText(rootOf(error).message, 200)}`);
      await sleep(Math.min(LONGEST_PAUSE_MS, 250 * 2 ** Math.min(8, failures)));
      return false;
    }
  }
}

const stepWords: Record<Step, string> = {
  fence: 'the halt row cannot be written',
  books: 'the books cannot be read',
  sweep: 'open orders cannot be looked at',
  schedule: 'the schedule cannot be paused or resumed',
  flatten: 'the selling cannot be started',
};

function refuseFor(reason: string | undefined): void {
  if (reason !== undefined) throw new Error(reason);
}

function wordsFor({
  account,
  halted,
  epoch,
  reason,
  by,
  fenced,
  quiet,
  cancelled,
  trouble,
}: TradingControlState): string {
  const words = halted
    ? `**halted** at epoch ${epoch} by ${by}: ${reason}. ${fenced ? 'Fenced' : 'Not fenced'}, ${quiet ? 'quiet' : 'not quiet yet'}; cancelled ${cancelled.length} orders.`
    : `**active** at epoch ${epoch}`;
  return [`Account ${account}: ${words}`, ...trouble.map((each) => `**Trouble**: ${each}`)].join('\n\n');
}
