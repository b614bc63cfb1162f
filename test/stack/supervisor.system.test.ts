import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identify, isAlive } from '../../client/stack/process-identity.ts';
import type { ProcessNews } from '../../client/stack/process-incidents.ts';
import type { SupervisionLimits } from '../../client/stack/supervised-process.ts';
import { createSupervisor, type Supervisor } from '../../client/stack/supervisor.ts';
import type { UserError } from '../../contracts/errors.ts';
import { eventsIn, eventually, standIn, temporaryFolder } from './harness.ts';

let folder: ReturnType<typeof temporaryFolder>;
let events: string;
let supervisor: Supervisor;

const news: ProcessNews[] = [];
const leftOut: string[] = [];
const progress: string[] = [];

function supervise(
  limits: Partial<SupervisionLimits> = {},
  resumes = false,
  lastWord = async (_error: UserError): Promise<void> => {},
): Supervisor {
  news.length = 0;
  leftOut.length = 0;
  progress.length = 0;
  supervisor = createSupervisor({
    logFolder: join(folder.path, 'logs'),
    environment: {},
    logger: pino({ level: 'silent' }),
    limits: { firstBackoffMs: 1, ...limits },
    resumes,
    lastWord,
    onProcess: (one) => news.push(one),
    onProgress: (words) => progress.push(words),
    onLeftOut: (message) => leftOut.push(message),
  });
  return supervisor;
}

function pidOf(name: string): number | undefined {
  return supervisor.processes().find((running) => running.name === name)?.pid;
}

beforeEach(() => {
  folder = temporaryFolder();
  events = join(folder.path, 'events');
});

afterEach(async () => {
  await supervisor.stop();
  folder.remove();
});

describe('the supervisor', () => {
  it('resolves with the addresses of the ready lines and stops the last stage first', async () => {
    supervise();
    const first = await supervisor.start([standIn('first', events)]);
    const second = await supervisor.start([standIn('second', events), standIn('third', events)]);
    expect([...first, ...second]).toEqual(['http://first', 'http://second', 'http://third']);
    expect(supervisor.processes().map(({ name }) => name)).toEqual(['first', 'second', 'third']);

    await supervisor.stop();
    const stops = eventsIn(events).filter((event) => event.startsWith('stop'));
    expect(stops.slice(0, 2).toSorted()).toEqual(['stop second', 'stop third']);
    expect(stops[2]).toBe('stop first');
    expect(supervisor.processes()).toEqual([]);
  });

  it('waits for one that says how far it is, and passes it on', async () => {
    supervise({ readyTimeoutMs: 3_000 });
    expect(await supervisor.start([standIn('long', events, 'slow')])).toEqual(['http://long']);
    expect(progress).toEqual(Array.from({ length: 10 }, (_, at) => `${10 * (at + 1)} %`));
  });

  it('ends a process that answers no more, starts it anew, and tells both', async () => {
    supervise({ watchEveryMs: 20, watchTimeoutMs: 100, watchFailures: 3 });
    const serving = { ...standIn('worker', events, 'serving'), watched: true };
    await supervisor.start([serving]);
    const first = pidOf('worker');
    // Well as long as it answers, whatever else its address says.
    await sleep(300);
    expect(pidOf('worker')).toBe(first);
    writeFileSync(`${events}.hang`, '');
    await eventually('an end', () => news.length > 0);
    rmSync(`${events}.hang`);
    expect(news[0]).toMatchObject({ name: 'worker', fault: { code: 'process.hung' } });
    await eventually('a new start', () => news.some(({ fault }) => fault === undefined));
    expect(pidOf('worker')).not.toBe(first);
  });

  it('asks at the path that a process has for it', async () => {
    supervise({ watchEveryMs: 20, watchTimeoutMs: 100, watchFailures: 3 });
    const serving = { ...standIn('worker', events, 'serving'), watched: true };
    await supervisor.start([{ ...serving, healthPath: '/nowhere' }]);
    await eventually('an end', () => news.length > 0);
    expect(news[0]).toMatchObject({ name: 'worker', fault: { code: 'process.hung' } });
  });

  it('restarts a process that was killed', async () => {
    supervise();
    await supervisor.start([standIn('worker', events), standIn('bystander', events)]);
    const killed = pidOf('worker');
    const bystander = pidOf('bystander');
    process.kill(killed ?? 0, 'SIGKILL');
    await eventually('a second start', () => eventsIn(events).filter((event) => event === 'start worker').length === 2);
    expect(pidOf('worker')).not.toBe(killed);
    expect(pidOf('bystander')).toBe(bystander);
    expect(news[0]?.fault?.detail).toBe('killed (SIGKILL)');
  });

  it('stops everything when a process cannot be kept running, and says which and why', async () => {
    supervise({ maxRestarts: 2 });
    await supervisor.start([standIn('bystander', events)]);
    await supervisor.start([standIn('worker', events, 'crashing')]);
    const failure = await supervisor.failure;
    expect(failure.message).toMatch(
      /^worker ended 3 times within 600 s, the last time with exit code 9: Error: the price was negative\. /,
    );
    expect(eventsIn(events).filter((event) => event === 'start worker')).toHaveLength(3);
    expect(eventsIn(events)).toContain('stop bystander');
    expect(supervisor.processes()).toEqual([]);
    expect(news.findLast(({ fault }) => fault)).toMatchObject({
      name: 'worker',
      fault: { code: 'process.ended', detail: expect.stringMatching(/cannot be kept running: everything is stopped$/) },
    });
  });

  it('says its last word before anything is stopped, waits neither for one that hangs nor for what cannot be ended, and fails', async () => {
    const said: string[] = [];
    supervise({ maxRestarts: 0, lastWordMs: 50, stopTimeoutMs: 60_000, endAllMs: 50 }, false, async ({ message }) => {
      said.push(message, ...supervisor.processes().map(({ name }) => name));
      await new Promise(() => {});
    });
    await supervisor.start([standIn('deaf', events, 'deaf')]);
    const deaf = identify(pidOf('deaf') ?? 0);
    await supervisor.start([standIn('worker', events, 'crashing')]);
    expect((await supervisor.failure).exitCode).toBe(1);
    expect(said).toEqual([expect.stringMatching(/^worker ended 1 times/), 'deaf']);
    await eventually('its end', () => deaf !== undefined && !isAlive(deaf));
  });

  it('refuses a start that was under way with the reason for which all is stopped', async () => {
    supervise({ maxRestarts: 0 });
    await supervisor.start([standIn('worker', events, 'crashing')]);
    await expect(supervisor.start([standIn('late', events, 'silent')])).rejects.toThrow(/^worker ended 1 times/);
  });

  it('ends all at once where a worker of ours that protects money needs a new start of the whole', async () => {
    supervise();
    await supervisor.start([standIn('bystander', events)]);
    await supervisor.start([{ ...standIn('worker', events, 'outdated'), mayStartAnew: true }]);
    const failure = await supervisor.failure;
    expect(failure).toMatchObject({
      code: 'StartAnew',
      exitCode: 75,
      message:
        'worker ended (exit code 75: its build is gone.) Everything is stopped, and started anew by whoever keeps it running.',
    });
    expect(eventsIn(events).filter((event) => event === 'start worker')).toHaveLength(1);
    expect(eventsIn(events)).toContain('stop bystander');
    expect(news).toEqual([
      {
        name: 'worker',
        fault: {
          code: 'process.ended',
          detail: 'exit code 75: its build is gone. Everything is started anew',
          since: expect.any(Number),
        },
      },
    ]);
  });

  it.each([
    ['one that protects no money', false],
    ['a program of others', true],
  ])('takes the same exit code of %s for a crash as any other, and says it', async (_what, protectsMoney) => {
    supervise();
    let failed = false;
    void supervisor.failure.then(() => (failed = true));
    await supervisor.start([standIn('bystander', events)]);
    const bystander = pidOf('bystander');
    await supervisor.start([{ ...standIn('engine', events, 'outdated'), protectsMoney }]);
    await eventually('a third start', () => eventsIn(events).filter((event) => event === 'start engine').length === 3);
    expect(news.find(({ fault }) => fault)).toMatchObject({
      name: 'engine',
      fault: { code: 'process.ended', detail: 'exit code 75: its build is gone.' },
    });
    expect([failed, pidOf('bystander')]).toEqual([false, bystander]);
  });

  it('leaves alone what protects money when something else crashes again and again, tells each crash, and tries it for ever', async () => {
    supervise({ maxRestarts: 2, longestBackoffMs: 10, longestPauseMs: 60 });
    let failed = false;
    void supervisor.failure.then(() => (failed = true));
    await supervisor.start([standIn('protecting', events)]);
    const protecting = pidOf('protecting');
    await supervisor.start([{ ...standIn('exchange', events, 'crashing'), protectsMoney: false }]);
    const starts = (): number => eventsIn(events).filter((event) => event === 'start exchange').length;
    await eventually('many starts', () => starts() >= 7);
    expect(pidOf('protecting')).toBe(protecting);
    expect(failed).toBe(false);
    const crashes = news.flatMap(({ name, fault }) => (fault ? [{ name, ...fault }] : []));
    expect(crashes.length).toBeGreaterThanOrEqual(6);
    expect(crashes[1]?.detail).toBe('exit code 9: Error: the price was negative');
    expect(crashes[2]).toMatchObject({
      name: 'exchange',
      code: 'process.ended',
      detail: 'exit code 9: Error: the price was negative; it crashes too often and is left down for 0 s',
    });
  });

  it('refuses a process that ends before it is ready, with its own words', async () => {
    supervise();
    const start = supervisor.start([standIn('worker', events, 'broken')]);
    await expect(start).rejects.toThrow('worker did not start (exit code 3: the disk is full).');
  });

  it('goes on without one that protects no money and does not start, says so, and tries it again', async () => {
    supervise();
    const urls = await supervisor.start([
      { ...standIn('engine', events, 'broken'), protectsMoney: false },
      { name: 'absent', command: '/does/not/exist', args: [], protectsMoney: false },
      standIn('worker', events),
    ]);
    expect(urls).toEqual([undefined, undefined, 'http://worker']);
    await eventually('more starts', () => eventsIn(events).filter((event) => event === 'start engine').length >= 3);
    expect(news.find(({ name }) => name === 'engine')).toMatchObject({
      fault: { detail: 'exit code 3: the disk is full' },
    });
    expect(leftOut.toSorted().map((message) => message.replace(/ Its log is .*?\.log\./, ''))).toEqual([
      expect.stringMatching(/^absent did not start \(spawn \/does\/not\/exist ENOENT.*tried again and again\.$/),
      'engine did not start (exit code 3: the disk is full). The others start without it; it is tried again and again.',
    ]);
    await expect(supervisor.start([standIn('execution', events, 'broken')])).rejects.toThrow('execution did not start');
  });

  it.each([false, true])(
    'needs at a first start what there is nothing to start for without (after a crash: %s)',
    async (resumes) => {
      supervise({}, resumes);
      const market = { ...standIn('market', events, 'broken'), protectsMoney: false, neededAtStart: true };
      const start = supervisor.start([market]).catch((error: Error) => error.message);
      expect(await start).toEqual(
        resumes ? [undefined] : expect.stringContaining('market did not start (exit code 3: the disk is full).'),
      );
    },
  );

  it.each([false, true])(
    'goes on without what protects money and is not ready in time where something is at stake, and tries it again (%s)',
    async (resumes) => {
      supervise({ readyTimeoutMs: 3_000 }, resumes);
      let failed = false;
      void supervisor.failure.then(() => (failed = true));
      const start = supervisor
        .start([standIn('execution', events, 'silent'), standIn('control', events)])
        .catch((error: Error) => error.message);
      expect(await start).toEqual(
        resumes ? [undefined, 'http://control'] : expect.stringContaining('execution was not ready after 3 s'),
      );
      if (!resumes) return;
      expect(leftOut).toEqual([
        expect.stringMatching(/^execution was not ready after 3 s; .* it is tried again and again\.$/),
      ]);
      await eventually(
        'another start',
        () => eventsIn(events).filter((event) => event === 'start execution').length >= 2,
      );
      expect(failed).toBe(false);
      expect(supervisor.serves('control')).toBe(true);
      expect(news[0]?.fault?.detail).toMatch(/^it was not ready after 3 s and was ended/);
    },
  );

  it('never gives up what protects money for what is away outside of it, says that, and counts no end of that time', async () => {
    supervise({ maxRestarts: 2, longestBackoffMs: 10 });
    let gone: string | undefined = 'the exchange does not answer';
    let failed = false;
    void supervisor.failure.then(() => (failed = true));
    const control = { ...standIn('control', events, 'broken'), away: async () => gone };
    expect(await supervisor.start([control])).toEqual([undefined]);
    expect(supervisor.serves('control')).toBe(false);
    await eventually('many starts', () => eventsIn(events).filter((event) => event === 'start control').length >= 5);
    expect(failed).toBe(false);
    expect(leftOut).toEqual([expect.stringMatching(/^control did not start \(exit code 3/)]);
    expect(news[0]?.fault?.detail).toBe(
      'exit code 3: the disk is full; it waits for what is away: the exchange does not answer',
    );
    gone = undefined;
    expect((await supervisor.failure).message).toMatch(/^control ended 3 times/);
  });

  it('serves what is ready, and not what runs without having been', async () => {
    supervise({ readyTimeoutMs: 60_000 });
    await supervisor.start([standIn('ready', events)]);
    const start = supervisor.start([{ ...standIn('mute', events, 'silent'), protectsMoney: false }]);
    start.catch(() => {});
    await eventually('the process', () => eventsIn(events).includes('start mute'));
    expect(['ready', 'mute', 'unknown'].map((name) => supervisor.serves(name))).toEqual([true, false, false]);
  });

  it('refuses a program that is not there', async () => {
    supervise();
    const start = supervisor.start([{ name: 'temporal', command: '/does/not/exist', args: [], protectsMoney: true }]);
    await expect(start).rejects.toThrow(/^temporal did not start \(spawn \/does\/not\/exist ENOENT/);
  });

  it('gives up on a process that never gets ready and leaves nothing of it', async () => {
    supervise({ readyTimeoutMs: 400 });
    const start = supervisor.start([standIn('worker', events, 'silent')]);
    const identity = identify(pidOf('worker') ?? 0);
    await expect(start).rejects.toThrow('worker was not ready after 0.4 s');
    await eventually('its end', () => identity !== undefined && !isAlive(identity));
  });

  it('kills a process that does not follow SIGTERM', async () => {
    supervise({ stopTimeoutMs: 200 });
    await supervisor.start([standIn('worker', events, 'deaf')]);
    const identity = identify(pidOf('worker') ?? 0);
    await supervisor.stop();
    expect(eventsIn(events)).toContain('ignored worker');
    expect(identity && isAlive(identity)).toBe(false);
  });

  it('ends a start that is under way when it is stopped, and begins no other', async () => {
    supervise();
    const start = supervisor.start([standIn('worker', events, 'silent')]);
    const refusal = expect(start).rejects.toThrow('The start was interrupted.');
    await eventually('the process', () => eventsIn(events).includes('start worker'));
    await supervisor.stop();
    await refusal;
    await expect(supervisor.start([standIn('late', events)])).rejects.toThrow('The start was interrupted.');
    expect(eventsIn(events)).not.toContain('start late');
  });
});
