import type { z } from 'zod';
import type { Account, Accounts } from '../accounts.ts';
import type { Faults } from '../admin/faults.ts';
import type { Exchange } from '../exchange.ts';
import type { RateLimits } from './limits.ts';
import { type RawParameters, readAll, type Security } from './parameters.ts';

/** What every operation works with. */
export interface Services {
  exchange: Exchange;
  accounts: Accounts;
  limits: RateLimits;
  listenKeys: ListenKeys;
  faults: Faults;
  fees: { maker: bigint; taker: bigint };
}

export interface ListenKeys {
  open(account: number): string;
  keepAlive(account: number, key: string): boolean;
  close(account: number, key: string): boolean;
}

/** A request of somebody who was let in. */
export interface Request {
  /** Every parameter that was sent. */
  raw: RawParameters;
  services: Services;
  /** Set for operations with a key. */
  account: Account | undefined;
  /** Throws when the request has become too old to be executed. */
  check: (() => void) | undefined;
}

/** A request whose parameters were read. */
export interface Call<Query = unknown> extends Omit<Request, 'raw'> {
  query: Query;
}

interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path below `/api/v3`. */
  path: string;
  /** Name in the WebSocket API, where it has one. */
  socketMethod?: string;
  security: Security;
  weight: (raw: RawParameters) => number;
  /** Counts against the account's order limit. */
  placesOrder?: true;
}

export interface Operation extends Route {
  handle(request: Request): unknown;
}

/** @param definition whose parameters are all that may be sent, beside those of its security */
export function operation<Schema extends z.ZodObject>(
  definition: Route & { parameters: Schema; handle(call: Call<z.output<Schema>>): unknown },
): Operation {
  const { parameters, handle, ...route } = definition;
  return {
    ...route,
    handle: ({ raw, ...request }) => handle({ ...request, query: readAll(parameters, raw, route.security) }),
  };
}
