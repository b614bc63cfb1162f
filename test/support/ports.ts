import { createServer } from 'node:net';

/**
 * Below the ports that the system gives to outgoing connections: one of those could take a port whose process is down for a moment. Test files
 * that run at the same time draw from ranges of their own.
 */
const FIRST = 10_000;
const RANGE = 5_000;
const RANGES = 4;

let drawn = Math.floor(Math.random() * RANGE);

function draw(): number {
  drawn = (drawn + 1) % RANGE;
  return FIRST + (Number(process.env['VITEST_POOL_ID'] ?? 0) % RANGES) * RANGE + drawn;
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A port of this machine that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = draw();
    if (await isFree(port)) return port;
  }
}

export async function freePorts<Name extends string>(...names: Name[]): Promise<Record<Name, number>> {
  const ports: [Name, number][] = [];
  for (const name of names) ports.push([name, await freePort()]);
  return Object.fromEntries(ports) as Record<Name, number>;
}

/** The first of so many free ports in a row. */
export async function freeBlock(size: number): Promise<number> {
  let run: number[] = [];
  while (run.length < size) {
    const port = await freePort();
    run = run.at(-1) === port - 1 ? [...run, port] : [port];
  }
  return run[0] ?? 0;
}
