// Runs on Node 20 with nothing installed, for the bootstrap; client/stack uses it as well.
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const AGAIN_MS = 200;

/**
 * Takes a name that one process of this machine has at a time, and that ends with it, however it ends: on Linux a socket without a file. Elsewhere its
 * file stays behind one that was killed, and is removed by the next, which finds nobody there.
 *
 * @param {string} text what is to be done by one alone
 * @param {() => void} onWait told before each further try
 * @param {{ signal?: AbortSignal, platform?: string }} [options]
 * @returns {Promise<() => void>} gives it back
 */
export async function takeName(text, onWait, { signal, platform = process.platform } = {}) {
  const name = `sapphire-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  const isAbstract = platform === 'linux';
  const path = isAbstract ? `\0${name}` : join(tmpdir(), `${name}.lock`);
  for (;;) {
    const { server, code } = await listen(path);
    if (server) return () => server.close();
    if (code !== 'EADDRINUSE') return () => {};
    if (!isAbstract && !(await answers(path))) {
      rmSync(path, { force: true });
      continue;
    }
    onWait();
    await sleep(AGAIN_MS, undefined, signal ? { signal } : {});
  }
}

/** @param {string} path */
function listen(path) {
  return new Promise((settle) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', ({ code }) => settle({ code }));
    server.listen(path, () => settle({ server }));
  });
}

/** @param {string} path */
function answers(path) {
  return new Promise((settle) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      settle(true);
    });
    socket.once('error', () => settle(false));
  });
}
