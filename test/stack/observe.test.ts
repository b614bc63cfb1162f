import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { prometheusFile, rulesFile } from '../../client/stack/observe.ts';
import { readProfile } from '../../client/stack/profile.ts';
import { boards } from '../../deploy/observability/generate.ts';
import { alertGroups } from '../../deploy/observability/rules.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';

const times = { scrapeSeconds: 10, evaluateSeconds: 10 };

describe('Prometheus', () => {
  interface Told {
    scrape_configs: {
      job_name: string;
      basic_auth?: unknown;
      metric_relabel_configs?: { regex: string; action: string }[];
    }[];
    alerting: { alertmanagers: { basic_auth?: unknown }[] };
  }
  const told = (configuration: Record<string, unknown>): Told =>
    parse(
      prometheusFile(parseConfiguration(configuration, 'the test'), readProfile(), times, {
        rules: '/data/rules.yml',
        password: '/data/password',
      }),
    ) as Told;
  const jobs = (configuration: Record<string, unknown>): string[] =>
    told(configuration).scrape_configs.map((job) => job.job_name);

  it('scrapes every process by the job that the rules know, and the paper exchange only where there is one', () => {
    const own = [
      'trading-coordinator',
      'trading-cycles',
      'trading-agents',
      'trading-execution',
      'trading-control',
      'trading-housekeeping',
    ];
    const others = ['temporal', 'prometheus', 'alertmanager'];
    expect(jobs({})).toEqual(['trading-exchange', ...own, ...others]);
    expect(jobs({ mode: 'live' })).toEqual([...own, ...others]);
  });

  it('says within a minute of what begins to hang just after a scrape that it is down, and of nobody who is away for 35 s', () => {
    const profile = readProfile();
    const { scrapeSeconds, evaluateSeconds } = profile.observability;
    const { global } = parse(
      prometheusFile(parseConfiguration({}, 'the test'), profile, profile.observability, {
        rules: '/data/rules.yml',
        password: '/data/password',
      }),
    ) as { global: { scrape_timeout: string } };
    const { groups } = parse(rulesFile({})) as {
      groups: { interval?: string; rules: { alert?: string; for?: string }[] }[];
    };
    const group = groups.find(({ rules }) => rules.some(({ alert }) => alert === 'TradingSystemDown'));
    const seconds = (text: string | undefined): number => Number.parseInt(String(text), 10);
    const hold = seconds(group?.rules.find(({ alert }) => alert === 'TradingSystemDown')?.for);
    const round = seconds(group?.interval ?? `${evaluateSeconds}s`);
    expect(scrapeSeconds + seconds(global.scrape_timeout) + round + hold).toBeLessThanOrEqual(57);
    expect(Math.ceil(35 / scrapeSeconds) * scrapeSeconds).toBeLessThanOrEqual(hold);
    // Every page of ours asks its checks for two seconds at most: nothing that is well is cut off.
    expect(seconds(global.scrape_timeout)).toBeGreaterThan(2);
  });

  it('keeps of what Temporal’s server tells what a rule or a panel asks of it, and of others all', () => {
    const { scrape_configs } = told({});
    const cut = scrape_configs.filter((job) => job.metric_relabel_configs !== undefined);
    expect(cut).toMatchObject([{ job_name: 'temporal', metric_relabel_configs: [{ action: 'keep' }] }]);
    const kept = new RegExp(`^(?:${cut[0]?.metric_relabel_configs?.[0]?.regex})$`);
    const panels = boards.flatMap(({ rows }) => rows.flatMap((row) => row.panels));
    const queries = [
      ...alertGroups.flatMap(({ alerts }) => alerts.map(({ expr }) => expr)),
      ...panels.flatMap((panel) => panel.queries.map(({ expr }) => expr)),
    ];
    const names = queries.flatMap((query) =>
      [...query.replaceAll(/slo:[a-z0-9_:]+/g, '').matchAll(/\b([a-z_]+)(?:\{[^}]*\})?(?:\[|\)| or | >)/g)].map(
        ([, name = '']) => name,
      ),
    );
    expect(names).toEqual(expect.arrayContaining(['approximate_backlog_age_seconds', 'persistence_latency_bucket']));
    const lost = names.filter((name) => name.includes('_') && !kept.test(name));
    expect(lost).toEqual([]);
    for (const unasked of ['service_requests', 'persistence_requests', 'persistence_latency_count'])
      expect(kept.test(unasked)).toBe(false);
  });

  it.each([
    ['https://git.example.com/sapphire/blob/main', 'https://git.example.com/sapphire/blob/main'],
    [undefined, pathToFileURL(projectFolder).href],
  ])('with the project at %s leads from each rule to its runbook below %s', (given, base) => {
    const text = rulesFile(given === undefined ? {} : { SAPPHIRE_PROJECT_URL: given });
    const { groups } = parse(text) as {
      groups: { rules: { alert?: string; annotations?: { runbook_url: string } }[] }[];
    };
    const alerts = groups.flatMap(({ rules }) => rules.filter(({ alert }) => alert !== undefined));
    expect(alerts.length).toBeGreaterThan(50);
    // An incident leads to the page of its own code.
    const pageOf = (alert = ''): string =>
      alert.startsWith('TradingIncidentEscalated') ? '{{$labels.runbook}}' : alert;
    for (const { alert, annotations } of alerts)
      expect(annotations?.runbook_url).toBe(`${base}/deploy/runbooks/${pageOf(alert)}.md`);
  });

  it('gives the watchers’ password to the watchers alone', () => {
    const access = { username: 'sapphire', password_file: '/data/password' };
    const { scrape_configs, alerting } = told({});
    const given = scrape_configs.filter((job) => job.basic_auth !== undefined);
    expect(given).toMatchObject([
      { job_name: 'prometheus', basic_auth: access },
      { job_name: 'alertmanager', basic_auth: access },
    ]);
    expect(alerting.alertmanagers).toMatchObject([{ basic_auth: access }]);
  });
});
