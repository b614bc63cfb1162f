import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { type Account, checkSignature, checkTiming } from '../accounts.ts';
import { type Fault, shuffled } from '../admin/faults.ts';
import { accountOperations } from './account-operations.ts';
import { ApiError, refuse } from './errors.ts';
import { payerOf } from './limits.ts';
import { listOperations } from './list-operations.ts';
import type { Operation, Services } from './operation.ts';
import { parseForm, type RawParameters, read, schemas } from './parameters.ts';
import { publicOperations } from './public-operations.ts';
import { tradingOperations } from './trading-operations.ts';

export const API_PREFIX = '/api/v3';

export const operations: Operation[] = [
  ...publicOperations,
  ...tradingOperations,
  ...accountOperations,
  ...listOperations,
];

/** Binance's REST surface. */
export function registerRest(server: FastifyInstance, options: { services: Services; logger: Logger }): void {
  const { services, logger } = options;
  const { faults } = services;
  for (const operation of operations) {
    const path = `${API_PREFIX}${operation.path}`;
    server.route({
      method: operation.method,
      url: path,
      handler: async (request, reply) => {
        const fault = faults.any
          ? faults.strike({ method: operation.method, path, account: services.accounts.known(apiKeyOf(request))?.name })
          : undefined;
        try {
          if (fault && (await strikeBefore(fault, reply))) return reply;
          const answer = told(fault, await run(operation, services, request, reply, skewOf(fault)));
          if (fault && (await strikeAfter(fault, reply))) return reply;
          return reply.send(fault?.kind === 'shuffle-answer' && Array.isArray(answer) ? shuffled(answer) : answer);
        } catch (error) {
          return sendError(reply, error, logger, operation.method !== 'GET');
        }
      },
    });
  }
  server.setNotFoundHandler((_request, reply) => reply.code(404).send({ code: -1000, msg: 'Not found.' }));
}

async function run(
  operation: Operation,
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  skewMs: number,
): Promise<unknown> {
  const question = request.url.indexOf('?');
  const query = question < 0 ? '' : request.url.slice(question + 1);
  const body = typeof request.body === 'string' ? request.body : '';
  const raw: RawParameters = body === '' ? parseForm(query) : { ...parseForm(body), ...parseForm(query) };
  const now = services.exchange.now();
  const payer = payerOf(services.accounts.known(apiKeyOf(request)), request.ip);
  try {
    services.limits.spend(payer, operation.weight(raw), now);
  } finally {
    const used = String(services.limits.used(payer));
    void reply.headers({ 'x-mbx-used-weight': used, 'x-mbx-used-weight-1m': used });
  }
  const clock = () => services.exchange.now() + skewMs;
  const { account, check } = authenticate(operation, services, request, raw, query, body, clock);
  if (operation.placesOrder && account) {
    services.limits.countOrder(account.id, now);
    const counts = services.limits.orderCounts(account.id, now);
    void reply.headers({
      'x-mbx-order-count-10s': String(counts.tenSeconds),
      'x-mbx-order-count-1d': String(counts.day),
    });
  }
  return await operation.handle({ raw, services, account, check });
}

function authenticate(
  operation: Operation,
  services: Services,
  request: FastifyRequest,
  raw: RawParameters,
  query: string,
  body: string,
  clock: () => number,
): { account: Account | undefined; check: (() => void) | undefined } {
  if (operation.security === 'none') return { account: undefined, check: undefined };
  const account = services.accounts.byKey(apiKeyOf(request));
  if (operation.security === 'key') return { account, check: undefined };
  const { timestamp, recvWindow } = read(schemas.signed, raw);
  const { signature } = raw;
  if (!signature) throw refuse.mandatory('signature');
  checkSignature(account, withoutSignature(query) + withoutSignature(body), signature);
  const check = checkTiming(timestamp, recvWindow, clock);
  return { account, check };
}

/** The signed payload is what was sent, byte for byte, less the signature itself. */
function withoutSignature(text: string): string {
  if (!text.includes('signature=')) return text;
  return text
    .split('&')
    .filter((pair) => !pair.startsWith('signature='))
    .join('&');
}

function apiKeyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['x-mbx-apikey'];
  return Array.isArray(key) ? key[0] : key;
}

/** Minutes of candles that a market whose data stand still has not got. */
const STALE_ENTRIES = 10;

function skewOf(fault: Fault | undefined): number {
  return fault?.kind === 'skew-clock' ? fault.skewMs : 0;
}

/** What a lying exchange makes of its answer. */
function told(fault: Fault | undefined, answer: unknown): unknown {
  if (!fault || typeof answer !== 'object' || answer === null) return answer;
  if (fault.kind === 'skew-clock' && 'serverTime' in answer) {
    return { ...answer, serverTime: Number(answer.serverTime) + fault.skewMs };
  }
  // A list in the order of time, as it was a while ago.
  if (fault.kind === 'stale-answer' && Array.isArray(answer)) return answer.slice(0, -STALE_ENTRIES);
  if (fault.kind === 'false-balance' && 'balances' in answer && Array.isArray(answer.balances)) {
    return { ...answer, balances: answer.balances.map((balance: Balance) => falsified(balance, fault)) };
  }
  return answer;
}

interface Balance {
  asset: string;
  free: string;
}

function falsified(balance: Balance, { asset, amount }: Fault): Balance {
  return balance.asset === asset ? { ...balance, free: String(Number(balance.free) + Number(amount)) } : balance;
}

/** True when the fault has answered, or taken the connection away, before anything was executed. */
async function strikeBefore(fault: Fault, reply: FastifyReply): Promise<boolean> {
  if (fault.kind === 'delay' && fault.when === 'before') await sleep(fault.delayMs ?? 0);
  if (fault.kind === 'rate-limit') {
    await sendRefusal(reply, refuse.weight(0, 1));
    return true;
  }
  if (fault.kind === 'ban') {
    await sendRefusal(reply, refuse.banned(Date.now() + 2_000, 2));
    return true;
  }
  if (fault.kind === 'refuse-key') {
    await sendRefusal(reply, refuse.key());
    return true;
  }
  if (fault.kind === 'server-error' && !fault.executed) {
    await serverError(fault, reply);
    return true;
  }
  // Every other one, beginning with the first.
  if (fault.kind === 'drop-either' && fault.struck % 2 === 1) {
    drop(reply);
    return true;
  }
  return false;
}

async function strikeAfter(fault: Fault, reply: FastifyReply): Promise<boolean> {
  if (fault.kind === 'delay' && fault.when === 'after') await sleep(fault.delayMs ?? 0);
  if (fault.kind === 'server-error') {
    await serverError(fault, reply);
    return true;
  }
  if (fault.kind === 'drop-answer' || fault.kind === 'drop-either') {
    drop(reply);
    return true;
  }
  return false;
}

function drop(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.socket?.destroy();
}

async function serverError(fault: Fault, reply: FastifyReply): Promise<void> {
  await reply.code(fault.status).send(refuse.unknownExecution().body());
}

async function sendError(reply: FastifyReply, error: unknown, logger: Logger, writes: boolean): Promise<FastifyReply> {
  if (error instanceof ApiError) return sendRefusal(reply, error);
  logger.error({ err: error }, 'a request failed');
  return sendRefusal(reply, refuse.failed(writes));
}

export function sendRefusal(reply: FastifyReply, error: ApiError): FastifyReply {
  if (error.retryAfterSeconds !== undefined) void reply.header('retry-after', String(error.retryAfterSeconds));
  return reply.code(error.status).send(error.body());
}
