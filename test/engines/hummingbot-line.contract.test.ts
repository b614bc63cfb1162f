import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate, type Packet, parser } from 'mqtt-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';
import { type EngineLine, type Login, makeLogin, openEngineLine } from '../../workers/hummingbot/broker.ts';
import { freePorts } from '../support/ports.ts';

const lines: EngineLine[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(lines.splice(0).map((line) => line.close()));
});

const TOPIC = 'hbot/sapphire';
const login: Login = makeLogin();
const silent = createLogger({ process: 'test', level: 'silent' });

async function open(): Promise<{ port: number; line: EngineLine }> {
  const { port } = await freePorts('port');
  const line = await openEngineLine(port, login, silent);
  lines.push(line);
  return { port, line };
}

/** A client that speaks MQTT 3.1.1 and no more: what it is answered, in order, and whether the broker has ended it. */
async function client(port: number) {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  const answers: Packet[] = [];
  const reader = parser();
  reader.on('packet', (packet) => answers.push(packet));
  socket.on('data', (data: Buffer) => reader.parse(data));
  socket.on('error', () => undefined);
  const ended = new Promise<true>((resolve) => socket.once('close', () => resolve(true)));
  await once(socket, 'connect');
  return {
    answers,
    ended,
    raw: (bytes: Buffer) => socket.write(bytes),
    /** All in one piece. */
    send: (...packets: Packet[]) => socket.write(Buffer.concat(packets.map((packet) => generate(packet)))),
    until: (cmd: Packet['cmd']) => expect.poll(() => answers.find((answer) => answer.cmd === cmd)).toBeDefined(),
    /** Ends in order, once all that was sent has been taken. */
    async end() {
      socket.end();
      await ended;
    },
  };
}

function hello({ username, password }: Partial<Login>): Packet {
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: `engine-${sockets.length}`,
    keepalive: 60,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: Buffer.from(password) }),
  };
}

async function connected(port: number, given: Partial<Login> = login) {
  const one = await client(port);
  one.send(hello(given));
  await one.until('connack');
  return one;
}

const said = (topic: string, payload: string, qos: 0 | 1 = 0): Packet => ({
  cmd: 'publish',
  topic,
  payload,
  qos,
  dup: false,
  retain: false,
  ...(qos === 0 ? {} : { messageId: 7 }),
});

/** Says something on a topic as the engine would. */
async function say(port: number, topic: string, text: string): Promise<void> {
  const engine = await connected(port);
  engine.send(said(topic, text));
  await engine.end();
}

const report = {
  at: 1_800_000_000.5,
  realized_pnl: '-1.25',
  unrealized_pnl: '0E-31',
  volume: '100',
  view: {
    trading_pair: 'BTC-USDT',
    at: 1_800_000_000,
    mid: '61418.165',
    reservation_price: '61418.16918983595453619469046',
    spread: '98.73',
    inventory_skew: '-0.0001',
    samples: 17,
  },
};

it('keeps the newest report of each controller, and no other words', async () => {
  const { port, line } = await open();
  const topic = `${TOPIC}/performance`;
  await say(port, topic, JSON.stringify({ 'BTC-USDT': report, 'ETH-USDT': {} }));
  await say(port, topic, 'no JSON');
  await say(port, topic, JSON.stringify({ 'BTC-USDT': { ...report, volume: 'lots' } }));
  expect(line.controllers()).toEqual([
    {
      id: 'BTC-USDT',
      reportedAt: 1_800_000_000_500,
      realizedPnl: '-1.25',
      unrealizedPnl: '0E-31',
      volume: '100',
      view: report.view,
    },
  ]);
  line.forget();
  expect(line.controllers()).toEqual([]);
});

describe('who has not logged in', () => {
  it('is cut off behind more bytes than a login has', async () => {
    const { port } = await open();
    const one = await client(port);
    // The head of a CONNECT that announces 200 MB, and its beginning.
    one.raw(Buffer.concat([Buffer.from([0x10, 0x80, 0x84, 0xaf, 0x5f]), Buffer.alloc(100 * 1024)]));
    expect(await one.ended).toBe(true);
    await connected(port);
  });

  it('is cut off when it says nothing', { timeout: 15_000 }, async () => {
    const { port } = await open();
    const one = await client(port);
    const begun = performance.now();
    expect(await one.ended).toBe(true);
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

describe('the broker', () => {
  it.each<[string, Partial<Login>]>([
    ['nobody', {}],
    ['a name without a password', { username: login.username }],
    ['a wrong password', { ...login, password: 'wrong' }],
    ['an empty password', { ...login, password: '' }],
    ['another name', { ...login, username: 'root' }],
  ])('takes no connection of %s', async (_name, given) => {
    const { port, line } = await open();
    const stranger = await connected(port, given);
    stranger.send(said(`${TOPIC}/performance`, JSON.stringify({ 'BTC-USDT': report })));
    expect(await stranger.ended).toBe(true);
    expect(stranger.answers).toMatchObject([{ cmd: 'connack', returnCode: 5 }]);
    expect(line.controllers()).toEqual([]);
  });

  it('hears nobody who has not said who it is, nor what comes in one piece with a wrong password', async () => {
    const { port, line } = await open();
    const words = said(`${TOPIC}/performance`, JSON.stringify({ 'BTC-USDT': report }));
    const stranger = await client(port);
    stranger.send(words);
    expect(await stranger.ended).toBe(true);
    const hasty = await client(port);
    hasty.send(hello({ ...login, password: 'wrong' }), words, words);
    expect(await hasty.ended).toBe(true);
    expect([stranger.answers, line.controllers()]).toEqual([[], []]);
    expect(hasty.answers).toMatchObject([{ cmd: 'connack', returnCode: 5 }]);
  });

  it('gives the engine its stop and nothing else to hear', async () => {
    const { port, line } = await open();
    const engine = await connected(port);
    const topics = ['stop', 'start', 'config', 'external/event/#', 'performance', '#', '+'];
    const subscriptions = [...topics.map((topic) => `${TOPIC}/${topic}`), '#', '$SYS/#'];
    engine.send({ cmd: 'subscribe', messageId: 3, subscriptions: subscriptions.map((topic) => ({ topic, qos: 1 })) });
    await engine.until('suback');
    const granted = [1, ...subscriptions.slice(1).map(() => 128)];
    expect(engine.answers.at(-1)).toMatchObject({ cmd: 'suback', granted });
    line.askToStop();
    await engine.until('publish');
    expect(engine.answers.at(-1)).toMatchObject({ cmd: 'publish', topic: `${TOPIC}/stop` });
  });

  it.each(['performance', 'hb', 'status_updates', 'notify', 'events', 'log'])(
    'takes the engine’s %s',
    async (topic) => {
      const { port } = await open();
      const engine = await connected(port);
      engine.send(said(`${TOPIC}/${topic}`, '{}', 1));
      await engine.until('puback');
    },
  );

  it.each([`${TOPIC}/stop`, `${TOPIC}/start`, `${TOPIC}/config`, 'hbot/another/performance', '$SYS/x', 'x'])(
    'lets nobody say %s, not even with the password',
    async (topic) => {
      const { port, line } = await open();
      const engine = await connected(port);
      engine.send({ cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: `${TOPIC}/stop`, qos: 0 }] });
      await engine.until('suback');
      const other = await connected(port);
      other.send(said(topic, '{}', 1));
      expect(await other.ended).toBe(true);
      expect(other.answers.map(({ cmd }) => cmd)).toEqual(['connack']);
      line.askToStop();
      await engine.until('publish');
      expect(engine.answers.filter(({ cmd }) => cmd === 'publish')).toHaveLength(1);
    },
  );

  it('has another password in each life', () => {
    expect(makeLogin().password).toMatch(/^[0-9a-f]{48}$/);
    expect(makeLogin().password).not.toBe(login.password);
  });
});

it('has Python that compiles', () => {
  const files = globSync('workers/hummingbot/**/*.py', { cwd: projectFolder });
  expect(files).toHaveLength(3);
  const target = mkdtempSync(join(tmpdir(), 'sapphire-compile-'));
  for (const file of files) {
    const code = `import py_compile,sys; py_compile.compile(sys.argv[1], cfile=sys.argv[2], doraise=True)`;
    execFileSync('python3', ['-c', code, join(projectFolder, file), join(target, 'out.pyc')]);
  }
});
