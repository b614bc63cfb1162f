import type { Client } from '@temporalio/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { type RecoveryTools, recoveriesBy } from '../../activities/health/recoveries.ts';
import { reconcileScheduleId, scheduleId } from '../../contracts/workflow-ids.ts';
import { type ConditionCode, conditions, recoveryActions } from '../../domain/health/health-conditions.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import type { ControlState } from '../../stores/journal/books/control.ts';

const DISAGREED_AT = Date.UTC(2026, 0, 1);

/** What a recovery did on the server, in its order. */
let done: string[];
let paused: boolean;
let halt: Pick<ControlState, 'tradingState' | 'changedBy' | 'reason' | 'epoch'>;

const client = {
  withDeadline: (_at: number, work: () => Promise<unknown>) => work(),
  schedule: {
    getHandle: (id: string) => ({
      describe: async () => ({ state: { paused } }),
      trigger: async () => void done.push(`round of ${id}`),
      unpause: async () => void done.push(`unpause of ${id}`),
    }),
  },
  workflow: {
    getHandle: (id: string) => ({
      executeUpdate: async (name: string, { args }: { args: unknown[] }) => {
        done.push(`${name} of ${id} ${JSON.stringify(args)}`);
        return { epoch: 8 };
      },
    }),
  },
} as unknown as Client;

function recover(action: (typeof recoveryActions)[number], component: string): Promise<string> {
  const tools = {
    client,
    journal: {
      control: { read: async () => ({ ...halt, changedAt: DISAGREED_AT }) },
      exchange: { lastReconciliation: async () => ({ at: DISAGREED_AT + 60_000, differences: [], stable: 1 }) },
    },
    configuration: parseConfiguration({}, 'the test'),
    dataFolder: '/nowhere',
    restoreSchedules: async () => [],
  } as unknown as RecoveryTools;
  return recoveriesBy(tools)[action]({ incidentId: 'one', component, action, detail: '' });
}

beforeEach(() => {
  done = [];
  paused = false;
  halt = { tradingState: 'halted', changedBy: 'reconcile', reason: 'they differ', epoch: 7 };
});

const onTheServer = recoveryActions.filter((action) => action !== 'restart' && action !== 'restart-quoting');
const rounds = onTheServer.filter((action) => action !== 'unfreeze');

describe('no recovery', () => {
  it('starts a cycle', async () => {
    const overdue: ConditionCode = 'cycles.overdue';
    expect(conditions[overdue]).not.toHaveProperty('recovery');
    for (const action of onTheServer) await recover(action, `schedule/${scheduleId('main')}`).catch(() => undefined);
    expect(done.length).toBeGreaterThan(0);
    expect(done.filter((words) => words.includes(`round of ${scheduleId('main')}`))).toEqual([]);
  });

  it.each(rounds)('has a round of what a person has paused: %s', async (action) => {
    const component = `schedule/${reconcileScheduleId('main')}`;
    await expect(recover(action, component)).resolves.toContain('was asked for');
    expect(done).toHaveLength(1);
    done = [];
    paused = true;
    await expect(recover(action, component)).rejects.toThrow('was paused by a person');
    expect(done).toEqual([]);
  });

  it('resumes anything but the halt of reconciliation that it sees, under its epoch, with no mark reset', async () => {
    await recover('unfreeze', 'trading/main');
    const request = { reason: 'books and exchange agree again', by: 'health', expectedEpoch: 7, onlyOver: 'reconcile' };
    expect(done).toEqual([`resume of trading-control ${JSON.stringify([request])}`]);
  });

  it.each(['me', 'risk', 'exchange', 'health'])('ends a halt by %s', async (changedBy) => {
    halt = { ...halt, changedBy };
    await expect(recover('unfreeze', 'trading/main')).rejects.toThrow('not one that ends by itself');
    expect(done).toEqual([]);
  });

  it('is known that this does not hold to those', () => {
    expect(recoveryActions).toEqual([
      'restart',
      'restart-quoting',
      'reconcile',
      'unfreeze',
      'requeue',
      'drain-outbox',
      'make-room',
    ]);
  });
});
