import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { healthEndpoints } from '../../runtime/configuration/addresses.ts';
import { withoutLineEnds } from '../../runtime/configuration/environment.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { writePrivateFile } from '../../runtime/configuration/private-file.ts';
import { debianProgram, type FoundProgram } from './debian-programs.ts';
import {
  OBSERVER,
  observabilityFolder,
  observerAuthorization,
  observerPasswordFile,
  webFile,
} from './observer-access.ts';
import type { Profile } from './profile.ts';
import type { ProcessSpec } from './supervised-process.ts';

const rules = join(projectFolder, 'deploy', 'observability', 'generated', 'rules.yml');
const routes = join(projectFolder, 'deploy', 'observability', 'generated', 'alertmanager.yml');

/** Secrets of the receivers: the variable that gives each, by the file's name in Alertmanager's configuration. */
const secretVariables: Record<string, string> = {
  'slack-url': 'SAPPHIRE_ALERT_SLACK_URL',
  'pagerduty-key': 'SAPPHIRE_ALERT_PAGERDUTY_KEY',
  'pagerduty-escalation-key': 'SAPPHIRE_ALERT_PAGERDUTY_ESCALATION_KEY',
  'email-password': 'SAPPHIRE_ALERT_EMAIL_PASSWORD',
};
/** Base of an address that gets /team, /page, /escalation and /heartbeat. */
const WEBHOOK_VARIABLE = 'SAPPHIRE_ALERT_WEBHOOK_URL';
/** Where e-mail goes and comes from. */
const emailVariables = {
  to: 'SAPPHIRE_ALERT_EMAIL_TO',
  from: 'SAPPHIRE_ALERT_EMAIL_FROM',
  smarthost: 'SAPPHIRE_ALERT_EMAIL_SMARTHOST',
  auth_username: 'SAPPHIRE_ALERT_EMAIL_USERNAME',
} as const;

export interface ScrapeTimes {
  scrapeSeconds: number;
  evaluateSeconds: number;
}

/**
 * The jobs of this machine's processes, `trading-<role>`, with the committed rules.
 *
 * @param passwordFile by which Prometheus gets to itself and to Alertmanager
 */
export function prometheusFile(
  configuration: Configuration,
  { temporal, observability }: Profile,
  { scrapeSeconds, evaluateSeconds }: ScrapeTimes,
  passwordFile: string,
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
  const access = { basic_auth: { username: OBSERVER, password_file: passwordFile } };
  const watchers = observability.ports;
  const alertmanager = `127.0.0.1:${watchers.alertmanager}`;
  return stringify({
    global: {
      scrape_interval: `${scrapeSeconds}s`,
      evaluation_interval: `${evaluateSeconds}s`,
      scrape_timeout: `${Math.min(5, scrapeSeconds)}s`,
    },
    rule_files: [rules],
    alerting: { alertmanagers: [{ ...access, static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [
      ...own,
      ...(ports.metrics === undefined ? [] : [job('temporal', `${host}:${ports.metrics}`)]),
      { ...job('prometheus', `127.0.0.1:${watchers.prometheus}`), ...access },
      { ...job('alertmanager', alertmanager), ...access },
    ],
  });
}

const integrationSchema = z.looseObject({});
const alertmanagerSchema = z.looseObject({
  receivers: z.array(z.object({ name: z.string() }).catchall(z.array(integrationSchema))),
});

/** The committed routes, with those of the receivers' integrations whose secret or address the environment gives. */
export function alertmanagerFile(secretFolder: string, environment: NodeJS.ProcessEnv = process.env): string {
  const { receivers, ...rest } = alertmanagerSchema.parse(parse(readFileSync(routes, 'utf8')));
  mkdirSync(secretFolder, { recursive: true, mode: 0o700 });
  const given = (integration: z.output<typeof integrationSchema>): unknown => {
    const entries = Object.entries(integration).map(([key, value]): [string, unknown] | undefined => {
      if (key.endsWith('_file')) {
        const name = String(value).split('/').at(-1) ?? '';
        const secret = withoutLineEnds(environment[secretVariables[name] ?? ''] ?? '');
        if (!secret) return undefined;
        const file = join(secretFolder, name);
        writePrivateFile(file, secret);
        return [key, file];
      }
      if (key === 'url') {
        const base = withoutLineEnds(environment[WEBHOOK_VARIABLE] ?? '');
        return base ? [key, `${base.replace(/\/$/, '')}${new URL(String(value)).pathname}`] : undefined;
      }
      const variable = emailVariables[key as keyof typeof emailVariables];
      return [key, withoutLineEnds((variable && environment[variable]) ?? '') || value];
    });
    return entries.includes(undefined)
      ? undefined
      : Object.fromEntries(entries.flatMap((entry) => (entry ? [entry] : [])));
  };
  const left = receivers.map(({ name, ...integrations }) => ({
    name,
    ...Object.fromEntries(
      Object.entries(integrations).flatMap(([kind, list]) => {
        const usable = list.map(given).filter((integration) => integration !== undefined);
        return usable.length === 0 ? [] : [[kind, usable]];
      }),
    ),
  }));
  return stringify({ ...rest, receivers: left }, { lineWidth: 0 });
}

/** Prometheus and Alertmanager as processes; their data outlives them. Installs what is missing. */
export async function observers(
  configuration: Configuration,
  profile: Profile,
  options: { onProgress: (message: string) => void; signal: AbortSignal },
): Promise<ProcessSpec[]> {
  const { ports, retentionDays, ...times } = profile.observability;
  // One after the other: both may come out of the same archive.
  const prometheus = await debianProgram('prometheus', options);
  const alertmanager = await debianProgram('alertmanager', options);
  const folder = observabilityFolder();
  const files = {
    prometheus: join(folder, 'prometheus.yml'),
    alertmanager: join(folder, 'alertmanager.yml'),
    web: join(folder, 'web.yml'),
  };
  writePrivateFile(files.web, webFile());
  writePrivateFile(files.prometheus, prometheusFile(configuration, profile, times, observerPasswordFile()));
  const secretFolder = join(folder, 'secrets');
  rmSync(secretFolder, { recursive: true, force: true });
  writePrivateFile(files.alertmanager, alertmanagerFile(secretFolder));
  return [
    watcher('alertmanager', alertmanager, ports.alertmanager, [
      `--config.file=${files.alertmanager}`,
      `--web.config.file=${files.web}`,
      `--storage.path=${join(folder, 'alertmanager')}`,
      '--cluster.listen-address=',
    ]),
    watcher('prometheus', prometheus, ports.prometheus, [
      `--config.file=${files.prometheus}`,
      `--web.config.file=${files.web}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--storage.tsdb.retention.time=${retentionDays}d`,
      // An alert that Alertmanager missed while it was down is told again soon, not after a minute.
      '--rules.alert.resend-delay=10s',
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
