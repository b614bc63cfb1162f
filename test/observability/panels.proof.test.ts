import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { objectives } from '../../deploy/observability/alerts/objectives.ts';
import { annotations } from '../../deploy/observability/dashboards/annotations.ts';
import { boards } from '../../deploy/observability/generate.ts';
import { tool } from './promtool.ts';

const panels = boards.flatMap(({ rows }) => rows.flatMap((row) => row.panels));

function askedBy(title: string, place = 0): string {
  const expr = panels.find((panel) => panel.title === title)?.queries[place]?.expr;
  if (expr === undefined) throw new Error(`There is no query ${place} of a panel ${title}.`);
  return expr;
}

function marks(name: string): string {
  const expr = annotations.find((annotation) => annotation.name === name)?.expr;
  if (expr === undefined) throw new Error(`There is no annotation ${name}.`);
  return expr;
}

async function inFolder(files: Record<string, unknown>, ...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-panels-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), stringify(content));
    return await tool('promtool', ...args.slice(0, -1), join(folder, args.at(-1) ?? ''));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it('every query of a panel and every annotation is PromQL', async () => {
  const asked = [
    ...panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)),
    ...annotations.map(({ expr }) => expr),
  ];
  const rules = [...new Set(asked)].map((expr, place) => ({
    record: `asked:${place}`,
    expr: expr.replaceAll('$__rate_interval', '1m'),
  }));
  expect(rules.length).toBeGreaterThan(70);
  expect(
    await inFolder({ 'rules.yml': { groups: [{ name: 'asked', rules }] } }, 'check', 'rules', 'rules.yml'),
  ).toMatchObject({
    ok: true,
  });
});

/** What promtool asks at one moment, of these series. */
function answers(input_series: { series: string; values: string }[], asked: { expr: string; exp_samples: object[] }[]) {
  const promql_expr_test = asked.map(({ expr, exp_samples }) => ({
    expr: expr.replaceAll('$__rate_interval', '1m'),
    eval_time: '5m',
    exp_samples,
  }));
  const test = { rule_files: [], tests: [{ interval: '30s', input_series, promql_expr_test }] };
  return inFolder({ 'test.yml': test }, 'test', 'rules', 'test.yml');
}

it('has no value where nobody tells', async () => {
  const asked = panels.flatMap(({ queries }) => queries.map(({ expr }) => ({ expr, exp_samples: [] })));
  expect(await answers([], asked)).toMatchObject({ ok: true });
});

const counted: [title: string, teller: string][] = [
  ['Critical alerts', 'ALERTS{alertname="Watchdog", alertstate="firing", severity="none"}'],
  ['Warnings', 'ALERTS{alertname="Watchdog", alertstate="firing", severity="none"}'],
  ['Denied by the fence', 'up{job="trading-execution"}'],
  ['Cost of a month', 'up{job="trading-agents"}'],
  ['Failed attempts', 'activity_attempts_total{result="done"}'],
  ['Backlog', 'up{job="temporal"}'],
  ['Non-determinism', 'temporal_request_latency_seconds_count'],
  ['Failed workflows', 'temporal_request_latency_seconds_count'],
];

it.each(counted)('%s is none while its teller has nothing to tell', async (title, teller) => {
  const asked = [{ expr: askedBy(title), exp_samples: [{ labels: '{}', value: 0 }] }];
  expect(await answers([{ series: teller, values: '1x20' }], asked)).toMatchObject({ ok: true });
});

it('lists tell what fires and since when, and releases, restarts and what is left of a budget are seen', async () => {
  const some = {
    alert: 'Some',
    expr: 'min by (component) (health_check_status) == 0',
    for: '2m',
    labels: { severity: 'warning' },
  };
  const watchdog = { alert: 'Watchdog', expr: 'vector(1)', labels: { severity: 'none' } };
  const always = (value: number) => ({ labels: '{alertname="Watchdog",severity="none"}', value });
  const at = (expr: string, time: string, ...samples: { labels: string; value: number }[]) => ({
    expr,
    eval_time: time,
    exp_samples: samples,
  });
  const firing = askedBy('Firing alerts');
  const left = (name: string) =>
    askedBy(
      'Left of the budgets',
      objectives.findIndex((each) => each.name === name),
    );
  const test = {
    rule_files: ['rules.yml'],
    evaluation_interval: '30s',
    tests: [
      {
        interval: '30s',
        input_series: [
          { series: 'health_check_status{component="exchange"}', values: '1x5 0x20' },
          // Of 360 cycles that may be missed five were in an hour; 1.8 fills and exits may be late: two are too few for a word, six are not.
          { series: 'slo:cycles_bad:increase_1h', values: '5x20' },
          { series: 'slo:cycles_all:increase_1h', values: '500x20' },
          { series: 'slo:execution_bad:increase_1h', values: '2 _x20' },
          { series: 'slo:execution_all:increase_1h', values: '0.05 _x20' },
          { series: 'slo:exits_bad:increase_1h', values: '3 3 _x20' },
          { series: 'slo:exits_all:increase_1h', values: '0.05 0.05 _x20' },
          { series: 'workflow_build_info{build="old"}', values: '1x8' },
          { series: 'workflow_build_info{build="new"}', values: '_x9 1x20' },
          { series: 'process_start_time_seconds{job="trading-control"}', values: '100x6 300x20' },
          {
            series: 'incident_opened_timestamp_seconds{component="temporal",code="temporal.slow",severity="warning"}',
            values: '60x20',
          },
        ],
        promql_expr_test: [
          at(firing, '3m', always(180)),
          at(firing, '6m', always(360), {
            labels: '{alertname="Some",severity="warning",component="exchange"}',
            value: 180,
          }),
          at(left('cycles'), '0m', { labels: '{}', value: 1 - 5 / 360 }),
          at(left('execution'), '2m', { labels: '{}', value: 0 }),
          at(left('exits'), '2m', { labels: '{}', value: 1 - 6 / 1.8 }),
          at(marks('Releases'), '5m', { labels: '{build="new"}', value: 1 }),
          at(marks('Releases'), '6m'),
          at(marks('Restarts'), '3m'),
          at(marks('Restarts'), '4m', { labels: '{job="trading-control"}', value: 1 }),
          at(askedBy('Open incidents'), '3m', {
            labels: '{component="temporal",code="temporal.slow",severity="warning"}',
            value: 120,
          }),
        ],
      },
    ],
  };
  const rules = { groups: [{ name: 'some', rules: [watchdog, some] }] };
  expect(await inFolder({ 'rules.yml': rules, 'test.yml': test }, 'test', 'rules', 'test.yml')).toMatchObject({
    ok: true,
  });
});
