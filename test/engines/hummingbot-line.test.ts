import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { projectFolder } from '../../contracts/config/folders.ts';
import { createLogger } from '../../contracts/telemetry/logger.ts';
import { type EngineLine, openEngineLine } from '../../workers/hummingbot/broker.ts';
import { freePorts } from '../support/ports.ts';

const lines: EngineLine[] = [];
afterEach(async () => {
  await Promise.all(lines.splice(0).map((line) => line.close()));
});

const string = (text: string): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
};
const packet = (kind: number, body: Buffer): Buffer => {
  const length: number[] = [];
  for (let left = body.length; ; ) {
    const byte = left % 128;
    left = Math.floor(left / 128);
    length.push(left > 0 ? byte | 128 : byte);
    if (left === 0) break;
  }
  return Buffer.concat([Buffer.from([kind, ...length]), body]);
};

/** Says something on a topic as the engine would, by MQTT 3.1.1. */
async function say(port: number, topic: string, text: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  const connected = new Promise((resolve) => socket.once('data', resolve));
  socket.write(
    packet(0x10, Buffer.concat([string('MQTT'), Buffer.from([4, 2, 0, 60]), string(`engine-${Math.random()}`)])),
  );
  await connected;
  socket.end(packet(0x30, Buffer.concat([string(topic), Buffer.from(text)])));
  await new Promise((resolve) => socket.once('close', resolve));
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
  const { port } = await freePorts('port');
  const line = await openEngineLine(port, createLogger({ process: 'test', level: 'silent' }));
  lines.push(line);
  const topic = 'hbot/sapphire/performance';
  await say(port, topic, JSON.stringify({ 'BTC-USDT': report, 'ETH-USDT': {} }));
  await say(port, topic, 'no JSON');
  await say(port, topic, JSON.stringify({ 'BTC-USDT': { ...report, volume: 'lots' } }));
  await say(port, 'hbot/another/performance', JSON.stringify({ 'BTC-USDT': { ...report, volume: '999' } }));
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

it('has Python that compiles', () => {
  const files = globSync('workers/hummingbot/**/*.py', { cwd: projectFolder });
  expect(files).toHaveLength(3);
  const target = mkdtempSync(join(tmpdir(), 'sapphire-compile-'));
  for (const file of files) {
    const code = `import py_compile,sys; py_compile.compile(sys.argv[1], cfile=sys.argv[2], doraise=True)`;
    execFileSync('python3', ['-c', code, join(projectFolder, file), join(target, 'out.pyc')]);
  }
});
