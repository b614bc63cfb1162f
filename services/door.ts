import type { Server } from 'node:http';
import type { Logger } from 'pino';

/**
 * A connection that breaks is its client's matter. Node takes its own listener away at an upgrade, and an 'error' that nobody listens to
 * ends the process.
 */
export function outliveResets(server: Server, logger: Logger): void {
  server.on('connection', (socket) => {
    socket.on('error', (error) => logger.debug({ err: error }, 'a connection broke'));
  });
}

/** Not EPIPE: it may be our own output's, whose loss every line of the log would meet again. */
const OF_A_CONNECTION = new Set(['ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'ENOTCONN']);

/** Whether an error says no more than that the other end of one connection is gone. */
export function isOfOneConnection(error: unknown): boolean {
  return error instanceof Error && 'code' in error && OF_A_CONNECTION.has(String(error.code));
}

/** The last line of defence: what belongs to one connection ends no process. Anything else may have left the state half-changed, and does. */
export function outliveConnections(logger: Logger): void {
  process.on('uncaughtException', (error) => {
    if (isOfOneConnection(error)) {
      logger.error({ err: error }, 'a connection failed where nobody listened');
      return;
    }
    logger.fatal({ err: error }, 'an error that nobody handled: this process ends');
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  });
}
