import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { debianProgram } from '../../client/stack/debian-programs.ts';
import { sayLastWord } from '../../client/stack/last-word.ts';
import { alertmanagerFile } from '../../client/stack/receivers.ts';
import { UserError } from '../../contracts/errors.ts';
import { alertGroups } from '../../deploy/observability/rules.ts';
import { runbookOf } from '../../deploy/observability/runbooks.ts';
import { pageUrl } from '../../runtime/configuration/project-url.ts';
import { until } from '../paper-exchange/harness.ts';
import { temporaryFolder } from '../support/books.ts';
import { freePorts } from '../support/ports.ts';

/** The real Alertmanager with the shipped routes. Slack, PagerDuty and the webhook's receiver are fakes of one server, the mail's is a real SMTP server. */
const told: { path: string; body: string; at: number }[] = [];
const mails: { from: string; to: string[]; user: string; text: string }[] = [];
let web: Server;
let mail: SMTPServer;
let alertmanager: ChildProcess;
let url: string;

const alertSchema = z.array(
  z.object({ labels: z.record(z.string(), z.string()), status: z.object({ state: z.string() }) }),
);

const rules = alertGroups.flatMap(({ alerts }) => alerts);

/** Where the project is read. */
const project = 'https://git.example.com/sapphire/blob/main';

/** As Prometheus would send it. */
function firing(alertname: string, more: Record<string, string> = {}) {
  const rule = rules.find(({ name }) => name === alertname);
  if (!rule) throw new Error(`there is no rule ${alertname}`);
  const { severity, labels, summary, description } = rule;
  return {
    labels: { alertname, severity, team: 'trading', ...labels, ...more },
    annotations: {
      summary,
      description,
      runbook_url: pageUrl(runbookOf(alertname), { SAPPHIRE_PROJECT_URL: project }),
    },
  };
}

const down = (process: string) => firing('TradingSystemDown', { job: `trading-${process}`, instance: process });
const unwell = (component: string) => firing('TradingComponentUnhealthy', { component });
const waits = (taskqueue: string) => firing('TemporalBacklogAge', { taskqueue });
const exhausted = (resource: string, more: Record<string, string>) =>
  firing('TradingResourceExhaustion', { severity: 'warning', resource, ...more });
const calls = (component: string, code = 'process.ended') =>
  firing('TradingIncidentEscalated', { severity: 'critical', urgency: 'now', component, code });
const over = (alert: ReturnType<typeof firing>) => ({ ...alert, endsAt: new Date().toISOString() });

async function send(...alerts: ReturnType<typeof firing>[]): Promise<void> {
  const response = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(alerts),
  });
  expect(response.status).toBe(200);
}

/** Of each in its order: `suppressed` where another alert that fires makes it not worth telling, `active` otherwise. */
async function statesOf(alerts: readonly ReturnType<typeof firing>[]) {
  const known = alertSchema.parse(await (await fetch(`${url}/api/v2/alerts`)).json());
  return alerts.map(({ labels }) => {
    const found = known.find((alert) => isDeepStrictEqual(alert.labels, labels));
    return [Object.values(labels).join(' '), found?.status.state];
  });
}

const toldTo = (path: string): string[] => told.filter((each) => each.path === path).map(({ body }) => body);
const eventually = <T>(value: () => T, timeout = 45_000) => expect.poll(value, { timeout, interval: 100 });

beforeAll(async () => {
  web = createServer((request, response) => {
    let body = '';
    request.on('data', (text: Buffer) => (body += text.toString()));
    request.on('end', () => {
      told.push({ path: request.url ?? '', body, at: performance.now() });
      // What each of them says to a message that it has taken.
      response.writeHead(request.url === '/pagerduty' ? 202 : 200);
      response.end(request.url === '/pagerduty' ? '{"status":"success"}' : 'ok');
    });
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;

  mail = new SMTPServer({
    onAuth: ({ username = '', password }, _session, done) =>
      password === 'mail-secret' ? done(null, { user: username }) : done(new Error('wrong password')),
    onData: (stream, { envelope, user }, done) => {
      let text = '';
      stream.on('data', (part: Buffer) => (text += part.toString()));
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), user: String(user), text });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', resolve));

  const folder = temporaryFolder();
  const shipped: unknown = parse(
    alertmanagerFile(join(folder, 'secrets'), {
      SAPPHIRE_ALERT_SLACK_URL: `${base}/slack`,
      SAPPHIRE_ALERT_PAGERDUTY_KEY: 'the-key-of-the-first',
      SAPPHIRE_ALERT_PAGERDUTY_ESCALATION_KEY: 'the-key-of-the-next',
      SAPPHIRE_ALERT_WEBHOOK_URL: base,
      SAPPHIRE_ALERT_EMAIL_PASSWORD: 'mail-secret',
      SAPPHIRE_ALERT_EMAIL_USERNAME: 'sapphire',
      SAPPHIRE_ALERT_EMAIL_TO: 'lead@example.org',
      SAPPHIRE_ALERT_EMAIL_FROM: 'sapphire@example.org',
      SAPPHIRE_ALERT_EMAIL_SMARTHOST: `127.0.0.1:${(mail.server.address() as AddressInfo).port}`,
    }),
  );
  const file = join(folder, 'alertmanager.yml');
  // PagerDuty's address is no setting of ours, the mail server here has a certificate that nobody has signed, and nobody wants to wait: what
  // takes a minute takes six seconds.
  const text = stringify({ global: { pagerduty_url: `${base}/pagerduty` }, ...(shipped as object) })
    .replaceAll(
      'auth_username: sapphire',
      'auth_username: sapphire\n        tls_config: { insecure_skip_verify: true }',
    )
    .replaceAll(/group_wait: \d+s/g, 'group_wait: 1s')
    .replaceAll(/(group_interval|repeat_interval): (\d+)(s|m)\b/g, (all, key: string, count: string, unit: string) =>
      unit === 's' ? `${key}: ${Number(count) * 100}ms` : count === '1' ? `${key}: 6s` : all,
    );
  writeFileSync(file, text);
  const { port } = await freePorts('port');
  url = `http://127.0.0.1:${port}`;
  const program = await debianProgram('alertmanager');
  alertmanager = spawn(
    program.file,
    [
      `--config.file=${file}`,
      `--storage.path=${join(folder, 'data')}`,
      '--cluster.listen-address=',
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { ...(program.folder === undefined ? {} : { cwd: program.folder }), stdio: 'ignore' },
  );
  const ready = async (): Promise<boolean> => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true;
  await until(async () => (await ready()) || undefined);
}, 60_000);
afterAll(async () => {
  const ended = once(alertmanager, 'exit');
  alertmanager.kill('SIGTERM');
  await ended;
  web.close();
  await new Promise<void>((resolve) => mail.close(resolve));
});

describe('Alertmanager', () => {
  it('tells each receiver, by each of its ways, what is the matter and what to do', { timeout: 60_000 }, async () => {
    await send(
      firing('TradingPortfolioLoss', { portfolio: 'main', mode: 'paper' }),
      firing('TradingDrawdown', { portfolio: 'main', mode: 'paper' }),
      firing('TradingIncidentUnacknowledged'),
      firing('Watchdog'),
    );
    await eventually(() => toldTo('/heartbeat').length).toBeGreaterThan(0);
    await eventually(() => toldTo('/escalation').length).toBeGreaterThan(0);
    await eventually(() => toldTo('/page').length).toBeGreaterThan(0);
    await eventually(() => toldTo('/team').length).toBeGreaterThan(0);
    await eventually(() => toldTo('/slack').length).toBe(2);
    await eventually(() => toldTo('/pagerduty').length).toBe(2);
    await eventually(() => mails.length).toBe(1);

    expect(toldTo('/page').join()).toContain('TradingPortfolioLoss');
    expect(toldTo('/team').join()).toContain('TradingDrawdown');
    expect(toldTo('/team').join()).not.toContain('TradingPortfolioLoss');
    const pages = toldTo('/pagerduty').map((body) => JSON.parse(body) as Record<string, unknown>);
    expect(pages).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          routing_key: 'the-key-of-the-first',
          event_action: 'trigger',
          payload: expect.objectContaining({
            severity: 'critical',
            summary: 'The portfolio has lost more than 5 % since the day began.',
          }),
        }),
        expect.objectContaining({ routing_key: 'the-key-of-the-next' }),
      ]),
    );
    const chats = toldTo('/slack').map((body) => JSON.parse(body) as { channel: string });
    const [team, page] = ['#trading', '#trading-pages'].map((channel) =>
      chats.find((chat) => chat.channel === channel),
    );
    expect(JSON.stringify(page)).toContain('TradingPortfolioLoss');
    expect(JSON.stringify(team)).toContain('FIRING TradingDrawdown');
    const runbook = (name: string) => `${project}/deploy/runbooks/${name}.md`;
    expect(JSON.stringify(team)).toContain(runbook('TradingDrawdown'));
    expect(JSON.stringify(page)).toContain(runbook('TradingPortfolioLoss'));
    expect(JSON.stringify(pages)).toContain(runbook('TradingPortfolioLoss'));
    expect(JSON.stringify(pages)).toContain(runbook('TradingIncidentUnacknowledged'));
    expect(toldTo('/page').join()).toContain(runbook('TradingPortfolioLoss'));
    expect(mails[0]).toMatchObject({ from: 'sapphire@example.org', to: ['lead@example.org'], user: 'sapphire' });
    expect(mails[0]?.text).toContain('TradingIncidentUnacknowledged');
  });

  it('beats once in what stands for a minute, not in every second one', { timeout: 30_000 }, async () => {
    const beats = () => told.filter(({ path }) => path === '/heartbeat').map(({ at }) => at);
    await eventually(() => beats().length, 25_000).toBeGreaterThanOrEqual(3);
    const pauses = beats().flatMap((at, place, all) => (place === 0 ? [] : [at - (all[place - 1] ?? at)]));
    for (const pause of pauses) {
      expect(pause).toBeGreaterThan(4_500);
      expect(pause).toBeLessThan(7_500);
    }
  });

  it('tells of a second component within what stands for a minute, in one message with the first', {
    timeout: 30_000,
  }, async () => {
    const of = (component: string) => firing('TradingComponentUnhealthy', { component });
    const messages = () => toldTo('/team').filter((body) => body.includes('TradingComponentUnhealthy'));
    await send(of('outbox'));
    await eventually(() => messages().length).toBe(1);
    const others = ['journal', 'exchange', 'disk', 'market/BTC/USDT', 'market/ETH/USDT', 'temporal', 'configuration'];
    const begun = performance.now();
    for (const component of others) await send(of('outbox'), of(component));
    await eventually(() => others.filter((component) => !messages().join().includes(component)), 10_000).toEqual([]);
    expect(performance.now() - begun).toBeLessThan(7_500);
    // Each of them in a message of its own would be a storm.
    expect(messages().length).toBeLessThanOrEqual(3);
  });

  it("tells the supervisor's last word to who is paged before it is stopped itself", async () => {
    vi.stubEnv('SAPPHIRE_DATA', temporaryFolder());
    const error = new UserError('ProcessFailed', 'workers/execution ended 41 times.');
    const told = await sayLastWord(error, 'Held meanwhile: 0.5 BTC.', url, { SAPPHIRE_ALERT_PAGERDUTY_KEY: 'key' });
    expect(told).toBe('Alertmanager was told to page by PagerDuty.');
    expect(toldTo('/page').filter((body) => body.includes('ended 41 times. Held meanwhile: 0.5 BTC.'))).toHaveLength(1);
    vi.unstubAllEnvs();
  });

  it('rings again for a second process, though the first was told', async () => {
    const rung = (job: string) => toldTo('/pagerduty').filter((body) => body.includes(job)).length;
    await send(down('exchange'));
    await eventually(() => rung('trading-exchange')).toBe(1);
    await send(down('coordinator'));
    await eventually(() => rung('trading-coordinator'), 5_000).toBe(1);
    const keys = toldTo('/pagerduty')
      .filter((body) => /trading-(exchange|coordinator)/.test(body))
      .map((body) => (JSON.parse(body) as { dedup_key: string }).dedup_key);
    expect(new Set(keys).size).toBe(2);
    await send(over(down('exchange')), over(down('coordinator')));
  });

  it('pages once for a latch that is silent, though its incident calls a person in the same minute', async () => {
    const pages = () => toldTo('/pagerduty').filter((body) => /control|Control/.test(body)).length;
    const before = pages();
    const both = [
      firing('TradingControlSilent', { component: 'control/main' }),
      calls('control/main', 'control.silent'),
    ];
    await send(...both);
    await eventually(pages, 10_000).toBe(before + 1);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(pages()).toBe(before + 1);
    await send(...both.map(over));
  });

  it.each<[string, ReturnType<typeof firing>, ReturnType<typeof firing>[], ReturnType<typeof firing>[]]>([
    [
      'the process that looks at health is down: what it would have renewed is old',
      down('housekeeping'),
      [
        firing('TradingHealthLookStale'),
        firing('BackupTooOld'),
        firing('WarehouseExportLagging'),
        waits('housekeeping'),
        ...['process/workers/housekeeping', 'outbox', 'schedule/export/paper'].map((each) => calls(each)),
      ],
      [firing('TradingReconciliationStale'), unwell('temporal'), calls('process/mcp-coordinator'), calls('disk')],
    ],
    [
      'the process of the cycles is down: none of them ends, and no symbol is seen',
      down('cycles'),
      [
        firing('TradingCyclesStalled'),
        firing('TradingMarketDataStale', { symbol: 'BTC/USDT' }),
        waits('cycles'),
        ...['process/workers/cycles', 'schedule/cycle/main'].map((each) => calls(each)),
      ],
      [
        firing('TradingReconciliationStale'),
        firing('BackupTooOld'),
        ...['process/workers/execution', 'orders/main'].map((each) => calls(each)),
      ],
    ],
    [
      'the process that reconciles is down: its last look is old',
      down('control'),
      [firing('TradingReconciliationStale'), unwell('process/workers/control'), calls('process/workers/control')],
      [firing('TradingHealthLookStale'), firing('TradingControlSilent', { component: 'exits/main' })],
    ],
    [
      'the agents are down: they and their cycles are not well; what is lost, halted, old or unwell besides is told',
      down('agents'),
      [
        firing('TradingAgentUnavailable', { agent: 'momentum' }),
        firing('TradingNoSignals'),
        firing('TradingCyclesDegraded'),
        firing('TradingBudgetBurnUptime'),
        firing('TradingProcessRestarting', { job: 'trading-agents' }),
        waits('agents-momentum'),
        ...['process/workers/agents', 'cycle/main', 'agent/momentum', 'agent/freqtrade'].map(unwell),
      ],
      [
        firing('TradingOrderUnresolved'),
        firing('TradingDrawdown', { portfolio: 'main', mode: 'paper' }),
        firing('TradingHalted', { portfolio: 'main', mode: 'paper' }),
        firing('BackupTooOld'),
        firing('MarketRowsLost'),
        firing('TradingProcessRestarting', { job: 'trading-execution' }),
        waits('execution'),
        ...['outbox', 'exchange', 'schedule/backup/paper', 'process/workers/execution'].map(unwell),
      ],
    ],
    [
      'Temporal is down: nothing goes on; what is lost or unknown, and what needs no Temporal, is told',
      firing('TemporalDown', { instance: 'a', job: 'temporal' }),
      [
        ...['TradingCyclesStalled', 'TradingReconciliationStale', 'TradingHealthLookStale'].map((name) => firing(name)),
        ...['temporal', 'cycle/main'].map(unwell),
        ...['process/temporal', 'schedule/cycle/main'].map((each) => calls(each)),
      ],
      [
        firing('TradingOrderUnresolved'),
        firing('TradingPortfolioLoss'),
        firing('BackupTooOld'),
        unwell('disk'),
        ...['books/main', 'process/workers/control'].map((each) => calls(each)),
      ],
    ],
    [
      'the exchange is left alone: its errors and its silence follow',
      firing('TradingCircuitBreakerOpen', { service: 'exchange', breaker: 'trading' }),
      [
        ...['TradingExchangeErrors', 'TradingMarketDataStale', 'TradingCyclesDegraded'].map((name) => firing(name)),
        calls('exchange', 'exchange.away'),
      ],
      [firing('TradingBooksDiffer'), calls('exchange', 'exchange.refuses'), calls('process/paper-exchange')],
    ],
    [
      'the disk is full: that it will be full follows, memory does not',
      firing('TradingResourceExhaustion', { resource: 'disk', severity: 'critical', instance: 'a' }),
      [exhausted('disk-forecast', { instance: 'a' }), calls('disk', 'disk.low')],
      [exhausted('memory', { job: 'trading-agents' }), exhausted('event-loop', { job: 'trading-agents' })],
    ],
    [
      'the latch is silent: its incident calls for the same, and those of others for another',
      firing('TradingControlSilent', { component: 'control/main' }),
      [calls('control/main', 'control.silent'), calls('exits/main', 'exits.silent')],
      [calls('books/main', 'books.differ'), calls('process/workers/cycles'), firing('TradingIncidentUnacknowledged')],
    ],
    [
      'books differ: so says their incident, which is not that of an order',
      firing('TradingBooksDiffer'),
      [calls('books/main', 'books.differ'), calls('trading/main', 'trading.frozen')],
      [
        calls('orders/main', 'order.unresolved'),
        calls('trading/main', 'trading.halted'),
        calls('books/main', 'books.other_account'),
      ],
    ],
    [
      'no cycle ends: so says the incident of their schedule, which is not that of another',
      firing('TradingCyclesStalled'),
      [calls('schedule/cycle/main', 'cycles.overdue')],
      [calls('schedule/reconcile/main', 'schedule.overdue'), calls('process/workers/cycles')],
    ],
    [
      'the last reconciliation is old: so says the incident of its schedule',
      firing('TradingReconciliationStale'),
      [calls('schedule/reconcile/main', 'schedule.overdue')],
      [calls('schedule/cycle/main', 'cycles.overdue'), calls('schedule/export/paper', 'schedule.overdue')],
    ],
  ])('%s', async (_name, source, followers, others) => {
    await send(source, ...followers, ...others);
    const all = (alerts: typeof followers, state: string) =>
      alerts.map(({ labels }) => [Object.values(labels).join(' '), state]);
    await eventually(() => statesOf(followers), 5_000).toEqual(all(followers, 'suppressed'));
    await eventually(() => statesOf(others), 5_000).toEqual(all(others, 'active'));
    await send(over(source), ...followers, ...others);
    await eventually(() => statesOf(followers), 5_000).toEqual(all(followers, 'active'));
    await send(...followers.map(over), ...others.map(over));
  });
});
