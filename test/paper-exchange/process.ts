import { pino } from 'pino';
import { paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import { outliveConnections } from '../../services/door.ts';
import { startPaperExchange } from '../../services/paper-exchange/server.ts';

/**
 * A real exchange in a process of its own, to be killed: node process.ts <port> <data folder> <admin token>. A message `{ fail: CODE }` has
 * it throw such an error where nobody listens.
 */
const [port, dataFolder = '', adminToken = ''] = process.argv.slice(2);
const logger = pino({ level: 'warn' }, pino.destination(2));
outliveConnections(logger);
process.on('message', ({ fail }: { fail: string }) => {
  setImmediate(() => {
    throw Object.assign(new Error(fail), { code: fail });
  });
});
await startPaperExchange({
  configuration: paperExchangeSchema.parse({
    port: Number(port),
    requestWeightPerMinute: 1_000_000,
    ordersPerTenSeconds: 1_000_000,
  }),
  dataFolder,
  adminToken,
  logger,
});
process.send?.('open');
