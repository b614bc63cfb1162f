import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readProfile } from '../../client/stack/profile.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { dynamicConfigFlags } from '../../client/stack/temporal-server.ts';
import { boards } from '../../deploy/observability/generate.ts';
import { alertGroups } from '../../deploy/observability/rules.ts';
import { freePorts } from '../support/ports.ts';

/** By page: each metric of Temporal that a rule or a panel asks for, with the labels by which it does. `job` is Prometheus' own. */
const asked = {
  sdk: {
    temporal_activity_schedule_to_start_latency_seconds_bucket: ['task_queue', 'le'],
    temporal_long_request_failure_total: ['operation', 'status_code'],
    temporal_request_failure_total: ['operation', 'status_code'],
    temporal_request_latency_seconds_bucket: ['operation', 'le'],
    temporal_request_latency_seconds_count: [],
    temporal_sticky_cache_miss_total: [],
    temporal_sticky_cache_size: ['task_queue'],
    temporal_sticky_cache_total_forced_eviction_total: [],
    temporal_worker_task_slots_available: ['task_queue', 'worker_type'],
    temporal_workflow_failed_total: ['workflow_type'],
    temporal_workflow_task_execution_failed_total: ['workflow_type', 'failure_reason'],
    temporal_workflow_task_execution_latency_seconds_bucket: ['workflow_type', 'le'],
    temporal_workflow_task_schedule_to_start_latency_seconds_bucket: ['le'],
  },
  server: {
    approximate_backlog_age_seconds: ['taskqueue', 'namespace'],
    persistence_latency_bucket: ['le'],
  },
} as const;

let server: TestWorkflowEnvironment;
let connection: NativeConnection;
let worker: Worker;
let running: Promise<void>;
let pages: Record<keyof typeof asked, string>;

beforeAll(async () => {
  const { sdk, metrics } = await freePorts('sdk', 'metrics');
  pages = { sdk: `http://127.0.0.1:${sdk}/metrics`, server: `http://127.0.0.1:${metrics}/metrics` };
  // As each worker of ours has it (workers/role.ts).
  Runtime.install({
    telemetryOptions: {
      metrics: {
        prometheus: {
          bindAddress: `127.0.0.1:${sdk}`,
          countersTotalSuffix: true,
          unitSuffix: true,
          useSecondsForDurations: true,
        },
      },
    },
  });
  const { temporal } = readProfile();
  server = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await temporalBinary(temporal) },
      extraArgs: [...dynamicConfigFlags(temporal), '--metrics-port', String(metrics)],
    },
  });
  connection = await NativeConnection.connect({ address: server.address });
  worker = await Worker.create({
    connection,
    taskQueue: 'served',
    workflowsPath: fileURLToPath(new URL('temporal-names-workflows.ts', import.meta.url)),
    activities: { act: async () => undefined },
    maxCachedWorkflows: 2,
  });
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await connection.close();
  await server.teardown();
});

const text = async (page: keyof typeof asked): Promise<string> => (await fetch(pages[page])).text();

/** Labels of the series of a metric; undefined where there is none. */
function labelsOf(page: string, metric: string): string[] | undefined {
  const line = page.split('\n').find((each) => each.startsWith(`${metric}{`) || each.startsWith(`${metric} `));
  return line === undefined ? undefined : [...line.matchAll(/([a-z_]+)="/g)].map(([, label = '']) => label);
}

it('the list has all that is asked for', () => {
  const queries = [
    ...alertGroups.flatMap(({ alerts }) => alerts.map(({ expr }) => expr)),
    ...boards.flatMap(({ rows }) =>
      rows.flatMap((row) => row.panels.flatMap((panel) => panel.queries.map(({ expr }) => expr))),
    ),
  ].join('\n');
  const names = queries.matchAll(/\b(?:temporal_[a-z_]+|approximate_[a-z_]+|persistence_[a-z_]+)\b(?=[[{) ])/g);
  expect([...new Set([...names].map(([name]) => name))].toSorted()).toEqual(
    Object.values(asked)
      .flatMap((page) => Object.keys(page))
      .toSorted(),
  );
});

it('a server and a worker that work, and fail, tell each of them with its labels', async () => {
  const client = new Client({ connection });
  const start = (workflow: string, taskQueue = 'served') =>
    client.workflow.start(workflow, { taskQueue, workflowId: `${workflow}-${crypto.randomUUID()}` });
  await (await start('works')).result();
  await expect((await start('fails')).result()).rejects.toThrow();
  await start('waits', 'unserved');
  const wavering = await start('wavers');
  // More than are kept: each makes room, and comes back from its history.
  const waiting = await Promise.all(Array.from({ length: 5 }, () => start('waits')));
  await expect
    .poll(async () => labelsOf(await text('sdk'), 'temporal_sticky_cache_total_forced_eviction_total'))
    .toBeDefined();
  await Promise.all(waiting.map((handle) => handle.signal('end')));
  await Promise.all(waiting.map((handle) => handle.result()));
  await expect(client.workflow.getHandle('nowhere').describe()).rejects.toThrow();
  await expect(client.withDeadline(Date.now() + 1_000, () => wavering.result())).rejects.toThrow();

  // The age of a backlog is told each minute.
  for (const page of ['sdk', 'server'] as const)
    for (const [metric, labels] of Object.entries(asked[page]))
      await expect
        .poll(async () => labelsOf(await text(page), metric), { timeout: 120_000, interval: 500, message: metric })
        .toEqual(expect.arrayContaining([...labels]));
  // What the rules tell apart by value.
  for (const value of [
    'failure_reason="NonDeterminismError"',
    'status_code="NOT_FOUND"',
    'worker_type="WorkflowWorker"',
  ])
    expect(await text('sdk')).toContain(value);
}, 300_000);
