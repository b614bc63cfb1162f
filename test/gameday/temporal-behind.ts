import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { constants } from 'node:os';

/**
 * The `temporal` of the game day: the real one on a port of its own, and in its place one through which each byte may be late. Started as
 * `temporal-behind.ts PROGRAM DELAY_FILE ARGUMENTS`; the file holds the delay each way, in milliseconds, while there is one.
 */
const [program = '', delayFile = '', ...args] = process.argv.slice(2);
const portFlag = args.find((arg) => arg.startsWith('--port='));
const port = Number(portFlag?.slice('--port='.length) ?? 0);
const hidden = port === 0 ? 0 : await freePort();
const child = spawn(
  program,
  args.map((arg) => (arg === portFlag ? `--port=${hidden}` : arg)),
  { stdio: ['ignore', 'inherit', 'inherit'] },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
if (port !== 0) {
  createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const server = connect({ port: hidden, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    pass(client, server);
    pass(server, client);
  }).listen(port, '127.0.0.1');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

function delayMs(): number {
  return existsSync(delayFile) ? Number(readFileSync(delayFile, 'utf8')) : 0;
}

/** In order: what comes after what is late waits for it. */
function pass(from: Socket, to: Socket): void {
  const waiting: { at: number; what: () => void }[] = [];
  const drain = (): void => {
    while (waiting[0] && waiting[0].at <= performance.now()) waiting.shift()?.what();
    if (waiting[0]) setTimeout(drain, Math.max(1, waiting[0].at - performance.now()));
  };
  const later = (what: () => void): void => {
    waiting.push({ at: performance.now() + delayMs(), what });
    if (waiting.length === 1) drain();
  };
  from.on('data', (data) => later(() => to.write(data)));
  from.on('end', () => later(() => to.end()));
  from.on('close', () => later(() => to.destroy()));
  from.on('error', () => to.destroy());
}
