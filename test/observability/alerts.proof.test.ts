import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { alertmanagerFile } from '../../client/stack/receivers.ts';
import type { Alert } from '../../deploy/observability/alert.ts';
import { generatedFiles } from '../../deploy/observability/generate.ts';
import { alertGroups } from '../../deploy/observability/rules.ts';
import { runbookOf } from '../../deploy/observability/runbooks.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { type AlertCase, ruleOf } from './alert-case.ts';
import { cases } from './cases.ts';
import { holds, tool, words } from './promtool.ts';

const folder = join(projectFolder, 'deploy', 'observability', 'generated');
const rules = alertGroups.flatMap(({ alerts }) => alerts);
const titled = cases.map((each): [string, AlertCase] => {
  return [[each.alert, ...Object.values(each.labels ?? {})].join(' '), each];
});

/** The next number that means something else: a whole one that is counted by goes up by one, another by a third. */
function moved(number: string, sign: string): string {
  const value = Number(number);
  if (value === 0) return sign === '<' ? '-1000' : '1';
  return String(Number.isInteger(value) && Math.abs(value) <= 3 ? value + 1 : value * 1.3);
}

const turned: Record<string, string> = { '>=': '<', '>': '<', '<': '>', '==': '!=' };

/** Every way in which a rule is easily got wrong. */
function mutants(rule: Alert): [string, Alert][] {
  const { name, expr, severity } = rule;
  const swapped = expr.replace(/ (>=|==|>|<) (?=-?[\d.(]|3 \*)/, (_all, sign: string) => ` ${turned[sign]} `);
  const shifted = expr.replace(
    / (>|<) (-?[\d.]+(e\d+)?)/,
    (_all, sign: string, number: string) => ` ${sign} ${moved(number, sign)}`,
  );
  const found: [string, Alert][] = [
    ['another severity', { ...rule, severity: severity === 'critical' ? 'warning' : 'critical' }],
  ];
  if (swapped !== expr) found.push(['the comparison the other way', { ...rule, expr: swapped }]);
  if (shifted !== expr) found.push(['another threshold', { ...rule, expr: shifted }]);
  if (rule.for !== undefined)
    found.push(['no wait', { ...rule, for: '0s' }], ['a longer wait', { ...rule, for: '4h' }]);
  else if (name !== 'Watchdog') found.push(['a wait', { ...rule, for: '30m' }]);
  const { lasts, ...brief } = rule;
  if (lasts !== undefined) found.push(['an end at once', brief]);
  return found;
}

describe('the rules', () => {
  it('are generated from the tables, as are the routes', () => {
    for (const [path, text] of Object.entries(generatedFiles())) {
      expect(readFileSync(join(folder, path), 'utf8'), `${path}: node deploy/observability/generate.ts`).toBe(text);
    }
  });

  it('pass promtool', async () => {
    const { ok, output } = await tool('promtool', 'check', 'rules', join(folder, 'rules.yml'));
    expect(output).toContain('SUCCESS');
    expect(ok).toBe(true);
  });

  it('have a case each', () => {
    expect(cases.map(ruleOf)).toHaveLength(rules.length);
    expect(new Set(cases.map(ruleOf))).toEqual(new Set(rules));
  });

  it.each(titled)(
    '%s: silent at the threshold and one step before its time, firing at it, and over',
    async (_title, alertCase) => {
      const { ok, output } = await holds(alertCase);
      expect(output).toContain('SUCCESS');
      expect(ok).toBe(true);
    },
  );

  it.each(titled)('%s: each mutation is found', async (_title, alertCase) => {
    const rule = ruleOf(alertCase);
    const survivors: string[] = [];
    for (const [what, mutant] of mutants(rule)) {
      const { ok, output } = await holds(alertCase, mutant);
      if (ok || !output.includes('FAILED')) survivors.push(`${what}: ${output.slice(0, 200)}`);
    }
    expect(survivors).toEqual([]);
  });

  it.each(titled)('%s: says what it is about', async (_title, alertCase) => {
    const output = await words(alertCase);
    expect(output).toContain('got:');
    expect(output).toContain(ruleOf(alertCase).summary);
    expect(output).not.toMatch(/<no value>|<error|%!/);
  });
});

describe('a runbook', () => {
  const names = [...new Set(rules.map(({ name }) => name))];

  it.each(names)('of %s is where its link leads, and says what to do', (name) => {
    const file = join(projectFolder, runbookOf(name));
    expect(existsSync(file)).toBe(true);
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(new RegExp(`^# ${name}\n`));
    for (const part of ['## What it means', '## What to look at', '## What to do']) expect(text).toContain(part);
  });

  it('of an alert that does not exist stands nowhere', () => {
    const files = readdirSync(join(projectFolder, 'deploy', 'runbooks'));
    expect(files.sort()).toEqual(names.map((name) => `${name}.md`).sort());
  });
});

describe('a schedule that a person resumes, or makes shorter', () => {
  const repeated = (value: number | string, seconds: number): string => `${value}x${seconds / 15 - 1}`;
  const last = { 'trading_cycle_finished_timestamp_seconds{job="trading-cycles"}': repeated(5, 6_000) };
  const seen = { 'market_snapshot_timestamp_seconds{symbol="BTC/USDT"}': repeated(5, 6_000) };
  const interval = 'trading_cycle_interval_seconds';
  const since = 'trading_cycle_expected_since_timestamp_seconds';
  const resumed = {
    [interval]: `${repeated(300, 105)} stale ${repeated('_', 1_395)} ${repeated(300, 3_000)}`,
    [since]: `${repeated(0, 105)} stale ${repeated('_', 1_395)} ${repeated(1_510, 3_000)}`,
  };
  const shortened = {
    [interval]: `${repeated(3_600, 3_000)} ${repeated(300, 3_000)}`,
    [since]: `${repeated(0, 3_000)} ${repeated(3_000, 3_000)}`,
  };

  it.each([
    ['TradingCyclesStalled', last, resumed, 2_415],
    ['TradingCyclesStalled', last, shortened, 3_915],
    ['TradingMarketDataStale', seen, resumed, 2_415],
    ['TradingMarketDataStale', seen, shortened, 3_915],
  ])('has three of its intervals: %s', async (alert, stands, schedule, holdsFrom) => {
    const { ok, output } = await holds({ alert, silent: [], fires: { ...stands, ...schedule }, holdsFrom });
    expect(output).toContain('SUCCESS');
    expect(ok).toBe(true);
  });
});

describe('the routes', () => {
  const file = join(folder, 'alertmanager.yml');

  it('pass amtool', async () => {
    expect((await tool('amtool', 'check-config', file)).output).toContain('SUCCESS');
  });

  it.each(['https://user:p%40ss@e.com/50%25off', 'http://alert_manager:80/ä~(1)', 'https://[::1]:9/a'])(
    'pass amtool with receivers as unusual as those that are taken: %s',
    async (url) => {
      const secrets = mkdtempSync(join(tmpdir(), 'sapphire-amtool-'));
      onTestFinished(() => rmSync(secrets, { recursive: true }));
      const own = join(secrets, 'given.yml');
      const given = {
        SAPPHIRE_ALERT_WEBHOOK_URL: url,
        SAPPHIRE_ALERT_HEARTBEAT_URL: `${url}?token=a%20b&c#d`,
        SAPPHIRE_ALERT_SLACK_URL: url,
        SAPPHIRE_ALERT_EMAIL_PASSWORD: 'secret',
        SAPPHIRE_ALERT_EMAIL_USERNAME: 'sapphire',
        SAPPHIRE_ALERT_EMAIL_TO: '"Lead, A." <lead@example.org>,b@example.org',
        SAPPHIRE_ALERT_EMAIL_FROM: 'Sapphire <sapphire@example.org>',
        SAPPHIRE_ALERT_EMAIL_SMARTHOST: '[::1]:65535',
      };
      writeFileSync(own, alertmanagerFile(secrets, given));
      expect((await tool('amtool', 'check-config', own)).output).toContain('SUCCESS');
    },
  );

  it.each(rules.map((rule): [string, Alert] => [[rule.name, ...Object.values(rule.labels ?? {})].join(' '), rule]))(
    '%s reaches who is to know',
    async (_title, { name, severity, labels = {} }) => {
      const receiver =
        name === 'Watchdog'
          ? 'dead-mans-switch'
          : labels['escalation'] === 'unacknowledged'
            ? 'escalation'
            : severity === 'critical'
              ? 'page'
              : 'team';
      const given = Object.entries({ alertname: name, severity, team: 'trading', ...labels });
      const args = given.map(([key, value]) => `${key}=${value}`);
      const test = ['config', 'routes', 'test', `--config.file=${file}`];
      const { ok, output } = await tool('amtool', ...test, `--verify.receivers=${receiver}`, ...args);
      expect(output.split('\n', 1)).toEqual([receiver]);
      expect(ok).toBe(true);
      const other = receiver === 'page' ? 'team' : 'page';
      expect((await tool('amtool', ...test, `--verify.receivers=${other}`, ...args)).ok).toBe(false);
    },
  );
});
