import type { Client } from '@temporalio/client';
import type { ReconcileReport } from '../../contracts/control.ts';
import { whileBeating } from '../../runtime/while-beating.ts';
import { type ReconcileTools, reconcileAccount } from '../../trading/reconcile/reconcile.ts';
import { activityClock as clock } from '../clock.ts';
import type { OriginCheck } from '../control/last-run.ts';
import { latchOf } from '../control/latch.ts';
import { runsOn, startMissingControl } from './missing.ts';

export interface ReconcileDependencies extends Omit<ReconcileTools, 'runs' | 'latch' | 'keepLatch' | 'clock'> {
  client: Client;
  /** Of a run of trading control. */
  isOurs: OriginCheck;
}

export type ReconcileActivities = ReturnType<typeof createReconcileActivities>;

export function createReconcileActivities({ client, isOurs, ...dependencies }: ReconcileDependencies) {
  const { journal } = dependencies;
  const runs = runsOn(client);
  return {
    /** Holds the books against the exchange, once, and halts on what it cannot explain. Every step may be repeated. */
    async reconcileAccount(account: string): Promise<ReconcileReport> {
      const keepLatch = () => startMissingControl({ client, journal, isOurs }, account);
      const latch = latchOf(client, account);
      return whileBeating(() => reconcileAccount({ ...dependencies, runs, latch, keepLatch, clock }, account));
    },
  };
}
