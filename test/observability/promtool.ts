import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { debianProgram } from '../../client/stack/debian-programs.ts';
import type { Alert } from '../../deploy/observability/alert.ts';
import { ruleFile } from '../../deploy/observability/rules.ts';
import { type AlertCase, holdSeconds, ruleOf, type Series, secondsOf } from './alert-case.ts';

const run = promisify(execFile);

/** Runs promtool or amtool; what it said, and whether it was content. */
export async function tool(name: 'promtool' | 'amtool', ...args: string[]): Promise<{ ok: boolean; output: string }> {
  const { file } = await debianProgram(name);
  try {
    const { stdout, stderr } = await run(file, args, { maxBuffer: 64 * 1024 * 1024 });
    return { ok: true, output: `${stdout}${stderr}` };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { ok: false, output: `${stdout}${stderr}` };
  }
}

/** Holds one alert, as it is or mutated, against its case. */
export async function holds(
  alertCase: AlertCase,
  rule: Alert = ruleOf(alertCase),
): Promise<{ ok: boolean; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-promtool-'));
  try {
    writeFileSync(join(folder, 'rules.yml'), ruleFile([{ name: 'one.alerts', alerts: [rule] }], []));
    writeFileSync(join(folder, 'test.yml'), stringify(testFile(alertCase)));
    return await tool('promtool', 'test', 'rules', join(folder, 'test.yml'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Silent at and below the threshold, silent one step before its time, firing at it, and silent once it is over. */
function testFile(alertCase: AlertCase) {
  const { stepSeconds = 15, silent, fires, alsoFires = [], holdsFrom, overAt } = alertCase;
  const firesAt = holdsFrom + holdSeconds(ruleOf(alertCase));
  const before = firesAt - stepSeconds;
  const end = (overAt ?? firesAt) + 10 * stepSeconds;
  const { lasts } = ruleOf(alertCase);
  const after = lasts === undefined ? 0 : Math.ceil(secondsOf(lasts) / stepSeconds) * stepSeconds;
  const group = (series: Series, expected: [number, boolean][]) => ({
    interval: `${stepSeconds}s`,
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: expected.map(([at, firing]) => ({
      expr: selector(alertCase),
      eval_time: `${at}s`,
      exp_samples: firing ? [{ labels: '{}', value: 1 }] : [],
    })),
  });
  return {
    rule_files: ['rules.yml'],
    evaluation_interval: `${stepSeconds}s`,
    tests: [
      ...silent.map((series) =>
        group(
          series,
          [before, firesAt, end].filter((at) => at >= 0).map((at) => [at, false]),
        ),
      ),
      ...alsoFires.map((series) => group(series, [[firesAt, true]])),
      group(fires, [
        ...(before >= 0 ? [[before, false] as [number, boolean]] : []),
        [firesAt, true],
        ...(overAt === undefined || after === 0 ? [] : [[overAt, true] as [number, boolean]]),
        ...(overAt === undefined ? [] : [[overAt + after, false] as [number, boolean]]),
      ]),
    ],
  };
}

/** With every label that decides who is told. */
function selector(alertCase: AlertCase): string {
  const { name, severity, labels = {} } = ruleOf(alertCase);
  const wanted = { alertname: name, alertstate: 'firing', severity, team: 'trading', ...labels };
  const matchers = Object.entries(wanted).map(([key, value]) => `${key}="${value}"`);
  return `count(ALERTS{${matchers.join(',')}})`;
}

/** What the alert says while it fires: promtool prints it where nothing was expected. */
export async function words(alertCase: AlertCase): Promise<string> {
  const { stepSeconds = 15, fires, holdsFrom } = alertCase;
  const rule = ruleOf(alertCase);
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-promtool-'));
  try {
    writeFileSync(join(folder, 'rules.yml'), ruleFile([{ name: 'one.alerts', alerts: [rule] }], []));
    const test = {
      rule_files: ['rules.yml'],
      evaluation_interval: `${stepSeconds}s`,
      tests: [
        {
          interval: `${stepSeconds}s`,
          input_series: Object.entries(fires).map(([name, values]) => ({ series: name, values })),
          alert_rule_test: [{ alertname: rule.name, eval_time: `${holdsFrom + holdSeconds(rule)}s`, exp_alerts: [] }],
        },
      ],
    };
    writeFileSync(join(folder, 'test.yml'), stringify(test));
    return (await tool('promtool', 'test', 'rules', join(folder, 'test.yml'))).output;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
