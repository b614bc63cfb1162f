import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Reconciliation, ResumeRequest, Stop, SweepSummary, TradingBooks } from '../../contracts/control.ts';
import { ErrorName } from '../../contracts/errors.ts';
import { scheduleId } from '../../contracts/workflow-ids.ts';
import { alignSchedule } from '../../runtime/halted-schedule.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { raiseStops, readControl, readStops, resumeTrading } from '../../trading/control/books.ts';
import { carryOutStop } from '../../trading/control/carry-out.ts';
import { compareAtRest } from '../../trading/reconcile/strict.ts';
import { forPerson } from '../../venues/for-person.ts';
import type { TradingPort } from '../../venues/port.ts';
import { activityClock as clock } from '../clock.ts';
import { beating } from '../heartbeat.ts';
import { withoutRetry } from '../without-retry.ts';
import { senderOfUpdate, sendersOf } from './senders.ts';
import { tellHalt } from './tell.ts';

export interface ControlDependencies {
  journal: Journal;
  trading: TradingPort;
  client: Client;
  /** The one account that trading control guards, whoever started it. */
  account: string;
  logger: Logger;
}

export type ControlActivities = ReturnType<typeof createControlActivities>;

/** What a stop and a resume do. Each step may be repeated at any time. */
export function createControlActivities(dependencies: ControlDependencies) {
  const { journal, trading, client, account, logger } = dependencies;
  return beating({
    async readControl(): Promise<TradingBooks> {
      return readControl(dependencies);
    },

    async raiseHalts(given: readonly Stop[]): Promise<TradingBooks> {
      const stops = readStops(given);
      const senders = await sendersOf(client, stops);
      return raiseStops(
        dependencies,
        stops.map((stop, place) => ({ ...stop, via: senders[place] })),
      );
    },

    /**
     * Cancels whatever the exchange holds open for the account, and takes each open submission's end into the books, for some seconds.
     *
     * @param epoch of the halt; undefined while the journal could not be written.
     */
    async sweepOrders(epoch: number | undefined, reason: string, round: number): Promise<SweepSummary> {
      const tell = () => tellHalt({ client, journal }, account, { epoch: epoch ?? 0, reason });
      return carryOutStop({ journal, trading, tell, clock, logger }, account, { epoch, round });
    },

    /** No new cycles by schedule while halted. One that a person has paused is left as it is. */
    async alignSchedule(): Promise<void> {
      const { tradingState, reason } = await journal.control.read(account);
      await alignSchedule(client, scheduleId(account), { isHalted: tradingState === 'halted', reason });
    },

    async reconcile(): Promise<Reconciliation> {
      return forPerson(() => compareAtRest({ journal, trading }, account));
    },

    async resumeTrading(request: ResumeRequest): Promise<TradingBooks> {
      const resumed = resumeTrading(dependencies, request, () => senderOfUpdate(client, 'resume'));
      return withoutRetry([ErrorName.staleEpoch], resumed);
    },
  });
}
