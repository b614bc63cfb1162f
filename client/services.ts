import { coordinatorUrl, paperExchangeUrl } from '../contracts/config/addresses.ts';
import type { Configuration } from '../contracts/config/schema.ts';
import { operationsPort, roles } from '../contracts/roles.ts';

export interface ServiceHealth {
  name: string;
  url: string;
  healthy: boolean;
  detail: string;
}

const TIMEOUT_MS = 2_000;

/** Everything with a /readyz, in the order in which it starts. */
export function healthEndpoints(configuration: Configuration): { name: string; url: string }[] {
  const workers = roles.map((role) => ({
    name: `workers/${role}`,
    url: `http://127.0.0.1:${operationsPort(configuration, role)}`,
  }));
  return [
    ...(configuration.mode === 'paper' ? [{ name: 'paper-exchange', url: paperExchangeUrl(configuration) }] : []),
    { name: 'mcp-coordinator', url: new URL(coordinatorUrl(configuration)).origin },
    ...workers,
  ];
}

export async function askHealth({ name, url }: { name: string; url: string }): Promise<ServiceHealth> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body = await response.text();
    return { name, url, healthy: response.ok, detail: response.ok ? 'ok' : body.slice(0, 300) };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return { name, url, healthy: false, detail: cause };
  }
}
