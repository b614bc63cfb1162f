import { type ChildProcess, execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readRecord } from '../../client/stack/run-record.ts';
import { end, type Installation, makeInstallation } from '../support/installation.ts';

const INTERVAL_MS = 30_000;
const incidentsSchema = z.object({
  figures: z.object({ detectionMs: z.number(), recoveryMs: z.number() }),
  incidents: z.array(z.looseObject({ component: z.string(), code: z.string(), detail: z.string() })),
});
const cyclesSchema = z.array(z.looseObject({ id: z.string(), outcome: z.string(), summary: z.string() }));
const scheduleSchema = z.object({ paused: z.boolean(), note: z.string(), intervalSeconds: z.number() });

let installation: Installation;
let running: ChildProcess | undefined;
beforeAll(async () => {
  installation = await makeInstallation();
});
afterAll(async () => {
  running?.kill('SIGINT');
  await sleep(100);
});

const lastLine = (text: string): unknown => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');
async function json<T>(schema: z.ZodType<T>, ...args: string[]): Promise<T> {
  const { stdout, stderr } = await installation.sapphire(...args, '--json');
  try {
    return schema.parse(lastLine(stdout));
  } catch (error) {
    throw new Error(`${args.join(' ')}: ${stdout} ${stderr}`, { cause: error });
  }
}

/** Starts it, and waits for what its screen says once all is up. */
async function start(): Promise<{ child: ChildProcess; seen: () => string; ended: ReturnType<typeof end> }> {
  const child = installation.up();
  running = child;
  let seen = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (seen += String(part)));
  const ended = end(child);
  await expect.poll(() => seen, { timeout: 120_000, interval: 100 }).toContain('Ctrl-C stops');
  return { child, seen: () => seen, ended };
}

const untilTick = (afterMs: number): Promise<void> => sleep(INTERVAL_MS - (Date.now() % INTERVAL_MS) + afterMs);

describe('a stop that somebody asked for', { timeout: 600_000 }, () => {
  it('while a cycle has just begun lets it end, and the next start finds neither an incident nor a cycle that came too late', async () => {
    const first = await start();
    await expect.poll(() => first.seen(), { timeout: 60_000 }).toMatch(/^\d\d:\d\d:\d\d /m);
    await untilTick(150);
    first.child.kill('SIGINT');
    expect((await first.ended).code).toBe(0);
    await sleep(20_000);
    const next = await start();
    await untilTick(12_000);
    const { incidents, figures } = await json(incidentsSchema, 'incident', 'list');
    expect(incidents).toEqual([]);
    expect(figures).toEqual({ ...figures, detectionMs: 0, recoveryMs: 0 });
    const cycles = await json(cyclesSchema, 'cycle', 'list');
    expect(cycles.length).toBeGreaterThanOrEqual(3);
    expect(cycles.filter(({ outcome }) => !['COMPLETED', 'NO_TRADE'].includes(outcome))).toEqual([]);
    next.child.kill('SIGINT');
    expect((await next.ended).code).toBe(0);
  });

  it('leaves the schedule to go on with the next start, also where it was killed in the middle', async () => {
    const { child, ended, seen } = await start();
    expect(await json(scheduleSchema, 'schedule', 'show')).toMatchObject({ paused: false });
    await untilTick(100);
    child.kill('SIGINT');
    await expect.poll(() => seen(), { timeout: 20_000, interval: 20 }).toContain('stopping');
    await sleep(700);
    const supervisor = readRecord(`${installation.environment['SAPPHIRE_DATA']}/run.json`)?.supervisor.pid;
    if (supervisor !== undefined) execFileSync('kill', ['-9', String(supervisor)]);
    await ended;
    const next = await start();
    expect(next.seen()).not.toContain('PAUSED');
    expect(await json(scheduleSchema, 'schedule', 'show')).toMatchObject({ paused: false });
    await installation.sapphire('schedule', 'set', '--interval', '60');
    await installation.sapphire('schedule', 'pause', '--reason', 'by ann');
    next.child.kill('SIGINT');
    expect((await next.ended).code).toBe(0);
  });

  it('leaves a schedule paused that a person has paused, and the screen says what the schedule says', async () => {
    const { child, ended, seen } = await start();
    expect(seen()).toContain('PAUSED (by ann): a cycle every 60 s again after ./sapphire schedule resume');
    expect(await json(scheduleSchema, 'schedule', 'show')).toEqual(
      expect.objectContaining({ paused: true, note: 'by ann', intervalSeconds: 60 }),
    );
    await installation.sapphire('schedule', 'resume');
    child.kill('SIGINT');
    expect((await ended).code).toBe(0);
    const next = await start();
    expect(next.seen()).toMatch(/^a cycle every 60 s, the next at /m);
    next.child.kill('SIGINT');
    expect((await next.ended).code).toBe(0);
  });
});
