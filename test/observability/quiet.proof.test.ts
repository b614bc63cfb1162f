import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { tradingJobs } from '../../deploy/observability/alerts/system.ts';
import { ruleFile } from '../../deploy/observability/rules.ts';
import type * as Telemetry from '../../runtime/telemetry/metrics.ts';
import { tool } from './promtool.ts';

/** Of scrapes and of rounds of the rules, as `npm start -- --observe` has them. */
const STEP = 10;
const CYCLE = 30;
/** Until a process answers again on a slow machine; commonly it takes 6 to 13 seconds. */
const SLOW_START = 35;

/** One life of a process: a registry as it is at its start. */
interface Life {
  telemetry: typeof Telemetry;
  startedAt: number;
}

interface Process {
  job: string;
  /** None while it is down. */
  life?: Life;
  /** It works, and does not answer Prometheus. */
  hangs?: boolean;
}

/** What happens to the processes, by seconds. */
interface Story {
  seconds: number;
  /** Down from one moment on, for some seconds. */
  restarts?: readonly { job: string; at: number; lasts: number }[];
  hangs?: readonly { job: string; from: number; to: number }[];
  /** From there on they answer, and do nothing. */
  worksUntil?: number;
  /** The account has been halted from the start: no cycle is begun. */
  halted?: boolean;
}

async function bear(startedAt: number): Promise<Life> {
  vi.resetModules();
  const telemetry = await import('../../runtime/telemetry/metrics.ts');
  // Of Node itself they would be this test's.
  for (const { name } of await telemetry.registry.getMetricsAsJSON())
    if (/^(process|nodejs|memory)_/.test(name)) telemetry.registry.removeSingleMetric(name);
  return { telemetry, startedAt };
}

/** What a process tells at one moment, by series. */
async function page({ life, hangs = false, job }: Process): Promise<Map<string, number>> {
  const told = new Map([[`up{job="${job}"}`, life && !hangs ? 1 : 0]]);
  if (!life || hangs) return told;
  told.set(`process_start_time_seconds{job="${job}"}`, life.startedAt);
  for (const [, name = '', labels = '', value] of (await life.telemetry.registry.metrics()).matchAll(
    /^([a-z_]+)(?:\{(.*)\})? (\S+)$/gm,
  )) {
    told.set(`${name}{${[labels, `job="${job}"`].filter((each) => each !== '').join(',')}}`, Number(value));
  }
  return told;
}

/** What a process tells from its start on. */
function begin(processes: ReadonlyMap<string, Process>): void {
  const cycles = processes.get('trading-cycles')?.life;
  if (!cycles) return;
  cycles.telemetry.metrics.cycleInterval.set(CYCLE);
  cycles.telemetry.metrics.cycleExpectedSince.set(cycles.startedAt);
}

/** What each role does in a moment, as its code tells it. */
function work(processes: ReadonlyMap<string, Process>, now: number, halted: boolean): void {
  const metricsOf = (job: string) => processes.get(`trading-${job}`)?.life?.telemetry.metrics;
  const all = ['cycles', 'agents', 'execution', 'control', 'coordinator'].map(metricsOf);
  const cycles = metricsOf('cycles');
  if (cycles && !halted && now % CYCLE === 0) {
    cycles.marketSeenAt.set({ symbol: 'BTC/USDT' }, now);
    cycles.cycles.inc({ outcome: all.every((each) => each !== undefined) ? 'COMPLETED' : 'NO_TRADE' });
    cycles.cycleFinishedAt.set(now);
    if (metricsOf('agents')) cycles.cycleHeardAt.set(now);
  }
  const control = metricsOf('control');
  control?.tradingState.set({ portfolio: 'main', mode: 'paper' }, halted ? 2 : 0);
  if (now % 30 === 20) {
    control?.reconciledAt.set(now);
    control?.reconciliationDifferences.set(0);
    metricsOf('execution')?.unresolvedOrders.set(0);
  }
  const housekeeping = metricsOf('housekeeping');
  housekeeping?.healthLookAt.set(now);
  housekeeping?.incidentsEscalated.set({ severity: 'critical', component: '', code: '', runbook: '' }, 0);
  housekeeping?.incidentsUnacknowledged.set({ severity: 'critical' }, 0);
  if (now % 300 === 0) housekeeping?.backupAt.set(now);
}

/** Critical alerts that fired at any time, by what they are and of whom, on the registries of the processes themselves. */
async function paged({ seconds, restarts = [], hangs = [], halted = false, worksUntil }: Story): Promise<string[]> {
  const processes = new Map(tradingJobs.map((job): [string, Process] => [job, { job }]));
  const series = new Map<string, string[]>();
  for (let now = 0; now <= seconds; now += STEP) {
    for (const process of processes.values()) {
      const isDown = restarts.some(({ job, at, lasts }) => job === process.job && now >= at && now < at + lasts);
      // A fresh start: they come up one after another within half a minute.
      const isThere = now >= tradingJobs.indexOf(process.job) * 5 && !isDown;
      if (!isThere) delete process.life;
      else process.life ??= await bear(now);
      process.hangs = hangs.some(({ job, from, to }) => job === process.job && now >= from && now < to);
    }
    begin(processes);
    if (worksUntil === undefined || now < worksUntil) work(processes, now, halted);
    const place = now / STEP;
    for (const process of processes.values()) {
      for (const [name, value] of await page(process)) {
        const samples = series.get(name) ?? [];
        series.set(name, samples);
        while (samples.length < place) samples.push(samples.at(-1)?.match(/^[\d.]/) ? 'stale' : '_');
        samples.push(String(value));
      }
    }
  }
  const places = seconds / STEP + 1;
  const input_series = [...series].map(([name, samples]) => ({
    series: name,
    values: [...samples, ...(samples.length < places ? ['stale'] : [])].join(' '),
  }));
  const pages = `count by (alertname, job) (count_over_time(ALERTS{alertstate="firing",severity="critical"}[${seconds}s]))`;
  return promtool({
    rule_files: ['rules.yml'],
    evaluation_interval: `${STEP}s`,
    tests: [
      {
        interval: `${STEP}s`,
        input_series,
        promql_expr_test: [{ expr: pages, eval_time: `${seconds}s`, exp_samples: [] }],
      },
    ],
  });
}

/** The alerts that promtool found where none was expected. */
async function promtool(test: object): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-quiet-'));
  try {
    writeFileSync(join(folder, 'rules.yml'), ruleFile());
    writeFileSync(join(folder, 'test.yml'), stringify(test, { lineWidth: 0 }));
    const { output } = await tool('promtool', 'test', 'rules', join(folder, 'test.yml'));
    if (output.includes('SUCCESS')) return [];
    const got = /got: (.*)/.exec(output)?.[1];
    if (got === undefined) throw new Error(output.slice(0, 2_000));
    const names = [...got.matchAll(/\{alertname="(\w+)"(?:, job="([\w-]+)")?\}/g)];
    return names.map(([, name = '', job]) => (job === undefined ? name : `${name} ${job}`)).toSorted();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the whole set of rules, on what the processes’ own registries tell', () => {
  afterEach(() => vi.resetModules());

  it('pages nobody in the hour after a fresh start, and while each process is started again twenty times', {
    timeout: 240_000,
  }, async () => {
    const restarts = tradingJobs.flatMap((job, place) =>
      Array.from({ length: 20 }, (_, count) => ({ job, at: 3_600 + place * 30 + count * 180, lasts: SLOW_START })),
    );
    expect(await paged({ seconds: 7_200, restarts })).toEqual([]);
  });

  it.each([false, true])(
    'pages within a minute of a process that works and does not answer once, and of nothing that it does; halted: %s',
    { timeout: 240_000 },
    async (halted) => {
      const hangs = tradingJobs.map((job, place) => ({ job, from: 600 + place * 600, to: 660 + place * 600 }));
      const told = await paged({ seconds: 4_200, hangs, halted });
      // What the outages used up of the budget is true, too, and not told while one lasts.
      expect(told.filter((each) => !each.includes('TradingBudgetBurnUptime'))).toEqual(
        tradingJobs.map((job) => `TradingSystemDown ${job}`).toSorted(),
      );
    },
  );

  it('pages of what has not been done since a start', { timeout: 240_000 }, async () => {
    const restarts = tradingJobs.map((job) => ({ job, at: 600, lasts: 20 }));
    expect(await paged({ seconds: 1_200, restarts, worksUntil: 600 })).toEqual([
      'TradingCyclesStalled',
      'TradingHealthLookStale',
      'TradingReconciliationStale',
    ]);
  });
});
