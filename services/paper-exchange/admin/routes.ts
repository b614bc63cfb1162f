import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { assetText, decimalText } from '../../../contracts/decimal-text.ts';
import { sameSecret } from '../../../runtime/same-secret.ts';
import type { Instrument } from '../../../venues/simulated/engine/instrument.ts';
import { parseUnits } from '../../../venues/simulated/engine/units.ts';
import type { Account } from '../accounts.ts';
import type { Services } from '../rest/operation.ts';
import { myTradeShape, storedOrderShape } from '../rest/shapes.ts';
import { faultSchema } from './faults.ts';

const amount = decimalText.transform((text, context) => {
  const units = parseUnits(text);
  if (units !== undefined && units > 0n) return units;
  context.issues.push({ code: 'custom', message: 'must be above zero with at most eight decimals', input: text });
  return z.NEVER;
});
const accountName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/, 'must be a name of letters, digits, dots, dashes and underscores');

const schemas = {
  account: z.strictObject({ name: accountName, balances: z.record(assetText, amount).default({}) }),
  deposit: z.strictObject({ name: accountName, asset: assetText, amount }),
  log: z.object({ account: accountName.optional() }),
  fault: z.object({ id: z.coerce.number() }),
};

export interface AdminUrls {
  rest: string;
  ws: string;
  wsApi: string;
}

/** Accounts, faults and audits. Served to this machine only and to those who hold the token. */
export function registerAdmin(
  server: FastifyInstance,
  options: {
    services: Services;
    adminToken: string;
    urls: () => AdminUrls;
    closeStreams: (account: number | undefined) => number;
  },
): void {
  const { services, adminToken } = options;
  const { exchange, accounts, faults } = services;

  server.register(
    async (admin) => {
      admin.addHook('onRequest', async (request, reply) => {
        const token = request.headers['x-admin-token'];
        if (!isLoopback(request.socket.remoteAddress))
          return refuse(reply, 403, 'the admin endpoint serves this machine only');
        if (typeof token !== 'string' || !sameSecret(token, adminToken))
          return refuse(reply, 401, 'x-admin-token is missing or wrong');
        return undefined;
      });

      admin.post('/accounts', async (request, reply) => {
        const { name, balances } = body(schemas.account, request);
        const known = accounts.byName(name);
        const account = known ?? accounts.create(name, exchange.now());
        const deposits = Object.entries(balances).map(([asset, units]) => deposit(account, asset, units));
        // A crash between the account and its money must not leave a poor account behind: the money is there if anything is.
        if (!known || !hasAny(account)) await Promise.all(deposits.map((start) => start()));
        const { apiKey, secret } = account;
        return reply.code(known ? 200 : 201).send({ name, apiKey, secret, created: !known, urls: options.urls() });
      });

      admin.get('/accounts', async () =>
        accounts.all().map(({ name, apiKey, createdAt }) => ({ name, apiKey, createdAt })),
      );

      admin.post('/deposits', async (request, reply) => {
        const { name, asset, amount: units } = body(schemas.deposit, request);
        const account = accounts.byName(name);
        if (!account) return refuse(reply, 404, `there is no account ${name}`);
        await deposit(account, asset, units)();
        return { name, asset, deposited: true };
      });

      admin.post('/withdrawals', async (request, reply) => {
        const { name, asset, amount: units } = body(schemas.deposit, request);
        const account = accounts.byName(name);
        if (!account) return refuse(reply, 404, `there is no account ${name}`);
        const withdrawal = { kind: 'deposit', account: account.id, asset, units: -units } as const;
        const withdrawn = await exchange.submit(withdrawal, ({ result }) => 'done' in result);
        if (!withdrawn) return refuse(reply, 409, `${name} has less ${asset} free than that`);
        return { name, asset, withdrawn: true };
      });

      admin.post('/faults', async (request, reply) => {
        const settings = body(faultSchema, request);
        if (settings.kind === 'halt-symbol' || settings.kind === 'delist-symbol') {
          const instrument = instrumentOf(settings.symbol);
          if (!instrument) return refuse(reply, 400, `symbol must be one of the exchange's, e.g. BTCUSDT`);
          if (settings.kind === 'delist-symbol') {
            const fault = faults.add(settings);
            await cancelAllOf(instrument.index);
            return reply.code(201).send(fault);
          }
          await halt(instrument.index, true);
          if (settings.forMs !== undefined) {
            // It fails only where the exchange has, which its health tells.
            setTimeout(() => void halt(instrument.index, false).catch(() => undefined), settings.forMs).unref();
          }
        }
        if (settings.kind === 'close-stream') {
          const account = settings.account === undefined ? undefined : accounts.byName(settings.account);
          return reply.code(201).send({ ...settings, closed: options.closeStreams(account?.id) });
        }
        return reply.code(201).send(faults.add(settings));
      });

      admin.get('/faults', async () => faults.all());

      admin.delete('/faults', async () => {
        const removed = faults.clear();
        for (const [index, book] of exchange.simulation.engine.books.entries())
          if (book.halted) await halt(index, false);
        return { removed: removed.length };
      });

      admin.delete('/faults/:id', async (request, reply) => {
        const { id } = schemas.fault.parse(request.params);
        const removed = faults.remove(id);
        if (!removed) return refuse(reply, 404, `there is no fault ${id}`);
        const halted = removed.kind === 'halt-symbol' ? instrumentOf(removed.symbol) : undefined;
        if (halted) await halt(halted.index, false);
        return removed;
      });

      admin.get('/log', async (request, reply) => {
        const { account: name } = schemas.log.parse(request.query);
        const account = name === undefined ? undefined : accounts.byName(name);
        if (name !== undefined && !account) return refuse(reply, 404, `there is no account ${name}`);
        await exchange.settled();
        const log = exchange.store.log(account?.id);
        const names = new Map(accounts.all().map((one) => [one.id, one.name]));
        const instrument = (index: number) => exchange.simulation.engine.instrument(index);
        return {
          orders: log.orders.map((row) => ({
            account: names.get(row.account),
            ...storedOrderShape(instrument(row.instrument), row),
          })),
          trades: log.fills.map((fill) => ({
            account: names.get(fill.account),
            ...myTradeShape(instrument(fill.instrument), fill),
          })),
        };
      });

      admin.get('/clock', async () => ({
        wallAt: exchange.now(),
        marketAt: exchange.simulation.marketAt(),
        speed: exchange.simulation.source.speed,
        step: exchange.simulation.step,
        stepMs: exchange.simulation.source.stepMs,
      }));
    },
    { prefix: '/admin' },
  );

  function deposit(account: Account, asset: string, units: bigint): () => Promise<void> {
    return () => exchange.submit({ kind: 'deposit', account: account.id, asset, units }, () => undefined);
  }

  function hasAny(account: Account): boolean {
    return (exchange.simulation.engine.balances.accounts.get(account.id)?.size ?? 0) > 0;
  }

  /** As at a real delisting; whoever had an order there can ask for it once the symbol is listed again. */
  async function cancelAllOf(instrument: number): Promise<void> {
    const open = [...exchange.simulation.engine.open.byId.values()].filter((order) => order.instrument === instrument);
    const ends = open.map(({ id: orderId, account }) =>
      exchange.submit({ kind: 'cancel', account, instrument, orderId, clientId: 'delisted' }, () => undefined),
    );
    await Promise.all(ends);
  }

  function instrumentOf(symbol: string | undefined): Instrument | undefined {
    return exchange.simulation.engine.instruments.find(({ id }) => id === symbol);
  }

  function halt(instrument: number, halted: boolean): Promise<void> {
    return exchange.submit({ kind: 'halt', instrument, halted }, () => undefined);
  }
}

function body<Schema extends z.ZodType>(schema: Schema, request: FastifyRequest): z.output<Schema> {
  const value: unknown = typeof request.body === 'string' ? JSON.parse(request.body || '{}') : request.body;
  return schema.parse(value);
}

function refuse(reply: FastifyReply, status: number, error: string): FastifyReply {
  return reply.code(status).send({ error });
}

export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain === '::1' || plain.startsWith('127.');
}
