import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binance, pro } from 'ccxt';
import { pino } from 'pino';
import { type PaperExchangeConfiguration, paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import { startPaperExchange } from '../../services/paper-exchange/server.ts';
import { freePort } from '../support/ports.ts';

export const adminToken = 'test-admin-token-0123456789';
export const silent = pino({ level: 'silent' });

export interface TestAccount {
  name: string;
  apiKey: string;
  secret: string;
  created: boolean;
  urls: { rest: string; ws: string; wsApi: string };
}

export interface TestExchange {
  url: string;
  dataFolder: string;
  configuration: PaperExchangeConfiguration;
  admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  account(name: string, balances?: Record<string, string>): Promise<TestAccount>;
  /** Closes the server and opens it again on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'paper-exchange-'));
}

export async function startTestExchange(
  settings: Record<string, unknown> = {},
  symbols: readonly string[] = [],
): Promise<TestExchange> {
  const dataFolder = await temporaryFolder();
  const configuration = paperExchangeSchema.parse({ port: await freePort(), ...settings });
  const open = () => startPaperExchange({ configuration, symbols, dataFolder, adminToken, logger: silent });
  let server = await open();
  return {
    get url() {
      return server.url;
    },
    dataFolder,
    configuration,
    admin: (method, path, body) => adminCall(server.url, method, path, body),
    account: async (name, balances = { USDT: '100000' }) =>
      (await adminCall(server.url, 'POST', '/admin/accounts', { name, balances })).body as TestAccount,
    restart: async () => {
      await server.close();
      server = await open();
      // The client's kept connections are dead; the first requests on them may still fail.
      await until(() =>
        fetch(`${server.url}/healthz`).then(
          ({ ok }) => ok || undefined,
          () => undefined,
        ),
      );
    },
    close: async () => {
      await server.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

export async function adminCall(
  url: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { 'x-admin-token': adminToken, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

/** The options by which ccxt trades here; nothing but URLs and what it would ask of Binance's other services. */
export function ccxtOptions(account: TestAccount) {
  const { rest, ws, wsApi } = account.urls;
  return {
    apiKey: account.apiKey,
    secret: account.secret,
    enableRateLimit: false,
    urls: { api: { public: rest, private: rest, ws: { spot: ws, 'ws-api': { spot: wsApi } } } },
    options: { fetchMarkets: { types: ['spot'] }, fetchCurrencies: false, fetchMargins: false },
  };
}

export function ccxtClient(account: TestAccount) {
  return new binance(ccxtOptions(account));
}

export function ccxtProClient(account: TestAccount) {
  return new pro.binance(ccxtOptions(account));
}

export async function until<T>(look: () => Promise<T | undefined> | T | undefined, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`nothing within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
