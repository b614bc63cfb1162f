import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TaskQueue } from '../../../contracts/task-queues.ts';
import type { OrderLeg } from '../../../domain/orders/orders.ts';
import { observed } from '../../../runtime/telemetry/activity.ts';
import { correlationId } from '../../../runtime/telemetry/correlation.ts';
import { snapshot } from '../../domain/portfolio/plan.ts';
import { leg } from '../../support/books.ts';
import { cycleTerms } from '../../support/cycle-terms.ts';
import { startTimeSkipping } from '../../support/temporal.ts';
import { startWorkflowRig } from '../../support/workflow-rig.ts';
import { ended } from '../../workflow/scripted-orders.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

it('every step of a cycle, of its plan and of its orders works under the id of the cycle, also one whose arguments name none', async () => {
  const under = new Map<string, string | undefined>();
  const seen =
    <A extends unknown[], T>(name: string, work: (...args: A) => T) =>
    (...args: A): T => {
      under.set(name, correlationId());
      return work(...args);
    };
  let cycleId = '';
  const activities = {
    openCycle: seen('openCycle', async () => cycleTerms({ epoch: 1 })),
    takeSnapshot: seen('takeSnapshot', async () => snapshot),
    readPrices: seen('readPrices', async () => ({ takenAt: snapshot.takenAt + 1, symbols: [] })),
    formConsensus: async () => ({ cycleId, symbols: [], formedBy: 'coordinator' }),
    planCycle: async () => {
      const legs = ['one', 'two'].map((name) =>
        leg({ legId: `sph-${name}`, cycleId, correlationId: cycleId, epoch: 1 }),
      );
      return { cycleId, kind: 'linked', equity: '1', legs, verdicts: [], allocations: [] };
    },
    placeOrder: seen('placeOrder', async (sent: OrderLeg) => ended(sent, 'filled')),
    settlePlan: seen('settlePlan', async () => undefined),
    recordCycle: seen('recordCycle', async () => undefined),
  };
  const options = { interceptors: { activity: [observed(() => undefined)] } };
  const rig = await startWorkflowRig(environment, activities, options);
  const orders = await startWorkflowRig(environment, activities, { ...options, taskQueue: TaskQueue.execution });
  const handle = await rig.start('tradingCycle', {});
  cycleId = handle.workflowId;
  await handle.result();
  await rig.close();
  await orders.close();
  const names = ['openCycle', 'takeSnapshot', 'readPrices', 'placeOrder', 'settlePlan', 'recordCycle'];
  expect(Object.fromEntries(under)).toEqual(Object.fromEntries(names.map((name) => [name, cycleId])));
});
