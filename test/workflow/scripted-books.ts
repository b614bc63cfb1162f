import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Reconciliation, ResumeRequest, Stop, SweepSummary, TradingBooks } from '../../contracts/control.ts';

export const scriptedNames = [
  'readControl',
  'raiseHalts',
  'sweepOrders',
  'alignSchedule',
  'reconcile',
  'resumeTrading',
] as const;
export type ScriptedName = (typeof scriptedNames)[number];
type Name = ScriptedName;
type Moment = 'before' | 'after';

/** Books that keep the journal's own rules, and stand still at any moment of any activity that the test names. */
export class ScriptedBooks {
  control: TradingBooks;
  readonly calls: Name[] = [];
  readonly raised = new Map<string, Stop>();
  /** Whether the schedule of cycles is paused. */
  paused = false;
  /** Set, these fail with this message. */
  readonly failing = new Map<Name, string>();
  /** A stop of this id is one that the books do not take. */
  poison: string | undefined;
  sweep: Omit<SweepSummary, 'quiet'> = { cancelled: [], failed: [], remaining: [], unresolved: [], trouble: [] };
  reconciliation: Reconciliation = { clean: true, differences: [] };
  private readonly releases: (() => void)[] = [];
  private readonly gates = new Map<string, { reached: () => void; released: Promise<void> }>();

  constructor(account: string) {
    const books = { halted: false, epoch: 0, reason: 'never halted', by: 'sapphire', journalId: 'scripted' };
    this.control = { account, ...books };
  }

  /** Holds the next call at this moment. */
  hold(name: Name, moment: Moment): { reached: Promise<void>; release: () => void } {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.releases.push(released.resolve);
    this.gates.set(`${moment} ${name}`, { reached: reached.resolve, released: released.promise });
    return { reached: reached.promise, release: released.resolve };
  }

  count(name: Name): number {
    return this.calls.filter((call) => call === name).length;
  }

  /** Lets go of whatever stands still. */
  releaseAll(): void {
    for (const release of this.releases) release();
  }

  /** As somebody who does not ask trading control. */
  resume(): void {
    this.control = { ...this.control, halted: false, epoch: this.control.epoch + 1, reason: 'by hand', by: 'eve' };
  }

  /** Empty books in the place of these. */
  replace(journalId: string): void {
    this.raised.clear();
    this.control = { ...this.control, halted: false, epoch: 0, reason: 'never halted', by: 'sapphire', journalId };
  }

  raise(stop: Stop): void {
    if (this.raised.has(stop.requestId) && this.control.halted) return;
    this.raised.set(stop.requestId, stop);
    const { reason, by } = stop;
    this.control = { ...this.control, halted: true, epoch: this.control.epoch + 1, reason, by };
  }

  activities() {
    return {
      readControl: () => this.call('readControl', () => this.control),
      raiseHalts: (stops: Stop[]) =>
        this.call('raiseHalts', () => {
          if (stops.some(({ requestId }) => requestId === this.poison)) throw new Error('not to be written');
          for (const stop of stops) this.raise(stop);
          return this.control;
        }),
      sweepOrders: async (epoch?: number) => {
        const isOver = epoch !== undefined && this.control.epoch > epoch && !this.control.halted;
        const { failed, remaining, unresolved, trouble } = this.sweep;
        const quiet = !isOver && [failed, remaining, unresolved, trouble].every((list) => list.length === 0);
        // Where it finds something it looks again, for some seconds.
        if (!quiet && !isOver) await sleep(500);
        return this.call('sweepOrders', (): SweepSummary => ({ ...this.sweep, quiet }));
      },
      alignSchedule: () =>
        this.call('alignSchedule', () => {
          this.paused = this.control.halted;
        }),
      reconcile: () => this.call('reconcile', () => this.reconciliation),
      resumeTrading: ({ expectedEpoch, reason, by, onlyOver }: ResumeRequest) =>
        this.call('resumeTrading', () => {
          const isThatHalt = this.control.halted && this.control.epoch === expectedEpoch;
          if (!isThatHalt) throw new Error('the epoch has moved');
          if (onlyOver !== undefined && this.control.by !== onlyOver) throw new Error(`not a halt of ${onlyOver}`);
          this.control = { ...this.control, halted: false, epoch: expectedEpoch + 1, reason, by };
          return this.control;
        }),
    };
  }

  private async call<T>(name: Name, effect: () => T): Promise<T> {
    this.calls.push(name);
    await this.pass(`before ${name}`);
    const failure = this.failing.get(name);
    if (failure !== undefined) throw new Error(failure);
    const result = structuredClone(effect());
    await this.pass(`after ${name}`);
    return result;
  }

  private async pass(moment: string): Promise<void> {
    const gate = this.gates.get(moment);
    if (!gate) return;
    this.gates.delete(moment);
    gate.reached();
    // What stands still is not dead.
    const beats = setInterval(() => Context.current().heartbeat(), 500);
    await gate.released.finally(() => clearInterval(beats));
  }
}
