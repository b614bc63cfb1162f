import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { prometheusFile } from '../../client/stack/observe.ts';
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
