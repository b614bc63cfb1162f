import type { Account, Accounts } from '../accounts.ts';
import type { Exchange } from '../exchange.ts';
import type { RateLimits } from './limits.ts';
import type { RawParameters } from './parameters.ts';

/** What every operation works with. */
export interface Services {
  exchange: Exchange;
  accounts: Accounts;
  limits: RateLimits;
  listenKeys: ListenKeys;
  fees: { maker: bigint; taker: bigint };
}

export interface ListenKeys {
  open(account: number): string;
  keepAlive(account: number, key: string): boolean;
  close(account: number, key: string): boolean;
}

export interface Call {
  raw: RawParameters;
  services: Services;
  /** Set for operations with a key. */
  account: Account | undefined;
  /** Throws when the request has become too old to be executed. */
  check: (() => void) | undefined;
}

export interface Operation {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path below `/api/v3`. */
  path: string;
  /** Name in the WebSocket API, where it has one. */
  socketMethod?: string;
  security: 'none' | 'key' | 'signed';
  weight: (raw: RawParameters) => number;
  /** Counts against the account's order limit. */
  placesOrder?: true;
  handle(call: Call): unknown;
}
