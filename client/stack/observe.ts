import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { healthEndpoints } from '../../runtime/configuration/addresses.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { writePrivateFile } from '../../runtime/configuration/private-file.ts';
import { pageUrl } from '../../runtime/configuration/project-url.ts';
import { debianProgram, type FoundProgram } from './debian-programs.ts';
import {
  OBSERVER,
  observabilityFolder,
  observerAuthorization,
  observerPasswordFile,
  webFile,
} from './observer-access.ts';
import type { ProcessSpec } from './process-spec.ts';
import type { Profile } from './profile.ts';
import { alertmanagerFile, calleesIn, uncalled } from './receivers.ts';

const committedRules = join(projectFolder, 'deploy', 'observability', 'generated', 'rules.yml');
const asked = join(projectFolder, 'deploy', 'observability', 'generated', 'asked-series.yml');

export interface ScrapeTimes {
  scrapeSeconds: number;
  evaluateSeconds: number;
}

/** Of what Temporal's server tells, four fifths of all series, rules and dashboards ask for a few names: the others are not kept. */
function askedAlone(): object {
  const names = z.array(z.string()).parse(parse(readFileSync(asked, 'utf8')));
  return { source_labels: ['__name__'], regex: names.join('|'), action: 'keep' };
}

/** The committed rules; each leads to its runbook by an address that can be followed from wherever its alert is read. */
export function rulesFile(environment: NodeJS.ProcessEnv = process.env): string {
  const text = readFileSync(committedRules, 'utf8');
  return text.replaceAll(/(?<=^ *runbook_url: )deploy\/\S+$/gm, (path) => JSON.stringify(pageUrl(path, environment)));
}

/** A page of ours answers within two; of one that hangs it is known no sooner. */
const SCRAPE_TIMEOUT_SECONDS = 4;

/**
 * The jobs of this machine's processes, `trading-<role>`.
 *
 * @param files the rules, and the password by which Prometheus gets to itself and to Alertmanager
 */
export function prometheusFile(
  configuration: Configuration,
  { temporal, observability }: Profile,
  { scrapeSeconds, evaluateSeconds }: ScrapeTimes,
  { rules, password }: { rules: string; password: string },
): string {
  const job = (name: string, address: string) => ({ job_name: name, static_configs: [{ targets: [address] }] });
  const own = healthEndpoints(configuration).map(({ name, url }) =>
    job(
      `trading-${name
        .replace(/^workers\//, '')
        .replace(/^mcp-/, '')
        .replace(/^paper-/, '')}`,
      new URL(url).host,
    ),
  );
  const { host, ports } = temporal;
  const access = { basic_auth: { username: OBSERVER, password_file: password } };
  const watchers = observability.ports;
  const alertmanager = `127.0.0.1:${watchers.alertmanager}`;
  return stringify({
    global: {
      scrape_interval: `${scrapeSeconds}s`,
      evaluation_interval: `${evaluateSeconds}s`,
      scrape_timeout: `${Math.min(SCRAPE_TIMEOUT_SECONDS, scrapeSeconds)}s`,
    },
    rule_files: [rules],
    alerting: { alertmanagers: [{ ...access, static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [
      ...own,
      ...(ports.metrics === undefined
        ? []
        : [{ ...job('temporal', `${host}:${ports.metrics}`), metric_relabel_configs: [askedAlone()] }]),
      { ...job('prometheus', `127.0.0.1:${watchers.prometheus}`), ...access },
      { ...job('alertmanager', alertmanager), ...access },
    ],
  });
}

/** As Alertmanager runs with it, of this start or of the last. */
export function alertmanagerFileIn(folder: string): string {
  return join(folder, 'alertmanager.yml');
}

/** Prometheus and Alertmanager as processes; their data outlives them. Installs what is missing. */
export async function observers(
  configuration: Configuration,
  profile: Profile,
  options: { onProgress: (message: string) => void; signal: AbortSignal },
): Promise<ProcessSpec[]> {
  const { ports, retentionDays, retentionGigabytes, ...times } = profile.observability;
  const folder = observabilityFolder();
  const secretFolder = join(folder, 'secrets');
  rmSync(secretFolder, { recursive: true, force: true });
  // Before anything is fetched: a receiver that cannot be used is refused here, and not found by its silence.
  const receivers = alertmanagerFile(secretFolder);
  // One after the other: both may come out of the same archive.
  const prometheus = await debianProgram('prometheus', options);
  const alertmanager = await debianProgram('alertmanager', options);
  for (const line of uncalled(calleesIn(receivers))) options.onProgress(`WARNING: ${line}`);
  const files = {
    prometheus: join(folder, 'prometheus.yml'),
    alertmanager: alertmanagerFileIn(folder),
    rules: join(folder, 'rules.yml'),
    web: join(folder, 'web.yml'),
  };
  writePrivateFile(files.web, webFile());
  const read = { rules: files.rules, password: observerPasswordFile() };
  writePrivateFile(files.rules, rulesFile());
  writePrivateFile(files.prometheus, prometheusFile(configuration, profile, times, read));
  writePrivateFile(files.alertmanager, receivers);
  return [
    watcher('alertmanager', alertmanager, ports.alertmanager, [
      `--config.file=${files.alertmanager}`,
      `--web.config.file=${files.web}`,
      `--storage.path=${join(folder, 'alertmanager')}`,
      // Whom it has told, and what is silenced, outlives being killed, but for the last seconds: by itself it writes them down each quarter of an hour.
      '--data.maintenance-interval=5s',
      '--cluster.listen-address=',
    ]),
    watcher('prometheus', prometheus, ports.prometheus, [
      `--config.file=${files.prometheus}`,
      `--web.config.file=${files.web}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--storage.tsdb.retention.time=${retentionDays}d`,
      `--storage.tsdb.retention.size=${retentionGigabytes}GB`,
      // An alert ends four times the resend delay (a minute) after it was last sent: a restart is no end of what fires. What fired before it fires
      // again at the second look, however long it would have to hold otherwise.
      '--rules.alert.for-grace-period=0s',
    ]),
  ];
}

function watcher(name: string, { file, folder }: FoundProgram, port: number, args: string[]): ProcessSpec {
  const url = `http://127.0.0.1:${port}`;
  return {
    name,
    command: file,
    ...(folder === undefined ? {} : { folder }),
    args: [...args, `--web.listen-address=127.0.0.1:${port}`, '--log.format=json', '--log.level=warn'],
    watched: true,
    // Trading does not depend on being watched.
    protectsMoney: false,
    port,
    probe: async (signal) => {
      while (!(await answers(url, signal))) await sleep(100, undefined, { signal });
      return url;
    },
  };
}

async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`, { headers: { authorization: observerAuthorization() }, signal })).ok;
  } catch (error) {
    if (signal.aborted) throw new UserError('Interrupted', String(error));
    return false;
  }
}
