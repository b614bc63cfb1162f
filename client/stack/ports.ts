import { randomInt } from 'node:crypto';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { Engine } from '../../runtime/configuration/engines.ts';
import { operationsPort, processName, roleRow, rolesOf, sdkMetricsPort } from '../../runtime/roles.ts';
import type { Profile } from './profile.ts';
import { listenFault, type PortUse } from './taken-ports.ts';

/** Every port that the stack listens on. */
export function portsOf(
  configuration: Configuration,
  { temporal, observability }: Profile,
  files: { configuration: string; profile: string },
  {
    ownTemporal,
    engines,
    observe,
    joins = false,
    resumes = false,
  }: { ownTemporal: boolean; engines: readonly Engine[]; observe: boolean; joins?: boolean; resumes?: boolean },
): PortUse[] {
  const { paperExchange, coordinator, mode, agents } = configuration;
  const inProfile = (key: string): string => `${key} in ${files.profile}`;
  const inConfiguration = (key: string): string => `${key} in ${files.configuration}`;
  const server = [
    { port: temporal.ports.grpc, use: 'the Temporal server', key: inProfile('temporal.ports.grpc') },
    { port: temporal.ports.ui, use: "Temporal's Web UI", key: inProfile('temporal.ports.ui') },
    ...(temporal.ports.metrics === undefined
      ? []
      : [{ port: temporal.ports.metrics, use: "Temporal's metrics", key: inProfile('temporal.ports.metrics') }]),
  ].map((entry) => ({ ...entry, host: temporal.host, needed: entry.port !== temporal.ports.ui }));
  const workers = rolesOf(joins).flatMap((role) =>
    [
      { port: operationsPort(configuration, role), use: `the health of ${processName(role)}` },
      { port: sdkMetricsPort(configuration, role), use: `the SDK's metrics of ${processName(role)}` },
    ].map((entry) => ({
      ...entry,
      host: '127.0.0.1',
      key: inConfiguration('operationsPort'),
      needed: roleRow(role).protectsMoney,
    })),
  );
  return [
    ...(ownTemporal ? server : []),
    ...(mode === 'paper' && !joins
      ? [{ ...paperExchange, use: 'the paper exchange', key: inConfiguration('paperExchange.port'), needed: !resumes }]
      : []),
    { ...coordinator, use: 'the MCP coordinator', key: inConfiguration('coordinator.port'), needed: false },
    ...workers,
    ...(observe
      ? (['prometheus', 'alertmanager'] as const).map((name) => ({
          host: '127.0.0.1',
          port: observability.ports[name],
          use: name === 'prometheus' ? 'Prometheus' : 'Alertmanager',
          key: inProfile(`observability.ports.${name}`),
          needed: false,
        }))
      : []),
    ...(engines.includes('hummingbot')
      ? (['port', 'mqttPort'] as const).map((key) => ({
          host: '127.0.0.1',
          port: agents.hummingbot[key],
          use: key === 'port' ? 'Hummingbot' : "Hummingbot's MQTT broker",
          key: inConfiguration(`agents.hummingbot.${key}`),
          needed: false,
        }))
      : []),
    ...(['freqtrade', 'vader'] as const)
      .filter((name) => engines.includes(name))
      .map((name) => ({
        host: '127.0.0.1',
        port: agents[name].port,
        use: name === 'freqtrade' ? 'Freqtrade' : 'the word list of vader',
        key: inConfiguration(`agents.${name}.port`),
        needed: false,
      })),
  ].map(({ host, port, use, key, needed }) => ({ host, port, use, key, needed }));
}

/**
 * A place of loopback that nobody can guess: 127.0.0.0/8 has 16 million addresses, and each its own ports. What must listen on TCP and cannot
 * check who asks is out of the reach of web pages there, which would have to try them all. A Mac has the first of the addresses alone.
 */
export async function hiddenPlace(
  platform: NodeJS.Platform = process.platform,
): Promise<{ host: string; port: number }> {
  const drawn = Array.from({ length: 3 }, () => String(randomInt(1, 255)));
  const host = platform === 'darwin' ? '127.0.0.1' : ['127', ...drawn].join('.');
  const port = randomInt(1_024, 65_536);
  return (await listenFault({ host, port })) === undefined ? { host, port } : hiddenPlace(platform);
}
