import { createServer, type Server } from 'node:http';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createHealthActivities, type HealthActivities, type HealthLook } from '../../activities/health/index.ts';
import type { EngineState } from '../../contracts/hummingbot.ts';
import type { Observation } from '../../domain/health/health.ts';
import { hummingbotEngineToken } from '../../runtime/configuration/engines.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { registry } from '../../runtime/telemetry/metrics.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { temporaryFolder, temporaryJournal } from '../support/books.ts';
import { freePorts } from '../support/ports.ts';

/** Says of its engine what it is told to: the real one needs an installation of its own (`npm run proof-hummingbot`). */
let engine: Server;
let journal: Journal;
let activities: HealthActivities;
let told: EngineState;
let restarts: number;
let restartStatus: number;
let data: string;
/** Of no account who else fills the disk of these tests. */
let disk: Observation[];

const environment = new MockActivityEnvironment();
const look = (): Promise<HealthLook> => environment.run(activities.lookAtHealth, Date.now());
const reportedAt = (at: number): EngineState => ({
  state: 'quoting',
  account: 'hummingbot',
  controllers: [{ id: 'BTC-USDT', reportedAt: at, realizedPnl: '0', unrealizedPnl: '0', volume: '0' }],
});

beforeEach(async () => {
  const { port } = await freePorts('port');
  restarts = 0;
  data = temporaryFolder();
  disk = [{ component: 'disk', detail: 'room' }];
  restartStatus = 200;
  engine = createServer((request, response) => {
    if (request.url === '/restart' && request.method === 'POST') {
      if (request.headers.authorization !== `Bearer ${hummingbotEngineToken(data)}`) restartStatus = 401;
      else restarts += 1;
      response.writeHead(restartStatus).end('{}');
    } else response.end(JSON.stringify(told));
  });
  await new Promise<void>((resolve) => engine.listen(port, '127.0.0.1', resolve));
  journal = await temporaryJournal();
  activities = createHealthActivities({
    journal,
    // No Temporal: what is asked of it cannot be told, and stays as it was known.
    client: {} as Client,
    configuration: parseConfiguration({ agents: { hummingbot: { port } } }, 'the test'),
    exchange: {
      serverTime: async () => Date.now(),
      balances: async () => ({}),
      isRefusal: () => false,
      listing: () => 'traded',
    },
    engines: ['hummingbot'],
    dataFolder: data,
    exportLagMs: async () => 0,
    room: async () => disk,
    backupAt: async () => Date.now(),
    restoreSchedules: async () => [],
    logger: pino({ level: 'silent' }),
  });
});
afterEach(async () => {
  engine.close();
  await journal.close();
});

const quoting = ({ unwell }: HealthLook): string[] => unwell.filter((words) => words.startsWith('quoting/'));

it('an engine that reports, or that a stop holds, is well', async () => {
  told = reportedAt(Date.now());
  expect(quoting(await look())).toEqual([]);
  told = { ...reportedAt(0), state: 'halted' };
  expect(quoting(await look())).toEqual([]);
});

it('an engine that is silent for a minute is ended and started anew at the second look', async () => {
  told = reportedAt(Date.now() - 61_000);
  expect((await look()).due).toEqual([]);
  const { unwell, due } = await look();
  expect(unwell).toContain('quoting/hummingbot: quoting.stopped');
  expect(due).toMatchObject([{ action: 'restart-quoting', component: 'quoting/hummingbot' }]);
  for (const each of due) expect(await environment.run(activities.recover, each)).toBe('done');
  expect(restarts).toBe(1);
  told = reportedAt(Date.now());
  expect(quoting(await look())).toEqual([]);
  const incidents = await journal.incidents.list({ limit: 5 });
  expect(incidents.find(({ component }) => component === 'quoting/hummingbot')?.recoveredBy).toBe('restart-quoting');
});

it('the time to recovery is of what has ended, and of nothing there is none', async () => {
  const meanOf = async (name: string): Promise<unknown> =>
    (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
  told = reportedAt(Date.now());
  await look();
  expect(await meanOf('incident_detection_mean_seconds')).toBeUndefined();
  told = reportedAt(Date.now() - 61_000);
  await look();
  await look();
  expect(await meanOf('incident_detection_mean_seconds')).toEqual(expect.any(Number));
  expect(await meanOf('incident_recovery_mean_seconds')).toBeUndefined();
  expect(await meanOf('incident_self_recovered_ratio')).toBeUndefined();
  told = reportedAt(Date.now());
  await look();
  expect(await meanOf('incident_recovery_mean_seconds')).toEqual(expect.any(Number));
  expect(await meanOf('incident_self_recovered_ratio')).toBe(1);
});

it('an engine that answers without end is one that says nothing', async () => {
  told = { ...reportedAt(Date.now()), account: 'x'.repeat(2_000_000) };
  await look();
  expect(quoting(await look())).toEqual(['quoting/hummingbot: quoting.stopped']);
});

it('a restart that is refused is a try that failed, with its reason', async () => {
  restartStatus = 500;
  told = reportedAt(Date.now() - 61_000);
  await look();
  const { due } = await look();
  for (const each of due) expect(await environment.run(activities.recover, each)).toBe('failed');
  const [incident] = (await journal.incidents.list({ limit: 5 })).filter(({ component }) =>
    component.startsWith('quoting'),
  );
  expect(incident?.actions).toMatchObject([{ outcome: 'failed', detail: 'the engine answered 500' }]);
});

it('a time in which nobody looked is told with its length, also where the worker was killed in it, and not where it ended as it should', async () => {
  const blind = async () => (await journal.incidents.list({ limit: 20 })).filter(({ code }) => code === 'health.blind');
  told = reportedAt(Date.now());
  const last = Date.now() - 90_000;
  await journal.incidents.look({ at: last, by: 'health', observations: [] });
  expect((await look()).unwell).toContain('health: health.blind');
  const [incident] = await blind();
  expect(incident?.beganAt).toBe(last);
  expect(incident?.detail).toContain('for 90 s');
  await look();
  expect((await blind())[0]?.recoveredAt).toEqual(expect.any(Number));

  await journal.incidents.look({ at: Date.now() - 90_000, by: 'health', observations: [] });
  await journal.incidents.rest('health');
  expect((await look()).unwell).not.toContain('health: health.blind');
  expect(await blind()).toHaveLength(1);
});

it('a disk that runs full is an incident until there is room again', async () => {
  told = reportedAt(Date.now());
  disk = [{ component: 'disk', detail: '1 MB of 9 MB are free', code: 'disk.low' }];
  expect((await look()).unwell).toEqual(['disk: disk.low']);
  disk = [{ component: 'disk', detail: 'room' }];
  expect((await look()).unwell).toEqual([]);
  const [incident] = await journal.incidents.list({ limit: 1 });
  expect(incident).toMatchObject({ code: 'disk.low', recoveredAt: expect.any(Number) });
});

it('a look that comes late says that nobody has looked', async () => {
  told = reportedAt(Date.now());
  await look();
  // As a book that was locked for a while leaves it.
  await journal.incidents.look({ at: Date.now() + 1, by: 'health', observations: [] });
  expect((await look()).unwell).not.toContain('health: health.blind');
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 19_000 });
  try {
    expect((await look()).unwell).toContain('health: health.blind');
    expect((await look()).unwell).not.toContain('health: health.blind');
  } finally {
    vi.useRealTimers();
  }
});
