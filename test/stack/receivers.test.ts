import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  alertmanagerFile,
  calleesLine,
  calleesOf,
  refuseUnusableReceivers,
  uncalled,
} from '../../client/stack/receivers.ts';

const mail = {
  SAPPHIRE_ALERT_EMAIL_PASSWORD: 'mail-secret',
  SAPPHIRE_ALERT_EMAIL_TO: 'lead@example.org',
  SAPPHIRE_ALERT_EMAIL_FROM: 'sapphire@example.org',
  SAPPHIRE_ALERT_EMAIL_USERNAME: 'sapphire',
  SAPPHIRE_ALERT_EMAIL_SMARTHOST: 'smtp.example.org:587',
};

const usable: Record<string, string>[] = [
  ...[
    'https://e.com',
    'http://127.0.0.1:9/base/',
    'https://[::1]:9/a',
    'https://user:p%40ss@e.com/50%25off',
    'https://bücher.example/ä~(1)',
    'http://alert_manager:80/x',
  ].flatMap((url) =>
    ['WEBHOOK', 'HEARTBEAT', 'SLACK'].map((kind): Record<string, string> => ({ [`SAPPHIRE_ALERT_${kind}_URL`]: url })),
  ),
  { SAPPHIRE_ALERT_HEARTBEAT_URL: 'https://e.com?token=a%20b&c#d' },
  ...['a@example.org, b@example.org', 'Lead <lead@example.org>', '"Lead, A." <lead@example.org>,b@example.org'].map(
    (to) => ({ ...mail, SAPPHIRE_ALERT_EMAIL_TO: to }),
  ),
  ...['localhost:1', '[::1]:65535', '10.0.0.1:25'].map((host) => ({ ...mail, SAPPHIRE_ALERT_EMAIL_SMARTHOST: host })),
];

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
      ...mail,
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

  it.each<[string, Record<string, string>]>([
    ['PagerDuty', { SAPPHIRE_ALERT_PAGERDUTY_KEY: 'key', SAPPHIRE_ALERT_PAGERDUTY_ESCALATION_KEY: 'next' }],
    ['Slack', { SAPPHIRE_ALERT_SLACK_URL: 'https://hooks.example.com/secret' }],
    ['mail', mail],
    ['the webhook', { SAPPHIRE_ALERT_WEBHOOK_URL: 'http://127.0.0.1:9/base' }],
    ['nothing else', {}],
  ])('sends the heartbeat to an address of its own with %s, as it stands', (_kind, given) => {
    const SAPPHIRE_ALERT_HEARTBEAT_URL = 'https://ping.example.com/a-uuid?create=1';
    const { receivers } = read({ ...given, SAPPHIRE_ALERT_HEARTBEAT_URL });
    const own = receivers.find(({ name }) => name === 'dead-mans-switch');
    expect(own?.['webhook_configs']).toEqual([{ url: SAPPHIRE_ALERT_HEARTBEAT_URL, send_resolved: false }]);
  });

  it.each<[Record<string, string>, string]>([
    [
      { SAPPHIRE_ALERT_HEARTBEAT_URL: 'hc-ping.com/uuid' },
      'SAPPHIRE_ALERT_HEARTBEAT_URL cannot be used: it is to look like https://hc-ping.com/',
    ],
    [{ SAPPHIRE_ALERT_WEBHOOK_URL: 'file:///etc/passwd' }, 'SAPPHIRE_ALERT_WEBHOOK_URL cannot be used: '],
    [{ SAPPHIRE_PROJECT_URL: 'git.example.com/sapphire' }, 'SAPPHIRE_PROJECT_URL cannot be used: '],
    [{ SAPPHIRE_ALERT_SLACK_URL: '#trading' }, 'SAPPHIRE_ALERT_SLACK_URL cannot be used: '],
    [
      { ...mail, SAPPHIRE_ALERT_EMAIL_SMARTHOST: 'smtp.example.org' },
      'SAPPHIRE_ALERT_EMAIL_SMARTHOST cannot be used: it is to look like smtp.example.com:587',
    ],
    [
      { SAPPHIRE_ALERT_EMAIL_PASSWORD: 'mail-secret' },
      'SAPPHIRE_ALERT_EMAIL_PASSWORD is set, and not SAPPHIRE_ALERT_EMAIL_TO, SAPPHIRE_ALERT_EMAIL_FROM, ',
    ],
    ...[
      'https://e.com/%zz',
      'https://e.com/50%off',
      'https://e.com/50%',
      'https://e.com/?a=%zz',
      'http://e%41.com/a',
      'https://e.com/a\tb',
      'https://e.com/a b',
      'https://e.com\t/a',
      'https:e.com/a',
      'https:\\\\e.com/a',
      'https://e{}.com/a',
      'https://e.com:99999/a',
    ].flatMap((url) =>
      ['WEBHOOK', 'HEARTBEAT', 'SLACK'].map((kind): [Record<string, string>, string] => [
        { [`SAPPHIRE_ALERT_${kind}_URL`]: url },
        `SAPPHIRE_ALERT_${kind}_URL cannot be used: it is to look like https://`,
      ]),
    ),
    ...['?token=abc', '#abc', '/base?', '/base#'].map((end): [Record<string, string>, string] => [
      { SAPPHIRE_ALERT_WEBHOOK_URL: `https://e.com${end}` },
      'without ? or #, for /page and others are put after it. Correct it, or remove it.',
    ]),
    ...['nobody', 'lead@', '@example.org', 'lead@example.org, nobody', 'a@b@c', 'Lead lead@example.org'].flatMap((to) =>
      ['TO', 'FROM'].map((kind): [Record<string, string>, string] => [
        { ...mail, [`SAPPHIRE_ALERT_EMAIL_${kind}`]: to },
        `SAPPHIRE_ALERT_EMAIL_${kind} cannot be used: it is to look like `,
      ]),
    ),
    [
      { ...mail, SAPPHIRE_ALERT_EMAIL_FROM: 'a@example.org, b@example.org' },
      'SAPPHIRE_ALERT_EMAIL_FROM cannot be used',
    ],
    ...['99999', '65536', '0', '-1', 'smtp'].map((port): [Record<string, string>, string] => [
      { ...mail, SAPPHIRE_ALERT_EMAIL_SMARTHOST: `smtp.example.org:${port}` },
      'smtp.example.com:587, its port from 1 to 65535',
    ]),
  ])('refuses what it could not use, and repeats no secret: %j', (given, sentence) => {
    expect(() => read(given)).toThrow(sentence);
    expect(() => read(given)).not.toThrow(/mail-secret|hc-ping.com\/uuid|passwd|abc/);
  });

  it.each<Record<string, string>>(usable)('takes what it can use: %j', (given) => {
    expect(() => read(given)).not.toThrow();
  });
});

describe('who is called', () => {
  it('is said of each receiver, by kind', () => {
    const callees = calleesOf({
      SAPPHIRE_ALERT_SLACK_URL: 'https://hooks.example.com/x',
      SAPPHIRE_ALERT_PAGERDUTY_KEY: 'key',
    });
    expect(callees.map(({ receiver, by }) => [receiver, ...by])).toEqual([
      ['page', 'PagerDuty', 'Slack'],
      ['team', 'Slack'],
      ['escalation'],
      ['dead-mans-switch'],
    ]);
    expect(calleesLine(callees)).toBe(
      'critical alerts (page) to PagerDuty, Slack; warnings (team) to Slack; what nobody acknowledges (escalation) to NOBODY; the heartbeat (dead-mans-switch) to NOBODY',
    );
    expect(uncalled(callees)).toEqual([
      'NOBODY gets what nobody acknowledges (escalation): set SAPPHIRE_ALERT_PAGERDUTY_ESCALATION_KEY, SAPPHIRE_ALERT_EMAIL_PASSWORD or SAPPHIRE_ALERT_WEBHOOK_URL (docs/alerts.md)',
      'NOBODY gets the heartbeat (dead-mans-switch): set SAPPHIRE_ALERT_HEARTBEAT_URL or SAPPHIRE_ALERT_WEBHOOK_URL (docs/alerts.md)',
    ]);
  });

  it('is one sentence where it is nobody at all, and none where each has somebody', () => {
    expect(uncalled(calleesOf({}))).toEqual([
      'NOBODY is called, whatever happens: set SAPPHIRE_ALERT_WEBHOOK_URL, or others of SAPPHIRE_ALERT_… (docs/alerts.md)',
    ]);
    expect(uncalled(calleesOf({ SAPPHIRE_ALERT_WEBHOOK_URL: 'http://127.0.0.1:9' }))).toEqual([]);
  });

  it('is what each of the variables that are named would change', () => {
    const values: Record<string, Record<string, string>> = { SAPPHIRE_ALERT_EMAIL_PASSWORD: mail };
    for (const { receiver, variables } of calleesOf({})) {
      for (const variable of variables) {
        const given = values[variable] ?? { [variable]: 'https://example.com/x' };
        const callee = calleesOf(given).find((each) => each.receiver === receiver);
        expect(callee?.by, `${receiver} ${variable}`).toHaveLength(1);
      }
    }
  });
});

describe('before a start', () => {
  const pagerduty = { SAPPHIRE_ALERT_PAGERDUTY_KEY: 'key' };

  it.each(['SAPPHIRE_ALERT_WEBHOOK_URL', 'SAPPHIRE_PROJECT_URL'])(
    '%s is refused where it cannot be used, with Alertmanager and without',
    (variable) => {
      for (const observes of [true, false])
        expect(() => refuseUnusableReceivers(observes, { [variable]: 'alerts.example.com' })).toThrow(
          `${variable} cannot be used: it is to look like https://`,
        );
    },
  );

  it('what only Alertmanager tells is checked where that runs, and said to be told by nobody where it does not', () => {
    expect(refuseUnusableReceivers(true, pagerduty)).toEqual([]);
    expect(refuseUnusableReceivers(false, {})).toEqual([]);
    const slack = { SAPPHIRE_ALERT_SLACK_URL: 'hooks' };
    expect(() => refuseUnusableReceivers(true, slack)).toThrow('SAPPHIRE_ALERT_SLACK_URL cannot be used');
    expect(refuseUnusableReceivers(false, { ...slack, ...pagerduty })).toEqual([
      'Nobody is called by SAPPHIRE_ALERT_SLACK_URL, SAPPHIRE_ALERT_PAGERDUTY_KEY: Alertmanager alone tells them, and runs with "--observe"',
    ]);
  });
});
