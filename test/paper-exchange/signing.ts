import { createHmac } from 'node:crypto';
import type { TestAccount } from './harness.ts';

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
}

/** One signed request as any client of Binance makes it; `tamper` changes the finished query. */
export async function signedCall(
  account: TestAccount,
  method: string,
  path: string,
  parameters: Record<string, string | number> = {},
  tamper: (query: string) => string = (query) => query,
): Promise<Answer> {
  const query = new URLSearchParams({
    timestamp: String(Date.now()),
    ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)])),
  }).toString();
  const signature = createHmac('sha256', account.secret).update(query).digest('hex');
  const payload = tamper(`${query}&signature=${signature}`);
  const inBody = method === 'POST' || method === 'PUT';
  const response = await fetch(`${account.urls.rest}${path}${inBody ? '' : `?${payload}`}`, {
    method,
    headers: {
      'x-mbx-apikey': account.apiKey,
      ...(inBody ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
    },
    ...(inBody ? { body: payload } : {}),
  });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  };
}
