import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { alertmanagerFile, prometheusFile } from '../../client/stack/observe.ts';
import { readProfile } from '../../client/stack/profile.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';

const times = { scrapeSeconds: 10, evaluateSeconds: 10 };

describe('Prometheus', () => {
  interface Told {
    scrape_configs: { job_name: string; basic_auth?: unknown }[];
    alerting: { alertmanagers: { basic_auth?: unknown }[] };
  }
  const told = (configuration: Record<string, unknown>): Told =>
    parse(
      prometheusFile(parseConfiguration(configuration, 'the test'), readProfile(), times, '/data/password'),
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

describe('Alertmanager', () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'sapphire-observe-')), 'secrets');
  type Receiver = { name: string } & Record<string, Record<string, unknown>[]>;
  const read = (environment: Record<string, string>) =>
    parse(alertmanagerFile(folder, environment)) as { route: unknown; receivers: Receiver[] };

  it('keeps the routes and has no receiver for which nothing is given', () => {
    const { route, receivers } = read({});
    expect(receivers).toEqual([
      { name: 'team' },
      { name: 'page' },
      { name: 'escalation' },
      { name: 'dead-mans-switch' },
    ]);
    const committed = parse(
      readFileSync(join(import.meta.dirname, '../../deploy/observability/generated/alertmanager.yml'), 'utf8'),
    ) as { route: unknown };
    expect(route).toEqual(committed.route);
  });

  it('gives secrets as files that nobody else reads, never in its configuration', () => {
    const given = {
      SAPPHIRE_ALERT_SLACK_URL: 'https://hooks.example.com/secret',
      SAPPHIRE_ALERT_WEBHOOK_URL: 'http://127.0.0.1:9/base/',
      SAPPHIRE_ALERT_EMAIL_PASSWORD: 'mail-secret',
      SAPPHIRE_ALERT_EMAIL_TO: 'lead@example.org',
    };
    const { receivers } = read(given);
    const by = (name: string) => receivers.find((receiver) => receiver.name === name);
    const file = String(by('team')?.['slack_configs']?.[0]?.['api_url_file']);
    expect(readFileSync(file, 'utf8')).toBe(given.SAPPHIRE_ALERT_SLACK_URL);
    expect(existsSync(join(folder, 'pagerduty-key'))).toBe(false);
    expect(by('dead-mans-switch')?.['webhook_configs']?.[0]?.['url']).toBe('http://127.0.0.1:9/base/heartbeat');
    expect(by('escalation')?.['email_configs']?.[0]).toMatchObject({ to: 'lead@example.org' });
    expect(by('page')?.['pagerduty_configs']).toBeUndefined();
    expect(JSON.stringify(receivers)).not.toMatch(/hooks\.example|mail-secret/);
  });
});
