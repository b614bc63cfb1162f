import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Client as PostgresClient } from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { openPostgresJournal } from '../../stores/journal/postgres/journal.ts';
import { PAPER } from '../support/books.ts';
import { documentedCommand } from '../support/documented-cycles.ts';
import { end, type Installation, makeInstallation } from '../support/installation.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { startDevServer } from '../support/temporal.ts';

const READY = 'Ctrl-C stops';
/** The lease of who reads the trades, and the time between two looks of a machine that does other things as well. */
const TAKEN_OVER_MS = 15_000;
const recordSchema = z.object({
  supervisor: z.object({ pid: z.int() }),
  processes: z.array(z.object({ name: z.string(), pid: z.int() })),
});
const statusSchema = z.object({
  stacks: z.array(
    z.object({ stackId: z.string(), kind: z.string(), host: z.string(), here: z.boolean(), living: z.boolean() }),
  ),
});
const secretsSchema = z.object({
  guardSecret: z.string(),
  coordinatorToken: z.string(),
  paperApiKey: z.string(),
  paperSecret: z.string(),
});

/** Two data folders with ports of their own: one book, one Temporal and one exchange for both. */
let first: Installation;
let second: Installation;
let environment: TestWorkflowEnvironment;
let postgres: PostgresServer;
const running: ChildProcess[] = [];

/** What it has printed, and a wait for more. */
interface Screen {
  child: ChildProcess;
  text(): string;
  shows(words: string): Promise<void>;
}

function watch(child: ChildProcess): Screen {
  let text = '';
  running.push(child);
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (text += data.toString()));
  const shows = async (words: string): Promise<void> => {
    await expect
      .poll(() => text.includes(words) || child.exitCode !== null, { timeout: 60_000, interval: 50 })
      .toBe(true);
    expect(text).toContain(words);
  };
  return { child, text: () => text, shows };
}

const dataOf = ({ folder }: Installation): string => join(folder, 'data');

function recordOf(installation: Installation) {
  return recordSchema.parse(JSON.parse(readFileSync(join(dataOf(installation), 'run.json'), 'utf8')));
}

function pidOf(installation: Installation, name: string): number {
  return recordOf(installation).processes.find((each) => each.name === name)?.pid ?? 0;
}

/** What the second machine is given, which is what the docs name. */
function giveSecrets(): void {
  const { variables, command } = documentedCommand('several-machines.md', '## Joining');
  expect(command).toEqual(['npm', 'start', '--', '--join']);
  const secrets = secretsSchema.parse(JSON.parse(readFileSync(join(dataOf(first), 'secrets.json'), 'utf8')));
  Object.assign(second.environment, {
    SAPPHIRE_GUARD_SECRET: secrets.guardSecret,
    SAPPHIRE_COORDINATOR_TOKEN: secrets.coordinatorToken,
    SAPPHIRE_PAPER_API_KEY: secrets.paperApiKey,
    SAPPHIRE_PAPER_SECRET: secrets.paperSecret,
  });
  expect(Object.keys(second.environment)).toEqual(expect.arrayContaining(Object.keys(variables)));
  expect(Object.keys(variables).filter((name) => second.environment[name] === process.env[name])).toEqual([]);
}

async function stacksSeenBy(installation: Installation) {
  const { stdout } = await installation.sapphire('status', '--json');
  return statusSchema.parse(JSON.parse(stdout)).stacks;
}

beforeAll(async () => {
  environment = await startDevServer();
  postgres = await startPostgres();
  const journalUrl = await postgres.database();
  first = await makeInstallation();
  second = await makeInstallation();
  for (const { environment: variables } of [first, second]) {
    Object.assign(variables, {
      SAPPHIRE_JOURNAL_URL: journalUrl,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TEMPORAL_NAMESPACE: environment.namespace ?? '',
    });
  }
  second.configure({ paperExchange: { port: first.ports.exchange } });
});

afterAll(async () => {
  const ends = running
    .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    .map((child) => end(child));
  for (const child of running) child.kill('SIGINT');
  await Promise.all(ends);
  await postgres?.stop();
  await environment?.teardown();
});

it('a machine joins with what it was given, and both do the work', { timeout: 180_000 }, async () => {
  const one = watch(first.up());
  await one.shows(READY);

  const refused = await end(second.up('--join'));
  expect(refused.code).toBe(3);
  expect(refused.stderr).toMatch(
    /"--join" needs the first machine's SAPPHIRE_GUARD_SECRET, SAPPHIRE_COORDINATOR_TOKEN, SAPPHIRE_PAPER_API_KEY, SAPPHIRE_PAPER_SECRET/,
  );
  expect(existsSync(join(dataOf(second), 'secrets.json'))).toBe(false);

  const held = await end(second.up());
  expect(held.code).toBe(5);
  expect(held.stderr).toContain('These books are run by another stack (');
  expect(held.stderr).toContain(`${dataOf(first)}, since `);
  expect(held.stderr).toContain('"npm start -- --join"');

  second.configure({ paperExchange: { port: second.ports.exchange } });
  giveSecrets();
  const away = await end(second.up('--join'));
  expect([away.code, away.stderr]).toEqual([
    6,
    expect.stringContaining(`${second.ports.exchange} (connect ECONNREFUSED`),
  ]);
  // The start that was refused has made secrets of its own, in place of which those that are given count.
  giveSecrets();
  second.configure({ paperExchange: { port: first.ports.exchange }, risk: { maxDailyLoss: 0.04 } });
  const differs = await end(second.up('--join'));
  expect(differs.code).toBe(5);
  expect(differs.stderr).toContain('risk.maxDailyLoss: 0.04 here, 0.05 there');

  second.configure({ paperExchange: { port: first.ports.exchange } });
  const two = watch(second.start('--join'));
  await two.shows(READY);
  expect(two.text()).toContain(`JOINED ${hostname()}, ${dataOf(first)}, since `);
  expect(two.text()).toContain('taken here: cycles, agents, execution, control');
  expect(
    recordOf(second)
      .processes.map(({ name }) => name)
      .toSorted(),
  ).toEqual(['mcp-coordinator', 'workers/agents', 'workers/control', 'workers/cycles', 'workers/execution']);

  const client = new Client({ connection: environment.connection, namespace: environment.namespace ?? '' });
  const workersOf = (installation: Installation): string[] =>
    recordOf(installation).processes.map(({ pid }) => `${pid}@`);
  /** Of all that took a task, by the identity that the server noted. */
  const whoWorked = async (): Promise<Set<string>> => {
    const identities = new Set<string>();
    for await (const { workflowId, runId } of client.workflow.list({ query: 'WorkflowType = "tradingCycle"' })) {
      const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      for (const event of events ?? []) {
        const attributes = event.workflowTaskCompletedEventAttributes ?? event.activityTaskStartedEventAttributes;
        if (attributes?.identity) identities.add(attributes.identity);
      }
    }
    return identities;
  };
  for (let cycles = 0; cycles < 3; cycles += 1) {
    const { code, stdout } = await second.sapphire('cycle', 'run', '--json');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/COMPLETED|NO_TRADE/)]);
  }
  const worked = [...(await whoWorked())];
  for (const installation of [first, second])
    expect(worked.some((identity) => workersOf(installation).some((pid) => identity.startsWith(pid)))).toBe(true);

  await expect.poll(() => second.sapphire('status'), { timeout: 60_000, interval: 1_000 }).toMatchObject({ code: 0 });
  expect(await stacksSeenBy(first)).toMatchObject([
    { kind: 'first', here: true, living: true },
    { kind: 'joined', here: false, living: true },
  ]);
  expect(pidOf(second, 'workers/housekeeping')).toBe(0);
});

/** The process that reads the account's trades into the books: one of all, by a lease. */
async function tradesReader(): Promise<number> {
  const client = new PostgresClient({ connectionString: first.environment['SAPPHIRE_JOURNAL_URL'] ?? '' });
  await client.connect();
  try {
    const { rows } = await client.query<{ holder: string }>('SELECT holder FROM leases');
    return Number(rows[0]?.holder.split('/')[0]);
  } finally {
    await client.end();
  }
}

/** Books and exchange, by a look that began after this one did: no fill is missing, and none is booked twice. */
async function expectAgreement(): Promise<void> {
  const since = Date.now();
  const look = async () =>
    z
      .object({ reconciliation: z.object({ at: z.number(), differences: z.array(z.string()) }) })
      .parse(JSON.parse((await first.sapphire('status', '--json')).stdout)).reconciliation;
  await expect.poll(async () => (await look()).at, { timeout: 60_000, interval: 1_000 }).toBeGreaterThan(since);
  expect((await look()).differences).toEqual([]);
}

function kill(pid: number): void {
  process.kill(pid, 'SIGKILL');
}

it('a machine that dies, or ends, leaves the work to the other, and has its place again when it is back', {
  timeout: 240_000,
}, async () => {
  const [one, two] = running.slice(-2);
  if (!one || !two) throw new Error('both run from the test before');
  const holder = await tradesReader();
  const isSeconds = pidOf(second, 'workers/control') === holder;
  const { processes } = recordOf(second);
  // npm, its launcher and the supervisor are one group; each process below is one of its own.
  for (const pid of [-(two.pid ?? 0), ...processes.map(({ pid }) => pid)]) kill(pid);
  if (!isSeconds) kill(holder);
  const diedAt = performance.now();
  await expect.poll(tradesReader, { timeout: 30_000, interval: 100 }).not.toBe(holder);
  expect(performance.now() - diedAt).toBeLessThan(TAKEN_OVER_MS);
  const cycle = await first.sapphire('cycle', 'run', '--json');
  expect([cycle.code, cycle.stdout]).toEqual([0, expect.stringMatching(/COMPLETED|NO_TRADE/)]);
  await expect
    .poll(() => stacksSeenBy(first), { timeout: 40_000, interval: 1_000 })
    .toMatchObject([
      { kind: 'first', living: true },
      { kind: 'joined', living: false },
    ]);
  await expectAgreement();
  const back = watch(second.up('--join'));
  await back.shows(READY);
  expect(await stacksSeenBy(second)).toMatchObject([
    { kind: 'first', living: true },
    { kind: 'joined', living: true, here: true },
  ]);

  // The supervisor of the first alone: what it started ends, and is started anew under a new claim, at once.
  const before = recordOf(first);
  const screen = watch(one);
  kill(before.supervisor.pid);
  await screen.shows(READY);
  expect(screen.text()).not.toContain('run by another stack');
  expect(recordOf(first).supervisor.pid).not.toBe(before.supervisor.pid);
  expect(await stacksSeenBy(second)).toMatchObject([
    { kind: 'joined', living: true },
    { kind: 'first', living: true },
  ]);

  const kept = recordOf(second).processes;
  const ended = end(one);
  one.kill('SIGINT');
  expect((await ended).code).toBe(0);
  const alone = await second.sapphire('status');
  expect([alone.code, alone.stdout]).toEqual([6, expect.stringContaining('NO FIRST STACK')]);
  expect(recordOf(second).processes).toEqual(kept);

  const again = watch(first.up());
  await again.shows(READY);
  await expect
    .poll(() => second.sapphire('status'), { timeout: 30_000, interval: 1_000 })
    .toMatchObject({ code: 0, stdout: expect.not.stringContaining('NO FIRST STACK') });
  // The exchange was away with the first: who asked it meanwhile leaves it alone for ten seconds more, and says so.
  await expect
    .poll(() => second.sapphire('cycle', 'run', '--json'), { timeout: 30_000, interval: 2_000 })
    .toMatchObject({ code: 0, stdout: expect.stringMatching(/COMPLETED|NO_TRADE/) });

  for (const { child } of [back, again]) {
    const done = end(child);
    child.kill('SIGINT');
    expect((await done).code).toBe(0);
  }
  expect(await stacksSeenBy(first)).toEqual([]);
});

it('a stack whose books another start has taken ends itself, and its workers with it', {
  timeout: 120_000,
}, async () => {
  const alone = watch(first.up());
  await alone.shows(READY);
  const { processes } = recordOf(first);
  const journal = await openPostgresJournal(first.environment['SAPPHIRE_JOURNAL_URL'] ?? '', PAPER);
  const [stack] = await journal.stacks.list();
  if (!stack) throw new Error('nobody runs the books');
  const claimed = await journal.stacks.claim(stack, 60_000);
  const ended = end(alone.child);
  const { code } = await ended;
  expect([code, alone.text()]).toEqual([5, expect.stringContaining('Another start has taken the books')]);
  expect(processes.filter(({ pid }) => existsSync(`/proc/${pid}`))).toEqual([]);
  // What ended so has taken nothing from the one that holds them.
  expect('held' in claimed && (await journal.stacks.renew(claimed.held))).toBe(true);
  if ('held' in claimed) await journal.stacks.release(claimed.held);
  await journal.close();
});
