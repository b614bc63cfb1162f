import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { portHolder } from '../../client/stack/port-holder.ts';
import { createProcessIncidents } from '../../client/stack/process-incidents.ts';
import type { ProcessSpec } from '../../client/stack/process-spec.ts';
import { createSupervisor, type Supervisor } from '../../client/stack/supervisor.ts';
import type { Incident } from '../../domain/health/health.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { temporaryJournal } from '../support/books.ts';
import { freePorts } from '../support/ports.ts';
import { temporaryFolder } from './harness.ts';

const silent = pino({ level: 'silent' });
let journal: Journal;
let supervisor: Supervisor;
let stranger: Server | undefined;
let folder: ReturnType<typeof temporaryFolder>;
let asked = 0;

beforeEach(async () => {
  asked = 0;
  folder = temporaryFolder();
  journal = await temporaryJournal();
});
afterEach(async () => {
  await supervisor.stop();
  stranger?.close();
  await journal.close();
  folder.remove();
});

/** A program of others, found by its port, as Prometheus is. In a child of its own where `wrapped`, as a script that starts one has it. */
function watcher(port: number, wrapped: boolean): ProcessSpec {
  const serve = `require('node:http').createServer((_, answer) => answer.end()).listen(${port}, '127.0.0.1')`;
  const wrap = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(serve)}], { stdio: 'inherit' }).on('exit', (code) => process.exit(code ?? 1))`;
  const url = `http://127.0.0.1:${port}`;
  const isThere = async (signal: AbortSignal) =>
    (await fetch(url, { signal, headers: { authorization: 'Basic secret' } }).catch(() => undefined))?.ok;
  return {
    name: 'prometheus',
    command: process.execPath,
    args: ['-e', wrapped ? wrap : serve],
    protectsMoney: false,
    watched: true,
    port,
    probe: async (signal) => {
      while (!(await isThere(signal))) signal.throwIfAborted();
      return url;
    },
  };
}

/** Takes the port as soon as it is free, and answers whoever asks. */
async function squat(port: number): Promise<Server> {
  for (;;) {
    const server = createServer((_, answer) => {
      asked += 1;
      answer.end('OK');
    }).listen(port, '127.0.0.1');
    const listens = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (listens) return server;
  }
}

it.each([false, true])(
  'who takes its port is not taken for it: one incident, open until it serves itself, and the stranger is asked nothing; wrapped: %s',
  { timeout: 60_000 },
  async (wrapped) => {
    const { port } = await freePorts('port');
    const incidents = createProcessIncidents(silent);
    incidents.open(journal.incidents);
    supervisor = createSupervisor({
      logFolder: folder.path,
      environment: {},
      logger: silent,
      onProcess: incidents.note,
      limits: { longestBackoffMs: 300, watchEveryMs: 100 },
    });
    expect(await supervisor.start([watcher(port, wrapped)])).toEqual([`http://127.0.0.1:${port}`]);
    process.kill(-(supervisor.processes()[0]?.pid ?? 0), 'SIGKILL');
    stranger = await squat(port);
    const known = (): Promise<Incident[]> => journal.incidents.list({ limit: 100 });
    const attempts = async () => (await known())[0]?.looks ?? 0;
    await expect.poll(attempts, { timeout: 30_000 }).toBeGreaterThanOrEqual(4);
    expect(await known()).toMatchObject([{ component: 'process/prometheus', code: 'process.ended' }]);
    expect((await known())[0]?.recoveredAt).toBeUndefined();
    expect(asked).toBe(0);
    stranger.close();
    await expect.poll(async () => (await known())[0]?.recoveredBy, { timeout: 20_000 }).toBe('restart');
    expect(await known()).toHaveLength(1);
    incidents.close();
    await supervisor.stop();
    await expect.poll(() => portHolder(port)).toBeUndefined();
  },
);
