import type { Configuration } from '../../contracts/config/schema.ts';
import { serverUrl } from '../foreign-requests.ts';
import { operationsPort, processName, rolesOf } from '../roles.ts';

export function paperExchangeUrl({ paperExchange }: Pick<Configuration, 'paperExchange'>): string {
  return serverUrl(paperExchange);
}

/** Base of the exchange's REST API; undefined in live mode, where it is the venue's own. */
export function exchangeUrl(configuration: Pick<Configuration, 'mode' | 'paperExchange'>): string | undefined {
  return configuration.mode === 'live' ? undefined : paperExchangeUrl(configuration);
}

/** REST API of the Freqtrade that runs beside the stack. */
export function freqtradeEngineUrl({ agents }: { agents: { freqtrade: { port: number } } }): string {
  return `http://127.0.0.1:${agents.freqtrade.port}`;
}

/** The server of the word list that rates news beside the stack. */
export function vaderEngineUrl({ agents }: Pick<Configuration, 'agents'>): string {
  return `http://127.0.0.1:${agents.vader.port}`;
}

/** Where the engine of Hummingbot beside the stack says how it quotes. */
export function hummingbotEngineUrl({ agents: { hummingbot } }: Pick<Configuration, 'agents'>): string {
  return `http://127.0.0.1:${hummingbot.port}`;
}

/** The coordinator's MCP endpoint; /healthz and /metrics are beside it. */
export function coordinatorUrl({ coordinator }: Pick<Configuration, 'coordinator'>): string {
  return `${serverUrl(coordinator)}/mcp`;
}

/** Everything with a /readyz, in the order in which it starts. `joins`: of a stack that shares the work of another. */
export function healthEndpoints(configuration: Configuration, joins = false): { name: string; url: string }[] {
  const workers = rolesOf(joins).map((role) => ({
    name: processName(role),
    url: `http://127.0.0.1:${operationsPort(configuration, role)}`,
  }));
  return [
    ...(configuration.mode === 'paper' ? [{ name: 'paper-exchange', url: paperExchangeUrl(configuration) }] : []),
    { name: 'mcp-coordinator', url: new URL(coordinatorUrl(configuration)).origin },
    ...workers,
  ];
}

/** Whether only this machine gets to a host, an address or a name, as it stands in a configuration or in an address. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/i.test(host);
}
