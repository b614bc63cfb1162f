import { type ChildProcess, execFileSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readProfile } from '../../client/stack/profile.ts';
import { readRecord } from '../../client/stack/run-record.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { incidentSchema } from '../../contracts/incidents.ts';
import { roles } from '../../contracts/roles.ts';
import { errorRatios, hourly } from '../../deploy/observability/alerts/objectives.ts';
import { boards } from '../../deploy/observability/generate.ts';
import { alertGroups } from '../../deploy/observability/rules.ts';
import { decimal } from '../../domain/money/money.ts';
import { processName } from '../../runtime/roles.ts';
import { traceIdOf } from '../../runtime/telemetry/tracing.ts';
import { until } from '../paper-exchange/harness.ts';
import { end, type Installation, makeInstallation } from '../support/installation.ts';
import { orphansOf, type Receiver, startReceiver, waterfall } from '../support/otlp.ts';
import { cycleSchema, runSchema } from './run-output.ts';
import { receiversOf, rulesOf, seriesOf, toldAlerts } from './watching.ts';

const viewsSchema = z.object({
  symbols: z.array(z.looseObject({ symbol: z.string(), direction: z.string() })),
});
const replaySchema = z.object({ recorded: viewsSchema, replayed: viewsSchema });

/** Every process that carries this installation's data folder in its environment. */
function processesOf({ environment }: Installation): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`SAPPHIRE_DATA=${environment['SAPPHIRE_DATA']}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function untilGone(installation: Installation): Promise<void> {
  for (let n = 0; n < 100 && processesOf(installation).length > 0; n += 1) await sleep(100);
}

/** Resolves when the running start has printed the line of a finished cycle, with all that its screen shows until then. */
async function firstCycle(child: ChildProcess): Promise<string> {
  let seen = '';
  let words = '';
  child.stderr?.on('data', (data: Buffer) => (words += data.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (data: Buffer) => {
      seen += data.toString();
      if (/^\d\d:\d\d:\d\d │/m.test(seen)) resolve();
    });
    child.once('close', (code) => reject(new Error(`ended with ${code} before its first cycle: ${seen}${words}`)));
  });
  return seen;
}

/** A bound on what hangs; how long a command takes is the machine's affair. */
describe('one command', { timeout: 300_000 }, () => {
  let installation: Installation;
  let running: ChildProcess | undefined;
  let first: z.output<typeof runSchema>;
  let receiver: Receiver;
  const json = async (...args: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await installation.sapphire(...args, '--json');
    expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
    // A stop that takes longer has said before how far it had come.
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  };

  beforeAll(async () => {
    installation = await makeInstallation();
    receiver = await startReceiver();
    installation.environment['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.url;
  });
  afterAll(async () => {
    receiver.close();
    for (const pid of processesOf(installation)) process.kill(pid, 'SIGKILL');
  });

  it('sets up, trades three cycles, fills at least one order, says so in one object, and leaves nothing running', async () => {
    const { code, stdout, stderr } = await installation.startAndWait('--cycles', '3', '--exit', '--json');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    first = runSchema.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
    expect(first.cycles).toHaveLength(3);
    expect(first.cycles.flatMap(({ fills }) => fills).length).toBeGreaterThan(0);
    expect(first.services.map(({ name }) => name)).toEqual([
      'temporal',
      'paper-exchange',
      'mcp-coordinator',
      ...roles.map(processName),
    ]);
    const { signals = [], abstentions = [] } = first.cycles[0] ?? {};
    // A book may be in balance, and its reader then has no view.
    const hasNoView = ({ reason }: { reason: string }): boolean => reason === 'no_view';
    const silent = abstentions.filter((abstention) => !hasNoView(abstention));
    expect(Object.fromEntries(silent.map(({ agent, reason }) => [agent, reason]))).toEqual({
      deepseek: 'no_key',
      qwen: 'no_key',
      fingpt: 'no_endpoint',
      'lag-llama': 'not_configured',
      freqtrade: 'no_endpoint',
    });
    const asked = new Set([...signals, ...abstentions.filter(hasNoView)].map(({ agent }) => agent));
    expect([...asked].toSorted()).toEqual(['baseline', 'hummingbot']);
    expect(stderr).toMatch(/Starting the workers/);
    await untilGone(installation);
    expect(processesOf(installation)).toEqual([]);
  });

  it('tells of a cycle as one trace of all processes, in which each parent was sent', () => {
    const { spans } = receiver;
    const cycle = first.cycles.find(({ fills }) => fills.length > 0);
    const ofCycle = spans.filter(({ traceId }) => traceId === traceIdOf(cycle?.id ?? ''));
    const picture = waterfall(ofCycle).join('\n');
    // Control books the fills, and not every booking has been seen in its cycle's trace: of it only what is there is held.
    const sent = ofCycle.filter(({ resource }) => resource['service.name'] !== 'sapphire-workers-control');
    expect(
      [...new Set(sent.map(({ resource }) => resource['service.name']))].toSorted((one, other) =>
        String(one).localeCompare(String(other)),
      ),
      picture,
    ).toEqual([
      'sapphire-mcp-coordinator',
      'sapphire-paper-exchange',
      'sapphire-workers-agents',
      'sapphire-workers-cycles',
      'sapphire-workers-execution',
    ]);
    const named = (name: string) => ofCycle.find((span) => span.name === name);
    const pathOf = (name: string): string[] => {
      const span = named(name);
      const parent = ofCycle.find(({ spanId }) => spanId === span?.parentSpanId);
      return [...(parent ? pathOf(parent.name) : []), ...(span ? [`${span.kind} ${span.name}`] : [])];
    };
    expect(pathOf('POST /api/v3/order'), picture).toEqual([
      'CONSUMER tradingCycle',
      'CONSUMER executeOrder',
      'CONSUMER placeOrder',
      'CLIENT exchange place',
      'SERVER POST /api/v3/order',
    ]);
    expect(named('tradingCycle')?.attributes).toMatchObject({
      'sapphire.outcome': expect.stringMatching(/COMPLETED|DEGRADED/),
      'sapphire.symbols': ['BTC/USDT', 'ETH/USDT'],
      'sapphire.correlation_id': cycle?.id,
    });
    expect(named('askAgent baseline')?.attributes).toMatchObject({ 'sapphire.symbols': ['BTC/USDT', 'ETH/USDT'] });
    const booked = ofCycle.filter(({ name }) => name === 'book fill');
    for (const { attributes } of booked) expect(attributes).toMatchObject({ 'sapphire.correlation_id': cycle?.id });
    // A step of what the end cut off has no parent yet: the next start goes on with it.
    const last = Math.max(...spans.map(({ endedAt }) => endedAt));
    expect(orphansOf(spans).filter(({ endedAt }) => endedAt < last - 20_000)).toEqual([]);
  });

  it('goes on with the same books, under the command line', async () => {
    running = installation.start('--observe');
    const password = join(installation.environment['SAPPHIRE_DATA'] ?? '', 'observability', 'password');
    expect(await firstCycle(running)).toContain(`the user sapphire and the password in ${password}`);
    const cycles = z.array(cycleSchema).parse(await json('cycle', 'list'));
    expect(cycles.map(({ id }) => id)).toEqual(expect.arrayContaining(first.cycles.map(({ id }) => id)));

    expect(await json('status')).toMatchObject({ mode: 'paper', control: { tradingState: 'active', epoch: 0 } });
    const traded = first.cycles.find(({ orders }) => orders.length > 0);
    const { stdout: trail } = await installation.sapphire('cycle', 'show', traded?.id ?? '');
    for (const part of [
      'Market',
      'Signals',
      'deepseek: abstains, no_key',
      'Consensus',
      'Limits',
      'Orders',
      'Fills',
      traded?.orders[0]?.id ?? '?',
    ]) {
      expect(trail).toContain(part);
    }
    expect(cycleSchema.parse(await json('cycle', 'run', '--symbols', 'BTC/USDT')).outcome).toMatch(
      /COMPLETED|NO_TRADE/,
    );
    expect(await json('orders')).toEqual(
      expect.arrayContaining([expect.objectContaining({ intentId: traded?.orders[0]?.id, state: 'filled' })]),
    );
    expect(await json('portfolio')).toMatchObject({ currency: 'USDT', deposits: { USDT: '10000' } });
    expect(await json('schedule', 'pause', '--reason', 'test')).toMatchObject({ paused: true, note: 'test' });
    expect(await json('schedule', 'set', '--interval', '45')).toMatchObject({ intervalSeconds: 45, paused: true });
    expect(await json('schedule', 'resume')).toMatchObject({ paused: false });
    const replayed = replaySchema.parse(await json('replay', traded?.id ?? ''));
    expect(replayed.replayed.symbols).toEqual(replayed.recorded.symbols);
    const silenced = replaySchema.parse(await json('replay', traded?.id ?? '', '--weights', 'hummingbot=0,baseline=0'));
    expect(silenced.replayed.symbols.map(({ direction }) => direction)).toEqual(['none', 'none']);
    expect(await json('agents', 'disable', 'hummingbot', '--reason', 'test')).toMatchObject({
      before: { enabled: true },
      after: { enabled: false },
    });
    expect(await json('agents', 'list')).toEqual(
      expect.arrayContaining([expect.objectContaining({ agent: 'hummingbot', enabled: false })]),
    );
    await json('agents', 'enable', 'hummingbot');
    expect(await json('agents', 'set', 'hummingbot', '--weight', '0.5', '--reason', 'measured')).toMatchObject({
      after: { enabled: true, weight: 0.5 },
    });
    expect(await json('agents', 'history', '--limit', '1')).toMatchObject([
      { agentId: 'hummingbot', before: { weight: 1 }, after: { weight: 0.5 }, reason: 'measured' },
    ]);
    expect(await json('doctor')).toEqual(
      expect.arrayContaining([expect.objectContaining({ check: 'journal', result: 'ok' })]),
    );
    const account = await json('paper', 'account', 'create', 'guest', '--balance', 'USDT=500');
    expect(await json('paper', 'account', 'create', 'guest', '--balance', 'USDT=500')).toEqual({
      ...z.record(z.string(), z.unknown()).parse(account),
      created: false,
    });
  });

  it('takes a policy and a guest from the command line, and counts what the guest brings', async () => {
    const policy = await json('policy', 'set', 'minConviction=0.01', 'requiredGroups=baseline', '--reason', 'measured');
    expect(policy).toMatchObject({ after: { minConviction: 0.01, requiredGroups: ['baseline'] }, reason: 'measured' });
    expect(await json('policy', 'show')).toMatchObject({
      policy: { minConviction: 0.01 },
      lastChange: { reason: 'measured' },
    });
    await json('policy', 'set', 'minConviction=0', 'requiredGroups=', '--reason', 'back');
    const history = z.array(z.object({ by: z.string(), reason: z.string() })).parse(await json('policy', 'history'));
    expect(history.map(({ reason }) => reason)).toEqual(['back', 'measured', 'the first start']);

    const invitationSchema = z.object({ token: z.string(), url: z.string() });
    const invited = await json('agents', 'invite', 'my-model', '--weight', '2', '--role', 'voter');
    const { token, url } = invitationSchema.parse(invited);
    const client = new Client({ name: 'a stranger', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    const headers = { authorization: `Bearer ${token}` };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
    const signal = {
      symbol: 'BTC/USDT',
      probabilities: { up: 0.5, flat: 0.3, down: 0.2 },
      expectedReturn: 0.001,
      uncertainty: 0.01,
      conviction: 0.2,
      horizonMs: 3_600_000,
    };
    const receipt = await client.callTool({
      name: 'submit_signal',
      arguments: { requestId: 's', model: 'mine', signals: [signal] },
    });
    expect(receipt.structuredContent).toMatchObject({ agentId: 'my-model', received: [{ counts: true }] });
    await client.close();
    const { id } = cycleSchema.parse(await json('cycle', 'run', '--symbols', 'BTC/USDT'));
    const { stdout: trail } = await installation.sapphire('cycle', 'show', id);
    expect(trail).toMatch(/my-model.*\n.*BTC\/USDT: .* up 0\.50/);
    expect(await json('agents', 'revoke', 'my-model')).toMatchObject({ after: { enabled: false } });
    expect(await json('agents', 'scores')).toEqual([]);
  });

  it('is reached by Temporal’s own command line', async () => {
    const temporal = await temporalBinary(readProfile().temporal);
    const call = (...args: string[]): string =>
      execFileSync(
        temporal,
        [...args, '--address', `127.0.0.1:${installation.ports.grpc}`, '--namespace', 'sapphire'],
        { encoding: 'utf8' },
      );
    call(
      'workflow',
      'execute',
      '--type',
      'tradingCycle',
      '--task-queue',
      'cycles',
      '--workflow-id',
      'by-hand',
      '--input',
      '{"symbols": ["ETH/USDT"]}',
    );
    let found = '';
    for (let n = 0; n < 50 && !found.includes('by-hand'); n += 1) {
      found = call('workflow', 'list', '--query', "Account = 'main' AND CycleId = 'by-hand'", '--output', 'json');
      await sleep(100);
    }
    expect(found).toContain('by-hand');
  });

  it('tells what every process did for a cycle under its one id, from the tick to the fill', async () => {
    const filled = first.cycles.find(({ fills }) => fills.length > 0);
    const lines = z
      .array(z.object({ at: z.number(), process: z.string(), message: z.string() }))
      .parse(await json('logs', '--correlation', filled?.id ?? 'none'));
    expect([...new Set(lines.map(({ process: name }) => name))].sort()).toEqual([
      'paper-exchange',
      'services/mcp-coordinator',
      'workers/agents',
      'workers/control',
      'workers/cycles',
      'workers/execution',
    ]);
    const messages = lines.map(({ message }) => message);
    for (const message of [
      'agent answered',
      'coordinator call',
      'cycle planned',
      'request answered',
      'order sent',
      'cycle finished',
      'fill booked',
    ]) {
      expect(messages).toContain(message);
    }
    expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).toSorted((one, other) => one - other));
    const byTick = () =>
      receiver.spans.some(({ name, attributes }) => name === 'tradingCycle' && attributes['sapphire.schedule']);
    await expect.poll(byTick, { timeout: 60_000 }).toBe(true);
    const none = await installation.sapphire('logs', '--correlation', 'cycle/none', '--json');
    expect(none.code).toBe(2);
  });

  it('is watched by Prometheus and Alertmanager with the committed rules, and each panel that is not rightly empty has data', async () => {
    const { prometheus, alertmanager } = installation.ports;
    const data = installation.environment['SAPPHIRE_DATA'] ?? '';
    // The mission's own words for what is up.
    await expect.poll(() => seriesOf(data, prometheus, 'up{job=~".*trading.*"} == 1'), { timeout: 20_000 }).toBe(7);
    const queries = boards.flatMap(({ rows }) =>
      rows.flatMap(({ panels }) =>
        panels
          .filter(({ empty }) => empty === undefined)
          .flatMap((panel) => panel.queries.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m'))),
      ),
    );
    expect(queries.length).toBeGreaterThan(50);
    for (const query of queries)
      await expect
        .poll(() => seriesOf(data, prometheus, query), { timeout: 60_000, message: query })
        .toBeGreaterThan(0);

    // What is recorded once an hour was not yet; some rules are asked once a minute.
    const seldom: string[] = hourly.map(({ record }) => record);
    const unwell = async () =>
      (await rulesOf(data, prometheus)).filter(
        ({ name, health }) => health !== 'ok' && !(health === 'unknown' && seldom.includes(name)),
      );
    await expect.poll(unwell, { timeout: 70_000 }).toEqual([]);
    const told = await rulesOf(data, prometheus);
    expect(new Set(told.map(({ name }) => name))).toEqual(
      new Set([
        ...alertGroups.flatMap(({ alerts }) => alerts.map(({ name }) => name)),
        ...[...errorRatios, ...hourly].map(({ record }) => record),
      ]),
    );
    await expect
      .poll(() => receiversOf(data, alertmanager, 'Watchdog'), { timeout: 70_000 })
      .toEqual(['dead-mans-switch']);
    // Prometheus may be away for two minutes, and nobody is told that what fires is over.
    const { endsAt = 0 } = (await toldAlerts(data, alertmanager)).get('Watchdog') ?? {};
    expect(endsAt - Date.now()).toBeGreaterThan(120_000);
    const watcher = (name: string) =>
      expect.objectContaining({ name, healthy: true, detail: expect.stringMatching(/^since /) });
    expect(await json('status')).toMatchObject({
      services: expect.arrayContaining(['prometheus', 'alertmanager'].map(watcher)),
      callees: expect.arrayContaining([expect.objectContaining({ receiver: 'page', by: [] })]),
    });
    expect(await json('doctor')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          check: 'alerts',
          result: 'note',
          detail: expect.stringContaining('NOBODY is called'),
        }),
      ]),
    );
  });

  it('shows the mission’s metrics and health in each process, and plausible values in the right one', async () => {
    const names = [
      'portfolio_value',
      'trading_signals_total',
      'agent_activity_score',
      'circuit_breaker_state',
      'health_check_status',
      'error_rate_percentage',
    ];
    const { operations, coordinator, exchange } = installation.ports;
    const workers = roles.map((_, index) => operations + index);
    for (const port of [...workers, coordinator, exchange]) {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      for (const name of names) expect(text, `${name} on ${port}`).toContain(`# HELP ${name} `);
    }
    for (const port of [...workers, coordinator, exchange])
      for (const path of ['healthz', 'readyz'])
        expect((await fetch(`http://127.0.0.1:${port}/${path}`)).status, `${path} on ${port}`).toBe(200);
    const books = await (await fetch(`http://127.0.0.1:${operations + 3}/metrics`)).text();
    expect(Number(/^portfolio_value\{.*\} (\S+)$/m.exec(books)?.[1])).toBeGreaterThan(5_000);
    expect(books).toMatch(/^agent_activity_score\{agent="deepseek"\} 0$/m);
    expect(books).toMatch(/^trading_demo\{portfolio="main",mode="paper"\} 1$/m);
    expect(books).toMatch(/^health_check_status\{component="journal"\} 1$/m);
    // What Temporal's SDK tells of its worker stands on the same page.
    expect(books).toMatch(/^temporal_worker_task_slots_available\{.*worker_type="ActivityWorker"/m);
    const agents = await (await fetch(`http://127.0.0.1:${operations + 1}/metrics`)).text();
    expect(agents).toMatch(/^error_rate_percentage\{service="workers\/agents"\} 0$/m);
    expect(agents).toMatch(/^trading_signals_total\{agent="deepseek",symbol="BTC\/USDT",side="abstain"\} [1-9]/m);
  });

  it('logs JSON under one correlation id from the cycle to the fill, without a secret', () => {
    const data = installation.environment['SAPPHIRE_DATA'] ?? '';
    const secrets = Object.values(
      z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(join(data, 'secrets.json'), 'utf8'))),
    );
    expect(statSync(join(data, 'secrets.json')).mode & 0o777).toBe(0o600);
    const logs = new Map(
      globSync('logs/*.log', { cwd: data }).map((file) => [file, readFileSync(join(data, file), 'utf8')]),
    );
    const cycleId = first.cycles.find(({ fills }) => fills.length > 0)?.id ?? '?';
    for (const name of ['workers-cycles', 'workers-agents', 'workers-execution', 'mcp-coordinator']) {
      const lines = (logs.get(`logs/${name}.log`) ?? '')
        .trimEnd()
        .split('\n')
        .map((line) => z.looseObject({ level: z.string() }).parse(JSON.parse(line)));
      expect(
        lines.some(({ correlationId }) => correlationId === cycleId),
        name,
      ).toBe(true);
    }
    for (const [file, text] of logs) for (const secret of secrets) expect(text.includes(secret), file).toBe(false);
    const traces = receiver.raw.join('');
    for (const secret of secrets) expect(traces.includes(secret)).toBe(false);
  });

  it('stops in an emergency, by its own command and by a bare signal, and resumes when books and exchange agree', async () => {
    expect(await json('stop', '--reason', 'test')).toMatchObject({ fenced: true, quiet: true, remaining: [] });
    expect(await json('cycle', 'run')).toMatchObject({ outcome: 'HALTED', orders: [] });
    expect(await json('resume', '--epoch', '1', '--reason', 'test', '--by', 'ann')).toMatchObject({
      halted: false,
      epoch: 2,
    });

    const temporal = await temporalBinary(readProfile().temporal);
    const at = ['--address', `127.0.0.1:${installation.ports.grpc}`, '--namespace', 'sapphire'];
    execFileSync(temporal, [
      'workflow',
      'signal',
      ...at,
      '--workflow-id',
      'trading-control',
      '--name',
      'emergencyStop',
      '--input',
      '{"reason": "bare", "by": "ann"}',
    ]);
    let control = '';
    for (let n = 0; n < 100 && !control.includes('halted'); n += 1) {
      // It is 6 from the moment at which trading is halted.
      const { stdout } = await installation.sapphire('status', '--json');
      control = JSON.stringify((JSON.parse(stdout) as { control: unknown }).control);
      await sleep(100);
    }
    expect(JSON.parse(control)).toMatchObject({ tradingState: 'halted', epoch: 3, reason: 'bare', changedBy: 'ann' });
    const unseen = await installation.sapphire('resume', '--reason', 'test');
    expect(unseen.code).toBe(2);
    expect(unseen.stderr).toMatch(/halted at epoch 3 by ann .*: bare\. .*\.\/sapphire resume --epoch 3 --reason/);
    const older = await installation.sapphire('resume', '--epoch', '1', '--reason', 'test');
    expect(older.code).toBe(5);
    expect(older.stderr).toMatch(/you saw the halt of epoch 1/);
    await json('resume', '--epoch', '3', '--reason', 'test');
    const refused = await installation.sapphire('resume', '--epoch', '3', '--reason', 'again');
    expect(refused).toMatchObject({ code: 5, stderr: 'sapphire: Not resumed: trading is not halted.\n' });
  });

  it('keeps what it knows over kill -9 of everything, and the next start ends its orphans first', async () => {
    const before = (await json('portfolio')) as { balances: unknown };
    const child = running;
    if (!child?.pid) throw new Error('nothing runs');
    process.kill(-child.pid, 'SIGKILL');
    running = installation.up();
    await firstCycle(running);
    const listed = z.array(cycleSchema).parse(await json('cycle', 'list', '--limit', '100'));
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(first.cycles.map(({ id }) => id)));
    expect(before.balances).not.toEqual([]);
    const { epoch } = z.object({ epoch: z.number() }).parse(await json('stop', '--reason', 'compare at rest'));
    // A resume is refused while books and exchange differ by a unit of anything.
    expect(await json('resume', '--epoch', `${epoch}`, '--reason', 'equal')).toMatchObject({ halted: false });
  });

  it('goes on by itself when its supervisor alone is killed, and tells of it', async () => {
    const record = join(installation.environment['SAPPHIRE_DATA'] ?? '', 'run.json');
    const before = readRecord(record)?.supervisor.pid;
    const launcher = running;
    if (!before || !launcher) throw new Error('nothing runs');
    let words = '';
    launcher.stderr?.on('data', (data: Buffer) => (words += data.toString()));
    process.kill(before, 'SIGKILL');
    const told = z.object({ incidents: z.array(incidentSchema) });
    const incident = await until(async () => {
      if (launcher.exitCode !== null) throw new Error(`it ended with ${launcher.exitCode}: ${words}`);
      const { incidents } = told.parse(await json('incident', 'list'));
      return incidents.find(({ component, recoveredAt }) => component === 'process/supervisor' && recoveredAt);
    }, 120_000);
    expect(incident).toMatchObject({ detectedBy: 'supervisor', recoveredBy: 'restart' });
    expect(readRecord(record)?.supervisor.pid).not.toBe(before);
    expect(cycleSchema.parse(await json('cycle', 'run')).signals.length).toBeGreaterThan(0);
  });

  it('ends by Ctrl-C, cleanly and whole', async () => {
    const child = running;
    if (!child?.pid) throw new Error('nothing runs');
    const ended = end(child);
    process.kill(-child.pid, 'SIGINT');
    const { code, stdout } = await ended;
    expect({ code, last: stdout.trimEnd().split('\n').at(-1) }).toMatchObject({
      code: 0,
      last: expect.stringContaining('the books and histories stay'),
    });
    await untilGone(installation);
    expect(processesOf(installation)).toEqual([]);
    const { stdout: portfolio } = await installation.sapphire('portfolio', '--json');
    expect(decimal((JSON.parse(portfolio) as { equity: string }).equity).greaterThan(5_000)).toBe(true);
  });
});
