import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { defaultPayloadConverter, type Headers, type Payload } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CORRELATION_HEADER } from '../../../contracts/correlation.ts';
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

const json = (text: string): Payload => ({
  metadata: { encoding: new TextEncoder().encode('json/plain') },
  data: new TextEncoder().encode(text),
});

it.each([
  ['an id in words', json('"by hand – 2"'), 'by hand – 2'],
  ['a number', json('7'), undefined],
  ['an object', json('{"correlationId":"x"}'), undefined],
  ['no text at all', json('""'), undefined],
  ['more than an id has', json(JSON.stringify('x'.repeat(1_001))), undefined],
  ['half a character', json('"\\ud800"'), undefined],
  ['broken JSON', json('"'), undefined],
  ['what nobody can read', { metadata: {}, data: new Uint8Array([255]) }, undefined],
])(
  'a header of a stranger with %s does not fail the workflow, which takes an id and nothing else',
  async (_what, header, id) => {
    let carried: Headers = {};
    let under: string | undefined;
    const activities = {
      openCycle: async () => {
        under = correlationId();
        return cycleTerms({ tradingState: 'halted' });
      },
      recordCycle: async () => undefined,
    };
    const seeing: ActivityInterceptorsFactory = () => ({
      inbound: {
        execute(input, next) {
          carried = input.headers;
          return next(input);
        },
      },
    });
    const rig = await startWorkflowRig(environment, activities, {
      interceptors: { activity: [observed(() => undefined), seeing] },
    });
    const client = new Client({
      connection: environment.connection,
      interceptors: {
        workflow: [
          {
            startWithDetails: (input, next) =>
              next({ ...input, headers: { ...input.headers, [CORRELATION_HEADER]: header } }),
          },
        ],
      },
    });
    const workflowId = `cycle/${randomUUID()}`;
    await client.workflow.execute('tradingCycle', { workflowId, taskQueue: rig.taskQueue, args: [{}] });
    await rig.close();
    expect(under).toBe(id ?? workflowId);
    const payload = carried[CORRELATION_HEADER];
    expect(payload && defaultPayloadConverter.fromPayload(payload)).toBe(id ?? workflowId);
  },
);
