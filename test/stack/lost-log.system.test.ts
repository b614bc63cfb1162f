import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SupervisionLimits } from '../../client/stack/supervised-process.ts';
import { createSupervisor, type Supervisor } from '../../client/stack/supervisor.ts';
import { eventsIn, eventually, standIn, temporaryFolder } from './harness.ts';

let folder: ReturnType<typeof temporaryFolder>;
let events: string;
let supervisor: Supervisor;
const ends: (string | undefined)[] = [];
const said: string[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  events = join(folder.path, 'events');
  ends.length = 0;
  said.length = 0;
});
afterEach(async () => {
  await supervisor.stop();
  folder.remove();
});

function supervise(limits: Partial<SupervisionLimits> = {}): void {
  supervisor = createSupervisor({
    logFolder: join(folder.path, 'logs'),
    environment: {},
    logger: pino({ level: 'warn' }, { write: (line) => said.push(line) }),
    limits: { firstBackoffMs: 1, ...limits },
    onProcess: ({ fault }) => ends.push(fault?.detail),
  });
}

const starts = (): number => eventsIn(events).filter((event) => event === 'start worker').length;

/** Killed, and seen to serve again. */
async function killed(times: number): Promise<void> {
  process.kill(supervisor.processes().find(({ name }) => name === 'worker')?.pid ?? 0, 'SIGKILL');
  await eventually('a new start', () => ends.length === 2 * times);
}

it('a process is started again where its log folder is gone, which is made anew', async () => {
  supervise();
  const logs = join(folder.path, 'logs');
  await supervisor.start([standIn('worker', events)]);
  rmSync(logs, { recursive: true });
  await killed(1);
  expect(ends).toEqual(['killed (SIGKILL)', undefined]);
  expect(readFileSync(join(logs, 'worker.log'), 'utf8')).toBeDefined();
});

it('it is started again where its log cannot be opened, which is said once, with the reason', async () => {
  supervise({ maxRestarts: 2 });
  const logs = join(folder.path, 'logs');
  await supervisor.start([standIn('worker', events)]);
  rmSync(logs, { recursive: true });
  writeFileSync(logs, 'a file where the folder was');
  await killed(1);
  await killed(2);
  expect(ends).toEqual(['killed (SIGKILL)', undefined, 'killed (SIGKILL)', undefined]);
  expect(starts()).toBe(3);
  expect(said.filter((line) => line.includes('EEXIST'))).toHaveLength(1);
});

it('one that is not ready in time has ended for that, and not for having been killed', async () => {
  supervise({ readyTimeoutMs: 300 });
  const silent = { ...standIn('worker', events, 'silent'), protectsMoney: false };
  await supervisor.start([silent]);
  await eventually('its end', () => ends.length > 0);
  expect(ends[0]).toBe('it was not ready after 0.3 s and was ended');
});

it('one that cannot be started says why', async () => {
  supervise();
  const tooMuch = { ...standIn('worker', events), protectsMoney: false, environment: { TEXT: 'x'.repeat(1_000_000) } };
  await supervisor.start([tooMuch]);
  await eventually('its end', () => ends.length > 0);
  expect(ends[0]).toMatch(/^it could not be started: .*E2BIG/);
});
