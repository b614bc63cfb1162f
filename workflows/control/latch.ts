import { condition, proxyActivities, setCurrentDetails, sleep, uuid4 } from '@temporalio/workflow';
import type { ControlActivities } from '../../activities/control/index.ts';
import { type ResumeRequest, readStop, type TradingBooks, type TradingControlState } from '../../contracts/control.ts';
import { plainText } from '../../contracts/text.ts';
import {
  asked,
  begun,
  fenced,
  isToSell,
  isUnquiet,
  type LatchMemory,
  type LatchState,
  type LatchStep,
  learned,
  movedFrom,
  nextBatch,
  pauseMs,
  quietWaitMs,
  remembered,
  swept,
  troubled,
} from '../../domain/control/latch.ts';
import { rootOf } from '../root-of.ts';
import { detailsOf, type Swept, shown, stepWords, whatIsOpen } from './latch-words.ts';
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

const SAID_WITHIN = '4s';

/**
 * The loops of the kill switch, of which none waits for another: fence, sweep, selling, schedule, and the first look at the books. A step that
 * fails is told as trouble and tried again, while the others go on. What follows from what is in domain/control/latch.ts.
 */
export class Latch {
  private now: LatchState;
  private found: Swept = { remaining: [], failed: [], unresolved: [] };
  private resuming = false;
  private leaving = false;
  private onlyFencing = false;
  private closing = false;

  constructor(memory: LatchMemory) {
    this.now = begun(memory, Date.now());
  }

  state(): TradingControlState {
    return shown(this.now, this.found);
  }

  memory(): LatchMemory {
    return remembered(this.now);
  }

  /** Never throws: the workflow task would fail for ever, and with it every later stop. */
  stop(request: unknown): void {
    this.now = asked(this.now, readStop(request, uuid4()), Date.now());
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
    const done = await condition(() => !this.isWaiting() || this.closing, '15s');
    if (!done || this.isWaiting()) throw new Error('a stop waits for its fence');
    await condition(() => !isUnquiet(this.now) || this.leaving, '10s');
    return this.state();
  }

  /** @returns why it is refused. */
  refusal({ expectedEpoch }: ResumeRequest): string | undefined {
    const { books } = this.now;
    if (!books) return 'trading control has not read the books yet: ask again';
    if (this.resuming) return 'another resume is under way';
    if (!books.halted) return 'trading is not halted';
    return movedFrom(this.now, expectedEpoch);
  }

  /**
   * Alone, and for the halt that the resumer saw: every stop that arrives meanwhile wins, up to the compare-and-set in the journal.
   *
   * @throws {Error} with the reason
   */
  async resume(request: ResumeRequest): Promise<TradingControlState> {
    this.resuming = true;
    try {
      const moved = (): string | undefined => movedFrom(this.now, request.expectedEpoch);
      await condition(() => !isUnquiet(this.now) || moved() !== undefined || this.leaving, '15s');
      const open = isUnquiet(this.now) ? `the stop is not quiet yet: ${whatIsOpen(this.state())}` : undefined;
      refuseFor(moved() ?? open);
      const { clean, differences } = await reconcile();
      refuseFor(clean ? moved() : `books and exchange differ: ${plainText(differences.join('; '), 1_000)}`);
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

  private isWaiting(): boolean {
    return this.now.waiting.length > 0;
  }

  private learn(books: TradingBooks): void {
    this.become(learned(this.now, books));
  }

  private async firstLook(): Promise<void> {
    for (let failures = 0; !this.now.hasRead && !this.leaving; failures += 1) {
      await this.attempt('books', failures, async () => this.learn(await readControl()));
    }
  }

  private async fenceLoop(): Promise<void> {
    for (let failures = 0; ; ) {
      await condition(() => this.isWaiting() || this.closing);
      if (!this.isWaiting() || (this.closing && failures > 0)) return;
      const batch = nextBatch(this.now, failures);
      const done = await this.attempt('fence', failures, async () => {
        this.learn(await raiseHalts(batch));
        this.become(fenced(this.now, batch, Date.now()));
      });
      failures = done ? 0 : failures + 1;
    }
  }

  private async sweepLoop(): Promise<void> {
    for (let round = 0; ; ) {
      await condition(() => isUnquiet(this.now) || this.leaving);
      if (this.leaving) return;
      const epoch = this.now.books?.halted ? this.now.books.epoch : undefined;
      await Promise.all([
        this.attempt('sweep', 0, () => this.sweepOnce(epoch, round)),
        // Whoever ends a halt without trading control ends its looks as well.
        ...(round > 0 ? [this.attempt('books', 0, async () => this.learn(await readControl()))] : []),
      ]);
      round = isUnquiet(this.now) ? round + 1 : 0;
    }
  }

  private async sweepOnce(epoch: number | undefined, round: number): Promise<void> {
    let answered = false;
    const { books, waiting } = this.now;
    const sweep = sweepOrders(epoch, books?.reason ?? waiting[0]?.reason ?? '', round).finally(() => {
      answered = true;
    });
    // It is waited for below: until then its failure has no one to go to.
    sweep.catch(() => undefined);
    if (!(await condition(() => answered, SAID_WITHIN)))
      this.note('sweep', 'the exchange or the journal has not answered for 4 s');
    const { quiet, cancelled, trouble, remaining, failed, unresolved } = await sweep;
    this.found = { remaining, failed, unresolved };
    this.note('sweep', trouble.length > 0 ? trouble.join('; ') : undefined);
    this.become(swept(this.now, { epoch, journalId: books?.journalId }, { quiet, cancelled }));
  }

  private async sellLoop(): Promise<void> {
    for (;;) {
      await condition(() => isToSell(this.now) || this.leaving);
      if (this.leaving) return;
      const left = quietWaitMs(this.now, Date.now());
      if (left > 0) await condition(() => !isToSell(this.now) || !isUnquiet(this.now) || this.leaving, left);
      // A resume ends the wish together with the halt.
      const { books } = this.now;
      if (books && isToSell(this.now) && !this.leaving) await this.startSelling(books);
    }
  }

  private async startSelling({ account, epoch }: TradingBooks): Promise<void> {
    await this.attempt('flatten', 0, async () => {
      await startFlatten(account, epoch);
      this.become({ ...this.now, flattened: epoch, sell: undefined });
    });
  }

  private async scheduleLoop(): Promise<void> {
    for (let failures = 0; ; ) {
      await condition(() => this.leaving || this.now.alignedEpoch !== this.now.books?.epoch);
      if (this.leaving) return;
      const alignedEpoch = this.now.books?.epoch;
      const done = await this.attempt('schedule', failures, async () => {
        await alignSchedule();
        this.become({ ...this.now, alignedEpoch });
      });
      failures = done ? 0 : failures + 1;
    }
  }

  private note(step: LatchStep, trouble: string | undefined): void {
    this.become(troubled(this.now, step, trouble));
  }

  private become(now: LatchState): void {
    this.now = now;
    setCurrentDetails(detailsOf(this.state()));
  }

  /** @returns whether it was done; else it is told, and the next one waits for a while. */
  private async attempt(step: LatchStep, failures: number, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      if (step !== 'sweep') this.note(step, undefined);
      return true;
    } catch (error) {
      this.note(step, `${stepWords[step]}: ${plainText(rootOf(error).message, 200)}`);
      await sleep(pauseMs(failures));
      return false;
    }
  }
}

function refuseFor(reason: string | undefined): void {
  if (reason !== undefined) throw new Error(reason);
}
