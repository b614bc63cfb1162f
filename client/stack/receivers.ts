import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { UserError } from '../../contracts/errors.ts';
import { withoutLineEnds } from '../../runtime/configuration/environment.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { writePrivateFile } from '../../runtime/configuration/private-file.ts';
import { PROJECT_URL_VARIABLE } from '../../runtime/configuration/project-url.ts';

const routes = join(projectFolder, 'deploy', 'observability', 'generated', 'alertmanager.yml');

/** Secrets of the receivers: the variable that gives each, by the file's name in Alertmanager's configuration. */
const secretVariables: Record<string, string> = {
  'slack-url': 'SAPPHIRE_ALERT_SLACK_URL',
  'pagerduty-key': 'SAPPHIRE_ALERT_PAGERDUTY_KEY',
  'pagerduty-escalation-key': 'SAPPHIRE_ALERT_PAGERDUTY_ESCALATION_KEY',
  'email-password': 'SAPPHIRE_ALERT_EMAIL_PASSWORD',
};
/** Base of an address that gets /team, /page, /escalation and, without one of its own, /heartbeat. */
export const WEBHOOK_VARIABLE = 'SAPPHIRE_ALERT_WEBHOOK_URL';
/** What the heartbeat is sent to as it stands: a service outside that calls when it stays away, whatever receives the alerts. */
const HEARTBEAT_VARIABLE = 'SAPPHIRE_ALERT_HEARTBEAT_URL';
/** Where e-mail goes and comes from: all of them, or no mail. */
const emailVariables = {
  to: 'SAPPHIRE_ALERT_EMAIL_TO',
  from: 'SAPPHIRE_ALERT_EMAIL_FROM',
  smarthost: 'SAPPHIRE_ALERT_EMAIL_SMARTHOST',
  auth_username: 'SAPPHIRE_ALERT_EMAIL_USERNAME',
} as const;

/**
 * As Alertmanager's own reader takes it, which is stricter than a browser's: it refuses its whole configuration for a percent sign that begins no
 * escape, one in a host, or a control character.
 */
const written =
  /^https?:\/\/(?:(?:[\w.~!$&'()*+,;=:-]|%[\da-f]{2})*@)?(?:(?:[\w.~-]|\P{ASCII})+|\[[\da-f:.]+\])(?::\d+)?(?:[/?#](?:[^\s\p{Cc}%]|%[\da-f]{2})*)?$/iu;
const address = z.string().regex(written).refine(URL.canParse);
const escapes = ', without blanks, a percent sign in it as %25';
const mailbox = /(?:(?:"[^"]*"\s*|[^"<>@,]*)<[^\s@<>,"]+@[^\s@<>,"]+>|[^\s@<>,"]+@[^\s@<>,"]+)/.source;
const smarthost = /^(?:[^\s:[\]]+|\[[\da-f:.]+\]):(?<port>\d+)$/i;
const shapes: Record<string, { schema: z.ZodType; example: string }> = {
  [WEBHOOK_VARIABLE]: {
    // What is put after its end would become a part of a query or fragment.
    schema: address.regex(/^[^?#]*$/),
    example: `https://alerts.example.com/sapphire${escapes}, and without ? or #, for /page and others are put after it`,
  },
  [HEARTBEAT_VARIABLE]: {
    schema: address,
    example: `https://hc-ping.com/00000000-0000-0000-0000-000000000000${escapes}`,
  },
  [PROJECT_URL_VARIABLE]: { schema: address, example: `https://github.com/you/sapphire/blob/main${escapes}` },
  SAPPHIRE_ALERT_SLACK_URL: { schema: address, example: `https://hooks.slack.com/services/…${escapes}` },
  [emailVariables.to]: {
    schema: z.string().regex(new RegExp(`^${mailbox}(?:\\s*,\\s*${mailbox})*$`)),
    example: 'lead@example.com, or several with commas between them',
  },
  [emailVariables.from]: { schema: z.string().regex(new RegExp(`^${mailbox}$`)), example: 'sapphire@example.com' },
  [emailVariables.smarthost]: {
    schema: z.string().refine((given) => {
      const port = Number(smarthost.exec(given)?.groups?.['port'] ?? 0);
      return port >= 1 && port <= 65_535;
    }),
    example: 'smtp.example.com:587, its port from 1 to 65535',
  },
};

/** What is told, or led to, without Alertmanager as well: when everything is stopped. */
const toldWithout = [WEBHOOK_VARIABLE, PROJECT_URL_VARIABLE];

const valueIn =
  (environment: NodeJS.ProcessEnv) =>
  (variable: string): string =>
    withoutLineEnds(environment[variable] ?? '').trim();

/**
 * Refuses what is given and would be used, and cannot be: whoever it names would not be called, and nobody would know.
 *
 * @param observes whether Alertmanager is to run
 * @returns of what would not be used, a sentence for a person
 * @throws UserError AlertReceiver
 */
export function refuseUnusableReceivers(observes: boolean, environment: NodeJS.ProcessEnv = process.env): string[] {
  if (observes) {
    checked(environment);
    return [];
  }
  checkShapes(environment, toldWithout);
  const value = valueIn(environment);
  const unused = [...Object.values(secretVariables), HEARTBEAT_VARIABLE].filter((variable) => value(variable) !== '');
  if (unused.length === 0) return [];
  return [`Nobody is called by ${unused.join(', ')}: Alertmanager alone tells them, and runs with "--observe"`];
}

function checkShapes(environment: NodeJS.ProcessEnv, variables: readonly string[]): void {
  const value = valueIn(environment);
  for (const variable of variables) {
    const shape = shapes[variable];
    const given = value(variable);
    if (shape && given !== '' && !shape.schema.safeParse(given).success)
      throw notUsable(`${variable} cannot be used: it is to look like ${shape.example}. Correct it, or remove it.`);
  }
}

/** What is given, without line ends. Fails where Alertmanager could not use it: it would end at its start, and nobody would be called. */
function checked(environment: NodeJS.ProcessEnv): (variable: string) => string {
  const value = valueIn(environment);
  checkShapes(environment, Object.keys(shapes));
  if (value('SAPPHIRE_ALERT_EMAIL_PASSWORD') !== '') {
    const missing = Object.values(emailVariables).filter((variable) => value(variable) === '');
    if (missing.length > 0)
      throw notUsable(
        `SAPPHIRE_ALERT_EMAIL_PASSWORD is set, and not ${missing.join(', ')}: no mail can be sent. Set them, or remove it.`,
      );
  }
  return value;
}

function notUsable(message: string): UserError {
  return new UserError('AlertReceiver', message);
}

const integrationSchema = z.looseObject({});
const alertmanagerSchema = z.looseObject({
  receivers: z.array(z.object({ name: z.string() }).catchall(z.array(integrationSchema))),
});

/** The committed routes, with those of the receivers' integrations whose secret or address the environment gives, and their secrets by file. */
function configured(secretFolder: string, environment: NodeJS.ProcessEnv) {
  const { receivers, ...rest } = alertmanagerSchema.parse(parse(readFileSync(routes, 'utf8')));
  const value = checked(environment);
  const secrets = new Map<string, string>();
  const setting = (key: string, committed: unknown): unknown => {
    if (key.endsWith('_file')) {
      const name = String(committed).split('/').at(-1) ?? '';
      const secret = value(secretVariables[name] ?? '');
      if (!secret) return undefined;
      const file = join(secretFolder, name);
      secrets.set(file, secret);
      return file;
    }
    if (key === 'url') {
      const { pathname } = new URL(String(committed));
      const own = pathname === '/heartbeat' ? value(HEARTBEAT_VARIABLE) : '';
      const base = value(WEBHOOK_VARIABLE).replace(/\/$/, '');
      return own || (base && `${base}${pathname}`) || undefined;
    }
    return key in emailVariables ? value(emailVariables[key as keyof typeof emailVariables]) : committed;
  };
  const given = (integration: z.output<typeof integrationSchema>): unknown[] => {
    const entries = Object.entries(integration).map(([key, committed]) => [key, setting(key, committed)] as const);
    return entries.some(([, each]) => each === undefined) ? [] : [Object.fromEntries(entries)];
  };
  const left = receivers.map(({ name, ...integrations }) => ({
    name,
    ...Object.fromEntries(
      Object.entries(integrations).flatMap(([kind, list]) => {
        const usable = list.flatMap(given);
        return usable.length === 0 ? [] : [[kind, usable]];
      }),
    ),
  }));
  return { text: stringify({ ...rest, receivers: left }, { lineWidth: 0 }), secrets };
}

/**
 * Alertmanager's configuration; the secrets in it are written to files of this folder.
 *
 * @throws UserError AlertReceiver where a variable is given that cannot be used
 */
export function alertmanagerFile(secretFolder: string, environment: NodeJS.ProcessEnv = process.env): string {
  const { text, secrets } = configured(secretFolder, environment);
  mkdirSync(secretFolder, { recursive: true, mode: 0o700 });
  for (const [file, secret] of secrets) writePrivateFile(file, secret);
  return text;
}

const kinds: Record<string, string> = {
  pagerduty_configs: 'PagerDuty',
  slack_configs: 'Slack',
  email_configs: 'mail',
  webhook_configs: 'webhook',
};

/** What a receiver is told, and which variables give it somebody to tell. */
const purposes: Record<string, { what: string; variables: readonly string[] }> = {
  page: {
    what: 'critical alerts (page)',
    variables: ['SAPPHIRE_ALERT_PAGERDUTY_KEY', 'SAPPHIRE_ALERT_SLACK_URL', WEBHOOK_VARIABLE],
  },
  team: { what: 'warnings (team)', variables: ['SAPPHIRE_ALERT_SLACK_URL', WEBHOOK_VARIABLE] },
  escalation: {
    what: 'what nobody acknowledges (escalation)',
    variables: ['SAPPHIRE_ALERT_PAGERDUTY_ESCALATION_KEY', 'SAPPHIRE_ALERT_EMAIL_PASSWORD', WEBHOOK_VARIABLE],
  },
  'dead-mans-switch': {
    what: 'the heartbeat (dead-mans-switch)',
    variables: [HEARTBEAT_VARIABLE, WEBHOOK_VARIABLE],
  },
};

/** Who is told by one receiver; nobody where `by` is empty. */
export interface Callee {
  receiver: string;
  what: string;
  /** Kinds, as `PagerDuty`. */
  by: string[];
  /** Any of these would give it somebody. */
  variables: readonly string[];
}

/** Of a configuration of Alertmanager. */
export function calleesIn(text: string): Callee[] {
  const { receivers } = alertmanagerSchema.parse(parse(text));
  return Object.entries(purposes).map(([receiver, purpose]) => {
    const found = receivers.find(({ name }) => name === receiver) ?? {};
    return {
      receiver,
      ...purpose,
      by: Object.keys(kinds).flatMap((kind) => (kind in found ? [kinds[kind] ?? ''] : [])),
    };
  });
}

/** Of what the environment would make of it. */
export function calleesOf(environment: NodeJS.ProcessEnv = process.env): Callee[] {
  return calleesIn(configured('', environment).text);
}

/** Who is called by nobody, in sentences for a person; none where everything has somebody. */
export function uncalled(callees: readonly Callee[]): string[] {
  const mute = callees.filter(({ by }) => by.length === 0);
  if (mute.length === callees.length)
    return [
      `NOBODY is called, whatever happens: set ${WEBHOOK_VARIABLE}, or others of SAPPHIRE_ALERT_… (docs/alerts.md)`,
    ];
  return mute.map(({ what, variables }) => `NOBODY gets ${what}: set ${orList(variables)} (docs/alerts.md)`);
}

/** Who is called, in a line. */
export function calleesLine(callees: readonly Callee[]): string {
  return callees.map(({ what, by }) => `${what} to ${by.join(', ') || 'NOBODY'}`).join('; ');
}

function orList(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
