import { pino } from 'pino';
import { paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import { startPaperExchange } from '../../services/paper-exchange/server.ts';

/** A real exchange in a process of its own, to be killed: node process.ts <port> <data folder> <admin token>. */
const [port, dataFolder = '', adminToken = ''] = process.argv.slice(2);
await startPaperExchange({
  configuration: paperExchangeSchema.parse({
    port: Number(port),
    requestWeightPerMinute: 1_000_000,
    ordersPerTenSeconds: 1_000_000,
  }),
  dataFolder,
  adminToken,
  logger: pino({ level: 'warn' }, pino.destination(2)),
});
process.send?.('open');
