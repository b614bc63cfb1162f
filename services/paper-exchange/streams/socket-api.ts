import { z } from 'zod';
import { type Account, checkSignature, checkTiming } from '../accounts.ts';
import { ApiError, refuse } from '../rest/errors.ts';
import type { Services } from '../rest/operation.ts';
import { type RawParameters, read, schemas } from '../rest/parameters.ts';
import { operations } from '../rest/routes.ts';
import { type ApiConnection, send } from './connection.ts';

const requestSchema = z.object({
  id: z.union([z.string().max(36), z.number(), z.null()]).optional(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).optional(),
});

const MAX_SUBSCRIPTIONS = 1_000;

/** Answers one message of the WebSocket API; what REST does by path, it does by method. */
export async function answerSocket(connection: ApiConnection, text: string, services: Services): Promise<void> {
  const parsed = requestSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    reply(connection, null, 400, { error: { code: -1135, msg: 'Invalid JSON Request' } });
    return;
  }
  const { id = null, method, params = {} } = parsed.data;
  try {
    const result = await perform(connection, method, textParameters(params), services);
    reply(connection, id, 200, { result, rateLimits: usage(connection, services) });
  } catch (error) {
    const refusal = error instanceof ApiError ? error : refuse.unknownExecution();
    reply(connection, id, refusal.status, { error: refusal.body(), rateLimits: usage(connection, services) });
  }
}

async function perform(
  connection: ApiConnection,
  method: string,
  raw: RawParameters,
  services: Services,
): Promise<unknown> {
  const now = services.exchange.now();
  switch (method) {
    case 'userDataStream.subscribe.signature': {
      services.limits.spend(connection.address, 2, now);
      const { account } = signed(raw, services);
      return { subscriptionId: subscribe(connection, account) };
    }
    case 'userDataStream.unsubscribe': {
      services.limits.spend(connection.address, 2, now);
      const { subscriptionId } = raw;
      if (subscriptionId === undefined) connection.subscriptions.clear();
      else if (!connection.subscriptions.delete(Number(subscriptionId))) {
        throw new ApiError(-2036, 'User Data Stream subscription not active.');
      }
      return {};
    }
    case 'session.subscriptions':
      return [...connection.subscriptions.keys()].map((subscriptionId) => ({ subscriptionId }));
    case 'session.status':
      return { apiKey: null, authorizedSince: null, connectedSince: null, returnRateLimits: true, serverTime: now };
  }
  const operation = operations.find(({ socketMethod }) => socketMethod === method);
  if (!operation) throw new ApiError(-1020, 'This operation is not supported.');
  services.limits.spend(connection.address, operation.weight(raw), now);
  if (operation.security === 'none') {
    return await operation.handle({ raw, services, account: undefined, check: undefined });
  }
  if (operation.security === 'key') {
    const account = services.accounts.byKey(raw['apiKey']);
    return await operation.handle({ raw, services, account, check: undefined });
  }
  const { account, check } = signed(raw, services);
  if (operation.placesOrder) services.limits.countOrder(account.id, now);
  return await operation.handle({ raw, services, account, check });
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

function usage(connection: ApiConnection, services: Services): unknown[] {
  return [
    {
      rateLimitType: 'REQUEST_WEIGHT',
      interval: 'MINUTE',
      intervalNum: 1,
      limit: services.limits.weightPerMinute,
      count: services.limits.used(connection.address),
    },
  ];
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
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
