import type { Configuration } from './schema.ts';

export function paperExchangeUrl({ paperExchange }: Pick<Configuration, 'paperExchange'>): string {
  return `http://${paperExchange.host}:${paperExchange.port}`;
}

/** The coordinator's MCP endpoint; /healthz and /metrics are beside it. */
export function coordinatorUrl({ coordinator }: Pick<Configuration, 'coordinator'>): string {
  return `http://${coordinator.host}:${coordinator.port}/mcp`;
}
