import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Takes the port of a process that was just killed, before its next start does.
 *
 * @returns what gives it back
 */
export async function takePort(server: Server, port: number): Promise<() => void> {
  for (let tries = 0; ; tries += 1) {
    const listening = once(server, 'listening');
    server.listen(port, '127.0.0.1');
    try {
      await listening;
      return () => {
        server.close();
        server.closeAllConnections();
      };
    } catch (error) {
      if (tries > 50) throw error;
      await sleep(5);
    }
  }
}

/** Of another program, which is well and says so to everybody. */
export function stranger(): Server {
  return createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
  });
}
