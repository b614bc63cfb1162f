import { type Client, ScheduleNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import type { Reconciliation, ResumeRequest, SweepReport, TradingControlState } from '../../contracts/control.ts';
import { ErrorName } from '../../contracts/errors.ts';
import { orderWorkflowId, scheduleId } from '../../contracts/workflow-ids.ts';
import type { ControlState, Journal } from '../../stores/journal/port.ts';
import { beating } from '../heartbeat.ts';
import type { TradingPort } from '../orders/port.ts';
import { compareAtRest } from '../reconcile/strict.ts';
import { sweepOrders } from './sweep.ts';

export interface ControlDependencies {
  journal: Journal;
  trading: TradingPort;
  client: Client;
  logger: Logger;
}

export type ControlActivities = ReturnType<typeof createControlActivities>;

/** What a stop and a resume do. Each step may be repeated at any time. */
export function createControlActivities({ journal, trading, client, logger }: ControlDependencies) {
  const stateOf = (account: string, control: ControlState): TradingControlState => ({
    account,
    halted: control.tradingState === 'halted',
    epoch: control.epoch,
    reason: control.reason,
    by: control.changedBy,
    fenced: control.tradingState === 'halted',
    quiet: false,
    cancelled: [],
    remaining: [],
    journalId: journal.id,
  });

  return beating({
    async readControl(account: string): Promise<TradingControlState> {
      return stateOf(account, await journal.control.read(account));
    },

    async raiseHalt(request: {
      account: string;
      reason: string;
      by: string;
      requestId: string;
    }): Promise<TradingControlState> {
      const control = await journal.control.raiseHalt(request);
      logger.warn({ ...request, epoch: control.epoch }, 'trading halted');
      return stateOf(request.account, control);
    },

    /** No new cycles by schedule until a resume. */
    async pauseTrading(account: string, reason: string): Promise<void> {
      await client.schedule
        .getHandle(scheduleId(account))
        .pause(`halted: ${reason}`)
        .catch((error: unknown) => {
          if (!(error instanceof ScheduleNotFoundError)) throw error;
        });
    },

    /** Tells running cycles and orders. Their list may lag; the fence in the journal does not. */
    async haltWorkflows(account: string, epoch: number, reason: string): Promise<void> {
      const targets = new Set((await journal.intents.listOpen(account)).map(({ legId }) => orderWorkflowId(legId)));
      for await (const { workflowId } of client.workflow.list({
        query: "WorkflowType = 'tradingCycle' AND ExecutionStatus = 'Running'",
      })) {
        targets.add(workflowId);
      }
      for (const workflowId of targets) {
        await client.workflow
          .getHandle(workflowId)
          .signal('halt', { epoch, reason })
          .catch((error: unknown) => {
            if (!(error instanceof WorkflowNotFoundError)) throw error;
          });
      }
    },

    /** Cancels whatever the exchange holds open for the account, and takes each open submission's end into the books. */
    async sweepOrders(account: string): Promise<SweepReport> {
      const report = await sweepOrders({ journal, trading }, account);
      const { cancelled, failed, remaining, unresolved } = report;
      logger[failed.length > 0 ? 'warn' : 'info'](
        { account, cancelled: cancelled.length, remaining: remaining.length, unresolved: unresolved.length, failed },
        'orders swept',
      );
      return report;
    },

    async reconcile(account: string): Promise<Reconciliation> {
      return compareAtRest({ journal, trading }, account);
    },

    async resumeTrading(
      account: string,
      expectedEpoch: number,
      { reason, by }: ResumeRequest,
    ): Promise<TradingControlState> {
      const control = await journal.control.resume({ account, expectedEpoch, reason, by });
      if (!control) {
        throw ApplicationFailure.nonRetryable(
          'another stop came in between; resume again once it is quiet',
          ErrorName.staleEpoch,
        );
      }
      await client.schedule
        .getHandle(scheduleId(account))
        .unpause(`resumed: ${reason}`)
        .catch((error: unknown) => {
          if (!(error instanceof ScheduleNotFoundError)) throw error;
        });
      logger.warn({ account, epoch: control.epoch, reason, by }, 'trading resumed');
      return stateOf(account, control);
    },
  });
}
