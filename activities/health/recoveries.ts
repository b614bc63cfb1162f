import type { Client } from '@temporalio/client';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { ResumeRequest } from '../../contracts/control.ts';
import {
  exportScheduleId,
  reconcileScheduleId,
  retentionScheduleId,
  scheduleId,
  TRADING_CONTROL_ID,
} from '../../contracts/workflow-ids.ts';
import type { DueRecovery } from '../../domain/health/health.ts';
import type { RecoveryAction } from '../../domain/health/health-conditions.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { resumableEpoch } from '../../trading/health/books.ts';
import { restartQuoting } from '../../trading/health/quoting.ts';
import { askLatch } from '../control/ask-latch.ts';
import { triggerRound } from './schedules.ts';

const RESUME_TIMEOUT_MS = 25_000;

export interface RecoveryTools {
  client: Client;
  journal: Pick<Journal, 'control' | 'exchange'>;
  configuration: Configuration;
  dataFolder: string;
  /** Makes the schedules that are gone, and says which. */
  restoreSchedules(): Promise<string[]>;
}

/**
 * What can be done about a component, each with its end in words. None trades more than was asked for, undoes what a person did, or resumes
 * anything but a halt of its own kind and epoch.
 */
export function recoveriesBy(tools: RecoveryTools): Record<RecoveryAction, (due: DueRecovery) => Promise<string>> {
  const { client, configuration, dataFolder, restoreSchedules } = tools;
  const { account, mode } = configuration;
  return {
    restart: async () => 'left to the supervisor',
    'restart-quoting': () => restartQuoting(configuration, dataFolder),
    reconcile: () => triggerRound(client, reconcileScheduleId(account)),
    unfreeze: () => unfreeze(tools, account),
    requeue: async ({ component }) => {
      const id = component.replace(/^schedule\//, '');
      if (id === scheduleId(account)) throw new Error('a cycle is started by its schedule and by people alone');
      await restoreSchedules();
      return triggerRound(client, id);
    },
    'drain-outbox': () => triggerRound(client, exportScheduleId(mode)),
    'make-room': () => triggerRound(client, retentionScheduleId(mode)),
  };
}

/** For the halt that is seen now, and no other: whatever was halted since the look, by whomever, stays so. The handler reconciles once more. */
async function unfreeze({ client, journal }: RecoveryTools, account: string): Promise<string> {
  const expectedEpoch = await resumableEpoch(journal, account);
  if (expectedEpoch === undefined) throw new Error('the halt is not one that ends by itself any more');
  const request: ResumeRequest = {
    reason: 'books and exchange agree again',
    by: 'health',
    expectedEpoch,
    onlyOver: 'reconcile',
  };
  const state = await client.withDeadline(Date.now() + RESUME_TIMEOUT_MS, () =>
    askLatch(client.workflow.getHandle(TRADING_CONTROL_ID), request),
  );
  return `trading goes on under epoch ${state.epoch}`;
}
