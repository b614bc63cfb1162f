import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { budgetBurn, hourly } from '../../deploy/observability/alerts/objectives.ts';
import { ruleFile } from '../../deploy/observability/rules.ts';
import { tool } from './promtool.ts';

const MINUTE = 60;
const HOURS = 3;
const cyclesBurn = {
  ...budgetBurn,
  alerts: budgetBurn.alerts.filter(({ labels }) => labels?.['slo'] === 'cycles' && labels['long'] === '1h'),
};

/** Of a cycle each so many seconds, missed are these many one after the other from the second hour on. */
function cycles(intervalSeconds: number, missed: number): { series: string; values: string }[] {
  const minutes = Array.from({ length: HOURS * 60 + 1 }, (_, minute) => minute);
  const ended = (minute: number): number => Math.floor((minute * MINUTE) / intervalSeconds);
  const before = ended(90);
  return [
    { series: 'up{job="trading-cycles"}', values: `1x${HOURS * 60}` },
    { series: 'trading_cycles_total{outcome="DEGRADED"}', values: minutes.map(ended).join(' ') },
    {
      series: 'trading_cycles_missed_total',
      values: minutes.map((minute) => Math.min(missed, Math.max(0, ended(minute) - before))).join(' '),
    },
  ];
}

async function promtool(rules: string, test: object): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-objectives-'));
  try {
    writeFileSync(join(folder, 'rules.yml'), rules);
    writeFileSync(join(folder, 'test.yml'), stringify(test, { lineWidth: 0 }));
    return (await tool('promtool', 'test', 'rules', join(folder, 'test.yml'))).output;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it.each([
  [30, 1, 0],
  [30, 4, 0],
  [30, 6, 1],
  [300, 1, 0],
  [300, 4, 0],
  [300, 6, 1],
])('with a cycle each %d s %d that are missed page %d times', async (interval, missed, pages) => {
  const output = await promtool(ruleFile([cyclesBurn], []), {
    rule_files: ['rules.yml'],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: cycles(interval, missed),
        promql_expr_test: [
          {
            expr: `count(count_over_time(ALERTS{alertstate="firing"}[${HOURS}h]))`,
            eval_time: `${HOURS}h`,
            exp_samples: pages === 0 ? [] : [{ labels: '{}', value: pages }],
          },
        ],
      },
    ],
  });
  expect(output).toContain('SUCCESS');
});

it('a month is the sum of the hours that were seen', async () => {
  const rules = { groups: [{ name: 'hours', interval: '1h', rules: hourly }] };
  const month = 'sum_over_time(slo:cycles_bad:increase_1h[30d]) / sum_over_time(slo:cycles_all:increase_1h[30d])';
  // In one of ten hours half of the cycles were missed; which minute of an hour is the first depends on where the rules lie.
  const output = await promtool(stringify(rules), {
    rule_files: ['rules.yml'],
    evaluation_interval: '10m',
    tests: [
      {
        interval: '10m',
        input_series: [
          { series: 'trading_cycles_total{outcome="COMPLETED"}', values: '0+20x66' },
          { series: 'trading_cycles_missed_total', values: '0x24 10+10x5 60x40' },
        ],
        promql_expr_test: [
          {
            expr: `abs(${month} - 0.05) < bool 0.005`,
            eval_time: '10h10m',
            exp_samples: [{ labels: '{}', value: 1 }],
          },
        ],
      },
    ],
  });
  expect(output).toContain('SUCCESS');
});
