import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { watchDisk } from '../../client/stack/disk-watch.ts';
import { pinConfiguration, watchConfiguration } from '../../client/stack/pinned-configuration.ts';
import { createProcessIncidents, SUPERVISOR, supervisorNews } from '../../client/stack/process-incidents.ts';
import type { Observation } from '../../domain/health/health.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { temporaryJournal } from '../support/books.ts';

let journal: Journal;
const silent = pino({ level: 'silent' });
beforeEach(async () => {
  journal = await temporaryJournal();
});
afterEach(() => journal.close());

it('what happened before the books were open, and while they could not be written, stands in them in its order', async () => {
  let away = true;
  const incidents = createProcessIncidents(silent);
  const before = Date.now();
  incidents.note({ name: 'temporal', fault: { code: 'process.ended', detail: 'SIGKILL', since: before } });
  incidents.open({
    ...journal.incidents,
    look: (look) => (away ? Promise.reject(new Error('disk is full')) : journal.incidents.look(look)),
  });
  incidents.note({ name: 'temporal' });
  const noted = Date.now();
  expect(await journal.incidents.list({ limit: 5 })).toEqual([]);
  away = false;
  await expect
    .poll(async () => (await journal.incidents.list({ limit: 5 }))[0]?.recoveredAt, { timeout: 5_000 })
    .toEqual(expect.any(Number));
  const [incident] = await journal.incidents.list({ limit: 5 });
  expect(incident).toMatchObject({ component: 'process/temporal', detectedBy: 'supervisor', recoveredBy: 'restart' });
  expect(incident?.detectedAt).toBeGreaterThanOrEqual(before);
  expect(incident?.recoveredAt).toBeLessThanOrEqual(noted);
  incidents.close();
});

it('a supervisor that was killed is an incident from then on, until the next one has everything running', async () => {
  expect(supervisorNews({})).toBeUndefined();
  const since = Date.now() - 1_500;
  const crash = supervisorNews({ SAPPHIRE_CRASHED_AT: String(since) });
  const incidents = createProcessIncidents(silent);
  if (crash) incidents.note(crash);
  incidents.note({ name: SUPERVISOR });
  incidents.open(journal.incidents);
  await expect.poll(async () => (await journal.incidents.list({ limit: 5 }))[0]?.recoveredAt).toBeGreaterThan(since);
  expect(await journal.incidents.list({ limit: 5 })).toMatchObject([
    { component: 'process/supervisor', beganAt: since, recoveredBy: 'restart' },
  ]);
  incidents.close();
});

it('a disk that is full is told once, and once when it has room; what is tried is left to the health workflow', async () => {
  const incidents = createProcessIncidents(silent);
  let full = true;
  const stop = watchDisk('/', incidents.observe, 10, async () => [
    { component: 'disk', detail: 'room', ...(full ? { code: 'disk.low' as const } : {}) },
  ]);
  incidents.open(journal.incidents);
  const disk = async () => (await journal.incidents.list({ limit: 5 }))[0];
  await expect.poll(disk).toMatchObject({ component: 'disk', detectedBy: 'supervisor', looks: 1, actions: [] });
  const { due } = await journal.incidents.look({
    at: Date.now(),
    by: 'health',
    observations: [{ component: 'disk', code: 'disk.low', detail: 'none left' }],
  });
  expect(due).toMatchObject([{ action: 'make-room' }]);
  const { detectedAt = Number.NaN } = (await disk()) ?? {};
  full = false;
  await expect.poll(async () => (await disk())?.recoveredAt).toBeGreaterThanOrEqual(detectedAt);
  stop();
  incidents.close();
});

it('a configuration that is spoilt meanwhile is told once, and what runs keeps the one it began with', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-pinned-'));
  const file = join(folder, 'trading.yml');
  const { SAPPHIRE_CONFIG: config, SAPPHIRE_DATA: data } = process.env;
  process.env['SAPPHIRE_CONFIG'] = file;
  process.env['SAPPHIRE_DATA'] = folder;
  try {
    writeFileSync(file, 'symbols: [ETH/USDT]\n');
    const pinned = pinConfiguration();
    const told: Observation[] = [];
    const stop = watchConfiguration((observation) => told.push(observation), 10);
    writeFileSync(file, 'symbols: ETH\n');
    await expect.poll(() => told.length).toBe(1);
    expect(told[0]).toMatchObject({ component: 'configuration', code: 'configuration.invalid' });
    expect(told[0]?.detail).toContain(file);
    expect(loadConfiguration(pinned).symbols).toEqual(['ETH/USDT']);
    writeFileSync(file, 'symbols: [BTC/USDT]\n');
    await expect.poll(() => told.at(-1)).toEqual({ component: 'configuration', detail: 'ok' });
    stop();
  } finally {
    restore('SAPPHIRE_CONFIG', config);
    restore('SAPPHIRE_DATA', data);
  }
});

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

it('what a machine that joined sees has its name, is told again as long as it lasts, and closes nothing of another’s', async () => {
  await journal.incidents.look({
    at: Date.now(),
    by: 'supervisor',
    observations: [{ component: 'process/workers/cycles', code: 'process.ended', detail: 'SIGKILL' }],
  });
  const incidents = createProcessIncidents(silent, 'two.example', 20);
  incidents.open(journal.incidents);
  incidents.note({ name: 'workers/cycles' });
  incidents.note({ name: 'workers/agents', fault: { code: 'process.ended', detail: 'SIGKILL', since: Date.now() } });
  incidents.observe({ component: 'stacks/first', code: 'stack.no_first', detail: 'nobody' });
  const open = async () =>
    (await journal.incidents.list({ limit: 5 })).filter(({ recoveredAt }) => recoveredAt === undefined);
  await expect
    .poll(async () => (await open()).map(({ component }) => component).toSorted())
    .toEqual(['process/workers/agents@two.example', 'process/workers/cycles', 'stacks/first']);
  const looks = async () => (await open()).find(({ component }) => component.endsWith('@two.example'))?.looks;
  await expect.poll(looks).toBeGreaterThan(2);
  incidents.note({ name: 'workers/agents' });
  await expect.poll(looks).toBeUndefined();
  incidents.close();
});
