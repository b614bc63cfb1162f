import type { Configuration } from '../../contracts/config/schema.ts';

/** Each machine's own: where its own processes listen and what they log, where it finds others, and weights on its disk, which have their hash. */
export const perMachine: readonly string[] = [
  'operationsPort',
  'logLevel',
  'coordinator.host',
  'coordinator.port',
  'paperExchange.host',
  'paperExchange.port',
  'agents.freqtrade.port',
  'agents.freqtrade.strategy',
  'agents.vader.port',
  'agents.hummingbot.port',
  'agents.hummingbot.mqttPort',
  'agents.lag-llama.checkpoint',
];

/** Each value by its path, as JSON. */
function flat(value: unknown, path: string, into: Map<string, string>): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) into.set(path, JSON.stringify(value));
  else for (const [key, inner] of Object.entries(value)) flat(inner, path === '' ? key : `${path}.${key}`, into);
  return into;
}

/** What all machines that trade on the same books have to agree on, whatever of it is written and what is by default. */
export function sharedConfiguration(configuration: Configuration): string {
  const all = flat(configuration, '', new Map());
  for (const path of perMachine) all.delete(path);
  return JSON.stringify(Object.fromEntries([...all].toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

export interface ConfigurationDifference {
  key: string;
  /** As JSON; undefined where it is not set. */
  here: string | undefined;
  there: string | undefined;
}

export function configurationDifferences(here: string, there: string): ConfigurationDifference[] {
  const [own, other] = [here, there].map((text) => JSON.parse(text) as Record<string, string>);
  const keys = [...new Set([...Object.keys(own ?? {}), ...Object.keys(other ?? {})])].toSorted();
  return keys
    .map((key) => ({ key, here: own?.[key], there: other?.[key] }))
    .filter((difference) => difference.here !== difference.there);
}
