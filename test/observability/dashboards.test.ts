import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { errorRatios, hourly } from '../../deploy/observability/alerts/objectives.ts';
import { annotations } from '../../deploy/observability/dashboards/annotations.ts';
import { boards } from '../../deploy/observability/generate.ts';
import { alertGroups, ruleFile } from '../../deploy/observability/rules.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { registry } from '../../runtime/telemetry/metrics.ts';

const panelSchema = z.object({
  id: z.int(),
  type: z.string(),
  title: z.string().min(1),
  description: z.string().optional(),
  fieldConfig: z.object({ defaults: z.object({ unit: z.string().min(1) }) }).optional(),
  datasource: z.object({ uid: z.string() }).optional(),
  targets: z.array(z.object({ expr: z.string() })).optional(),
});
const dashboardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  editable: z.literal(false),
  refresh: z.literal('30s'),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string() })) }),
  panels: z.array(panelSchema),
});

const dashboards = boards.map(({ uid }) => {
  const file = join(projectFolder, 'deploy', 'observability', 'generated', 'dashboards', `${uid}.json`);
  return dashboardSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
});

/** Told by Prometheus, by Temporal, or by a rule of ours. */
const others = [
  /^up$/,
  /^temporal_(workflow_task|activity)_schedule_to_start_latency_seconds_bucket$/,
  /^temporal_(worker_task_slots_available|sticky_cache_size)$/,
  /^temporal_(workflow_task_execution|request)_latency_seconds_(bucket|count)$/,
  /^temporal_(workflow_task_execution_failed|workflow_failed|(long_)?request_failure)_total$/,
  /^temporal_sticky_cache_(miss|total_forced_eviction)_total$/,
  /^ALERTS(_FOR_STATE)?$/,
  /^approximate_backlog_age_seconds$/,
  /^persistence_latency_bucket$/,
  /^(alertmanager_notifications_failed|prometheus_rule_evaluation_failures)_total$/,
];
const recorded = [...errorRatios, ...hourly].map(({ record }) => record);
const words = ['or', 'and', 'unless', 'offset', 'bool', 'by', 'on', 'e9'];

/** Names of the metrics in an expression. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, '');
  const names = bare.matchAll(/(?<![\w.:])[a-zA-Z_][\w:]*(?!\w*\s*\()/g);
  return [...new Set([...names].map(([name]) => name))].filter((name) => !words.includes(name));
}

function isKnown(name: string): boolean {
  const base = name.replace(/_(bucket|count|sum)$/, '');
  const own = registry.getSingleMetric(name) ?? registry.getSingleMetric(base);
  return own !== undefined || recorded.includes(name) || others.some((pattern) => pattern.test(name));
}

describe('the dashboards', () => {
  it('are four, each under a name of its own', () => {
    expect(dashboards.map(({ title }) => title)).toEqual([
      'Trading Overview',
      'Agent Performance',
      'System Reliability',
      'Performance Metrics',
    ]);
    expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(4);
  });

  it.each(dashboards.map((dashboard): [string, (typeof dashboards)[number]] => [dashboard.uid, dashboard]))(
    '%s: each panel has a title, a unit, a description, and asks the chosen data source',
    (_uid, { panels, templating }) => {
      expect(templating.list).toMatchObject([
        { name: 'datasource', type: 'datasource' },
        { name: 'runbooks', type: 'textbox' },
      ]);
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const charts = panels.filter(({ type }) => type !== 'row');
      expect(charts.length).toBeGreaterThan(7);
      expect(new Set(charts.map(({ title }) => title)).size).toBe(charts.length);
      for (const { title, description, fieldConfig, datasource, targets = [] } of charts) {
        expect(description, title).toMatch(/\.$/);
        expect(fieldConfig?.defaults.unit, title).toBeTruthy();
        expect(datasource?.uid).toBe('$datasource');
        expect(targets.length, title).toBeGreaterThan(0);
        for (const { expr } of targets) {
          expect(expr).not.toMatch(/instance="|job="trading/);
          if (/\b(rate|increase)\(/.test(expr)) expect(expr).toMatch(/\$__rate_interval|\[1d\]/);
        }
      }
    },
  );
});

describe('every metric that is asked for', () => {
  const asked = [
    ...boards.flatMap(({ rows }) =>
      rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr))),
    ),
    ...annotations.map(({ expr }) => expr),
    ...alertGroups.flatMap(({ alerts }) => alerts.map(({ expr }) => expr)),
    ...errorRatios.map(({ expr }) => expr),
  ];

  it('is told by somebody', () => {
    const names = [...new Set(asked.flatMap(metricsIn))];
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !isKnown(name))).toEqual([]);
    expect(isKnown('no_such_metric')).toBe(false);
  });
  it('is of use, where it is recorded', () => {
    const used = new Set(asked.flatMap(metricsIn));
    const records = [...ruleFile().matchAll(/record: (\S+)/g)].map(([, name = '']) => name);
    expect(records.length).toBeGreaterThan(20);
    expect(records.filter((name) => !used.has(name))).toEqual([]);
  });
});
