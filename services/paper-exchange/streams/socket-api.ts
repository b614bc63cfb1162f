import type { Logger } from 'pino';
import { z } from 'zod';
import { type Account, checkSignature, checkTiming } from '../accounts.ts';
import { ApiError, refuse } from '../rest/errors.ts';
import { payerOf } from '../rest/limits.ts';
import type { Services } from '../rest/operation.ts';
import { type RawParameters, read, readAll, schemas } from '../rest/parameters.ts';
import { operations } from '../rest/routes.ts';
import { type ApiConnection, send } from './connection.ts';

const requestSchema = z.object({
  id: z.union([z.string().max(36), z.number(), z.null()]).optional(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).optional(),
});

const subscription = z.object({ subscriptionId: z.string().optional() });

const MAX_SUBSCRIPTIONS = 1_000;

/** Answers one message of the WebSocket API; what REST does by path, it does by method. */
export async function answerSocket(
  connection: ApiConnection,
  text: string,
  services: Services,
  logger: Logger,
): Promise<void> {
  const parsed = requestSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    reply(connection, null, 400, { error: { code: -1135, msg: 'Invalid JSON Request' } });
    return;
  }
  const { id = null, method, params = {} } = parsed.data;
  const payer = payerOf(services.accounts.known(params['apiKey']), connection.address);
  try {
    const result = await perform(connection, method, textParameters(params), services, payer);
    reply(connection, id, 200, { result, ...usageFor(params, payer, services) });
  } catch (error) {
    const refusal = error instanceof ApiError ? error : refuse.failed(mayWrite(method));
    if (refusal !== error) logger.error({ err: error, method: method.slice(0, 100) }, 'a request failed');
    reply(connection, id, refusal.status, { error: refusal.body(), ...usageFor(params, payer, services) });
  }
}

const operationOf = (method: string) => operations.find(({ socketMethod }) => socketMethod === method);

function mayWrite(method: string): boolean {
  const operation = operationOf(method);
  return operation !== undefined && operation.method !== 'GET';
}

async function perform(
  connection: ApiConnection,
  method: string,
  raw: RawParameters,
  services: Services,
  payer: string,
): Promise<unknown> {
  const now = services.exchange.now();
  const { apiKey: _key, returnRateLimits: _wanted, ...own } = raw;
  switch (method) {
    case 'userDataStream.subscribe.signature': {
      services.limits.spend(payer, 2, now);
      const { account } = signed(raw, services);
      readAll(schemas.none, own, 'signed');
      return { subscriptionId: subscribe(connection, account) };
    }
    case 'userDataStream.unsubscribe': {
      services.limits.spend(payer, 2, now);
      const { subscriptionId } = readAll(subscription, own, 'none');
      if (subscriptionId === undefined) connection.subscriptions.clear();
      else if (!connection.subscriptions.delete(Number(subscriptionId))) {
        throw new ApiError(-2036, 'User Data Stream subscription not active.');
      }
      return {};
    }
    case 'session.subscriptions':
      readAll(schemas.none, own, 'none');
      return [...connection.subscriptions.keys()].map((subscriptionId) => ({ subscriptionId }));
    case 'session.status':
      readAll(schemas.none, own, 'none');
      return { apiKey: null, authorizedSince: null, connectedSince: null, returnRateLimits: true, serverTime: now };
  }
  const operation = operationOf(method);
  if (!operation) throw new ApiError(-1020, 'This operation is not supported.');
  services.limits.spend(payer, operation.weight(raw), now);
  if (operation.security === 'none') {
    return await operation.handle({ raw: own, services, account: undefined, check: undefined });
  }
  if (operation.security === 'key') {
    const account = services.accounts.byKey(raw['apiKey']);
    return await operation.handle({ raw: own, services, account, check: undefined });
  }
  const { account, check } = signed(raw, services);
  if (operation.placesOrder) services.limits.countOrder(account.id, now);
  return await operation.handle({ raw: own, services, account, check });
}

/** The payload of a signature here is every parameter but the signature, sorted by name. */
function signed(raw: RawParameters, services: Services): { account: Account; check: () => void } {
  const account = services.accounts.byKey(raw['apiKey']);
  const { timestamp, recvWindow } = read(schemas.signed, raw);
  const { signature } = raw;
  if (!signature) throw refuse.mandatory('signature');
  const payload = Object.keys(raw)
    .filter((name) => name !== 'signature')
    .sort()
    .map((name) => `${name}=${raw[name]}`)
    .join('&');
  checkSignature(account, payload, signature);
  return { account, check: checkTiming(timestamp, recvWindow, () => services.exchange.now()) };
}

function subscribe(connection: ApiConnection, account: Account): number {
  if ([...connection.subscriptions.values()].includes(account.id)) {
    throw new ApiError(-2035, 'User Data Stream subscription already active.');
  }
  if (connection.subscriptions.size >= MAX_SUBSCRIPTIONS) {
    throw new ApiError(-2042, 'Maximum subscription ID reached for this connection.');
  }
  const id = connection.nextSubscription;
  connection.nextSubscription += 1;
  connection.subscriptions.set(id, account.id);
  return id;
}

/** What was used of the limits, unless the request asks to be spared it. */
function usageFor(params: Record<string, unknown>, payer: string, services: Services): { rateLimits?: unknown[] } {
  if (String(params['returnRateLimits']) === 'false') return {};
  return {
    rateLimits: [
      {
        rateLimitType: 'REQUEST_WEIGHT',
        interval: 'MINUTE',
        intervalNum: 1,
        limit: services.limits.weightPerMinute,
        count: services.limits.used(payer),
      },
    ],
  };
}

function reply(
  connection: ApiConnection,
  id: string | number | null,
  status: number,
  rest: Record<string, unknown>,
): void {
  send(connection.socket, JSON.stringify({ id, status, ...rest }));
}

function textParameters(params: Record<string, unknown>): RawParameters {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, textOf(name, value)]));
}

/** A list is told as JSON, as REST has it. What lies deeper is no parameter of Binance's, and may lie deeper than our stack. */
function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  if (!Array.isArray(value) || value.some((each) => typeof each === 'object')) throw refuse.invalid(name);
  return JSON.stringify(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
