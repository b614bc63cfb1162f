import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { type Client, ScheduleNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import {
  type Reconciliation,
  type ResumeRequest,
  readStop,
  resumeRequestSchema,
  type Stop,
  type SweepSummary,
  type TradingBooks,
} from '../../contracts/control.ts';
import { ErrorName } from '../../contracts/errors.ts';
import { orderWorkflowId, scheduleId } from '../../contracts/workflow-ids.ts';
import type { ControlState, Journal } from '../../stores/journal/port.ts';
import { sweepUntilQuiet } from '../../trading/control/sweep-until-quiet.ts';
import { compareAtRest } from '../../trading/reconcile/strict.ts';
import type { TradingPort } from '../../venues/port.ts';
import { beating } from '../heartbeat.ts';
import { senderOfUpdate, sendersOf } from './senders.ts';

export interface ControlDependencies {
  journal: Journal;
  trading: TradingPort;
  client: Client;
  /** The one account that trading control guards, whoever started it. */
  account: string;
  logger: Logger;
}

export type ControlActivities = ReturnType<typeof createControlActivities>;

/** What did not answer is said within five seconds. */
const SWEEP_MS = 3_500;
const TELL_TIMEOUT_MS = 2_000;
/** Begins the note of a schedule that a halt has paused: a resume goes on with no other. */
const HALT_NOTE = 'halted: ';

/** What a stop and a resume do. Each step may be repeated at any time. */
export function createControlActivities({ journal, trading, client, account, logger }: ControlDependencies) {
  const booksOf = (control: ControlState): TradingBooks => ({
    account,
    halted: control.tradingState === 'halted',
    epoch: control.epoch,
    reason: control.reason,
    by: control.changedBy,
    journalId: journal.id,
  });

  /** Tells running cycles and orders. Their list may lag; the fence in the journal does not. */
  const tell = async (epoch: number, reason: string): Promise<void> => {
    const cycles = async (): Promise<string[]> => {
      const query = "WorkflowType = 'tradingCycle' AND ExecutionStatus = 'Running'";
      const found: string[] = [];
      for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId);
      return found;
    };
    const orders = async (): Promise<string[]> =>
      (await journal.intents.listOpen(account)).map(({ legId }) => orderWorkflowId(legId));
    await client.withDeadline(Date.now() + TELL_TIMEOUT_MS, async () => {
      const lists = await Promise.allSettled([cycles(), orders()]);
      const targets = new Set(lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : [])));
      const told = await Promise.allSettled(
        [...targets].map((workflowId) => client.workflow.getHandle(workflowId).signal('halt', { epoch, reason })),
      );
      const failed = [...lists, ...told].find(
        (end) => end.status === 'rejected' && !(end.reason instanceof WorkflowNotFoundError),
      );
      if (failed?.status === 'rejected') throw failed.reason;
    });
  };

  /** An attempt whose answer was lost has resumed already. */
  const isResumed = async ({ expectedEpoch, reason, by }: ResumeRequest): Promise<boolean> => {
    const now = await journal.control.read(account);
    return (
      now.tradingState !== 'halted' && now.epoch === expectedEpoch + 1 && now.reason === reason && now.changedBy === by
    );
  };

  return beating({
    async readControl(): Promise<TradingBooks> {
      return booksOf(await journal.control.read(account));
    },

    async raiseHalts(given: readonly Stop[]): Promise<TradingBooks> {
      // Whoever calls it alone bears no name of ours either.
      const stops = (Array.isArray(given) ? given : [given]).map((stop) => readStop(stop, randomUUID()));
      const senders = await sendersOf(client, stops);
      const signed = stops.map((stop, place) => ({ ...stop, via: senders[place] }));
      const control = await journal.control.raiseHalts(account, signed);
      logger.warn({ account, stops, epoch: control.epoch }, 'trading halted');
      return booksOf(control);
    },

    /**
     * Cancels whatever the exchange holds open for the account, and takes each open submission's end into the books, for some seconds.
     *
     * @param epoch of the halt; undefined while the journal could not be written, where cancelling helps most.
     */
    async sweepOrders(epoch: number | undefined, reason: string, round: number): Promise<SweepSummary> {
      const summary = await sweepUntilQuiet(
        {
          journal,
          trading,
          tell: () => tell(epoch ?? 0, reason),
          isOver: async () => {
            if (epoch === undefined) return false;
            const control = await journal.control.read(account).catch(() => undefined);
            return control !== undefined && control.epoch > epoch && control.tradingState !== 'halted';
          },
          sleep: (ms) => Context.current().sleep(ms),
        },
        account,
        { forMs: SWEEP_MS, round },
      );
      const { cancelled, remaining, unresolved, ...rest } = summary;
      logger[summary.quiet ? 'info' : 'warn'](
        { account, cancelled: cancelled.length, remaining: remaining.length, unresolved: unresolved.length, ...rest },
        'orders swept',
      );
      return summary;
    },

    /** No new cycles by schedule while halted. One that a person has paused is left as it is. */
    async alignSchedule(): Promise<void> {
      const { tradingState, reason } = await journal.control.read(account);
      const handle = client.schedule.getHandle(scheduleId(account));
      try {
        const { state } = await handle.describe();
        if (tradingState === 'halted' && !state.paused) await handle.pause(`${HALT_NOTE}${reason}`);
        if (tradingState !== 'halted' && state.paused && state.note?.startsWith(HALT_NOTE))
          await handle.unpause(`resumed: ${reason}`);
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
      }
    },

    async reconcile(): Promise<Reconciliation> {
      return compareAtRest({ journal, trading }, account);
    },

    async resumeTrading(request: ResumeRequest): Promise<TradingBooks> {
      const { expectedEpoch, reason, by, onlyOver } = resumeRequestSchema.parse(request);
      const control = await journal.control.resume({
        account,
        expectedEpoch,
        reason,
        by,
        via: await senderOfUpdate(client, 'resume'),
        ...(onlyOver ? { onlyOver } : {}),
      });
      if (!control && !(await isResumed(request))) {
        throw ApplicationFailure.nonRetryable(
          `the halt is no longer the one of epoch ${expectedEpoch}${onlyOver ? ` by ${onlyOver}` : ''}: look at it, and resume that one`,
          ErrorName.staleEpoch,
        );
      }
      logger.warn({ account, epoch: expectedEpoch + 1, reason, by }, 'trading resumed');
      return booksOf(control ?? (await journal.control.read(account)));
    },
  });
}
