import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { engineRequirements } from '../../client/stack/engines.ts';
import { pythonEnvironment } from '../../client/stack/python-environment.ts';
import { engineStateSchema } from '../../contracts/hummingbot.ts';
import { hummingbotEngineToken } from '../../runtime/configuration/engines.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { createHummingbotSeat } from '../../trading/agents/hummingbot/hummingbot.ts';
import { createEngineViews } from '../../trading/agents/hummingbot/hummingbot-engine.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { healthyRequest } from '../agents/market.ts';
import { temporaryFolder } from '../support/books.ts';
import { freePorts } from '../support/ports.ts';

/**
 * The real engine: its installation compiles for some minutes, so this proof runs when it is asked for:
 * `npm run proof-hummingbot`.
 */
const wanted = process.env['SAPPHIRE_PROOF_HUMMINGBOT'] === '1';

describe.skipIf(!wanted)('Hummingbot’s engine on the paper exchange', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  let url: string;
  let exchangeUrl: string;
  let environment: NodeJS.ProcessEnv;
  let journal: Journal;
  const children: ChildProcess[] = [];

  function start(name: string): { child: ChildProcess; ready: Promise<void> } {
    const child = spawn(process.execPath, [join(projectFolder, name)], {
      env: environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    const ready = new Promise<void>((resolve, reject) => {
      child.once('exit', (code, signal) => reject(new Error(`${name} ended with ${signal ?? code}`)));
      if (child.stdout)
        createInterface({ input: child.stdout }).on('line', (line) => line.includes('"ready":true') && resolve());
    });
    return { child, ready };
  }

  const state = async () => engineStateSchema.parse(await (await fetch(`${url}/state`)).json());
  async function until<T>(what: string, look: () => Promise<T | undefined>, ms = 60_000): Promise<T> {
    const deadline = Date.now() + ms;
    for (;;) {
      const seen = await look().catch(() => undefined);
      if (seen !== undefined) return seen;
      if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
      await sleep(500);
    }
  }
  function account() {
    const text = readFileSync(join(data, 'hummingbot', 'engine.json'), 'utf8');
    const keys = z.object({ apiKey: z.string(), secret: z.string() }).parse(JSON.parse(text));
    return createCcxtClient({ venue: 'binance', restUrl: exchangeUrl, ...keys });
  }
  const orderSchema = z.array(
    z.object({ orderId: z.union([z.string(), z.number()]), symbol: z.string(), side: z.string() }),
  );
  // Symbol by symbol: all at once weighs thirteen times as much, and the engine shares the limit.
  const openOrders = async () => {
    const client = account();
    const lists = await Promise.all(['BTCUSDT', 'ETHUSDT'].map((symbol) => client.privateGetOpenOrders({ symbol })));
    return lists.flatMap((list) => orderSchema.parse(list));
  };
  const quotesBothSides = async () => {
    const open = await openOrders();
    const sides = new Set(open.map(({ symbol, side }) => `${symbol} ${side}`));
    return sides.size === 4 ? open : undefined;
  };

  let worker: ReturnType<typeof start>;
  beforeAll(async () => {
    const python = await pythonEnvironment(engineRequirements.hummingbot, {
      onProgress: (message) => process.stdout.write(`${message}\n`),
    });
    const { exchange, port, mqttPort } = await freePorts('exchange', 'port', 'mqttPort');
    exchangeUrl = `http://127.0.0.1:${exchange}`;
    url = `http://127.0.0.1:${port}`;
    const configuration = { paperExchange: { port: exchange }, agents: { hummingbot: { port, mqttPort } } };
    const file = join(folder, 'trading.yml');
    writeFileSync(file, stringify(configuration));
    environment = {
      ...process.env,
      SAPPHIRE_DATA: data,
      SAPPHIRE_CONFIG: file,
      SAPPHIRE_PYTHON: python,
      SAPPHIRE_SUPERVISED: '1',
    };
    await start('services/paper-exchange/main.ts').ready;
    journal = await openSqliteJournal(join(data, 'journal.db'), parseConfiguration(configuration, 'test'));
    worker = start('workers/hummingbot/main.ts');
    await worker.ready;
  }, 20 * 60_000);
  afterAll(async () => {
    for (const child of children) child.kill('SIGTERM');
    await sleep(2_000);
    for (const child of children) child.kill('SIGKILL');
    await journal?.close();
  });

  it('quotes both sides of both symbols, and prices them again', { timeout: 90_000 }, async () => {
    await until('quotes on both sides', quotesBothSides);
    const ids = async () => (await openOrders()).map(({ orderId }) => String(orderId));
    const before = new Set(await ids());
    await until('new quotes', async () => ((await ids()).some((id) => !before.has(id)) ? true : undefined), 30_000);
  });

  it('says its view, which becomes a signal', async () => {
    const { controllers, account: name } = await state();
    expect(name).toBe('hummingbot');
    expect(controllers.map(({ id }) => id).toSorted()).toEqual(['BTC-USDT', 'ETH-USDT']);
    const agent = createHummingbotSeat({ riskFactor: 1 }, createEngineViews(url));
    const answer = await agent.answer(healthyRequest(), new AbortController().signal);
    expect(answer.model).toBe('hummingbot sapphire_quotes');
    expect(JSON.stringify(answer.opinions)).toContain('engine: reservation price');
  });

  it('is halted by a stop, leaves no open order, and quotes again after the resume', { timeout: 120_000 }, async () => {
    await until('quotes on both sides', quotesBothSides);
    const stoppedAt = Date.now();
    await journal.control.raiseHalt({ requestId: 'h', account: 'main', reason: 'a test', by: 'a test' });
    await until('halted', async () => ((await state()).state === 'halted' ? true : undefined), 30_000);
    expect(await openOrders()).toEqual([]);
    process.stdout.write(`hummingbot: no open order ${Date.now() - stoppedAt} ms after the stop\n`);
    await sleep(3_000);
    expect(await openOrders()).toEqual([]);

    const { epoch } = await journal.control.read('main');
    await journal.control.resume({ account: 'main', expectedEpoch: epoch, reason: 'a test', by: 'a test' });
    await until('quotes after the resume', quotesBothSides);
  });

  it('is ended and started anew when it is asked to, with no order of the old one left, while a stranger’s requests are banned', {
    timeout: 120_000,
  }, async () => {
    await until('quotes on both sides', quotesBothSides);
    const stranger = async () => (await fetch(`${exchangeUrl}/api/v3/depth?symbol=BTCUSDT&limit=5000`)).status;
    while ((await stranger()) !== 418);
    const before = new Set((await openOrders()).map(({ orderId }) => String(orderId)));
    const answer = await fetch(`${url}/restart`, {
      method: 'POST',
      headers: { authorization: `Bearer ${hummingbotEngineToken(data)}` },
      signal: AbortSignal.timeout(30_000),
    });
    expect(answer.status).toBe(200);
    await until('quotes of the new engine', quotesBothSides);
    const left = (await openOrders()).filter(({ orderId }) => before.has(String(orderId)));
    expect(left).toEqual([]);
    expect(await stranger()).toBe(418);
  });

  it('ends with an engine that was killed, leaving no order behind', { timeout: 60_000 }, async () => {
    const ended = new Promise<number | null>((resolve) => worker.child.once('exit', resolve));
    const pid = execFileSync('pgrep', ['-P', String(worker.child.pid), '-f', 'launcher.py'], { encoding: 'utf8' });
    process.kill(Number(pid.trim()), 'SIGKILL');
    expect(await ended).toBe(1);
    await until('no order', async () => ((await openOrders()).length === 0 ? true : undefined), 10_000);
  });

  it('starts again, and takes the engine along when it is told to end', { timeout: 120_000 }, async () => {
    const again = start('workers/hummingbot/main.ts');
    await again.ready;
    await until('quotes', quotesBothSides);
    const ended = new Promise<number | null>((resolve) => again.child.once('exit', resolve));
    again.child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(await openOrders()).toEqual([]);
  });
});
