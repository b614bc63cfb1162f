import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import type { Engine } from '../../runtime/configuration/engines.ts';
import { operationsPort, processName, roleRow, rolesOf, sdkMetricsPort } from '../../runtime/roles.ts';
import { portHolder } from './port-holder.ts';
import type { Profile } from './profile.ts';

/** So long a port that is needed may be another's at the start. */
const FREED_MS = 3_000;
const LOOK_MS = 100;

export interface PortUse {
  host: string;
  port: number;
  /** What listens on it. */
  use: string;
  /** The key that changes it, and the file that the key stands in. */
  key: string;
  /** Nothing can begin without it. Who wants any other is started, and tried again until the port is free. */
  needed: boolean;
}

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
 * Refuses with one sentence that names every port of the list that is taken and needed, with who holds it, or that two of the list want.
 *
 * @returns of what is taken and not needed, the sentence
 */
export async function refuseTakenPorts(ports: readonly PortUse[]): Promise<string | undefined> {
  const twice = ports.flatMap((entry, index) => {
    const before = ports.slice(0, index).find(({ port }) => port === entry.port);
    return before
      ? [`${entry.port} is wanted for ${before.use} (${before.key}) and for ${entry.use} (${entry.key})`]
      : [];
  });
  if (twice.length > 0) throw new UserError('PortWantedTwice', `Port ${twice.join('; ')}: change one of the keys.`);
  const look = async () => {
    const faults = await Promise.all(ports.map(async (entry) => ({ entry, fault: await listenFault(entry) })));
    return faults.filter(({ fault }) => fault !== undefined);
  };
  let taken = await look();
  // One that was killed counts as ended, and holds its ports until the last of its threads has.
  const deadline = performance.now() + FREED_MS;
  while (taken.some(({ entry }) => entry.needed) && performance.now() < deadline) {
    await sleep(LOOK_MS);
    taken = await look();
  }
  if (taken.length === 0) return undefined;
  const list = taken.map(({ entry, fault }) => `${entry.port} for ${entry.use} ${fault} (${entry.key})`).join('; ');
  const sentence = `Port ${list}: end the program that uses it, or change the key.`;
  if (taken.some(({ entry }) => entry.needed)) throw new UserError('PortInUse', sentence);
  return `${sentence} The others start without what needs it, which is tried again and again.`;
}

function listenFault({ host, port }: Pick<PortUse, 'host' | 'port'>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === 'EADDRINUSE'
          ? `on ${host} is in use${by(port)}`
          : `cannot be opened on ${host}: ${error.message}`,
      ),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function by(port: number): string {
  const holder = portHolder(port);
  return holder === undefined ? '' : ` by ${holder}`;
}

/**
 * A place of loopback that nobody can guess: 127.0.0.0/8 has 16 million addresses, and each its own ports. What must listen on TCP and cannot
 * check who asks is out of the reach of web pages there, which would have to try them all.
 */
export async function hiddenPlace(): Promise<{ host: string; port: number }> {
  const host = ['127', ...Array.from({ length: 3 }, () => String(randomInt(1, 255)))].join('.');
  const port = randomInt(1_024, 65_536);
  return (await listenFault({ host, port })) === undefined ? { host, port } : hiddenPlace();
}
