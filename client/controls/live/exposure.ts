import type { Configuration } from '../../../contracts/config/schema.ts';
import { UserError } from '../../../contracts/errors.ts';
import { isLoopback } from '../../../runtime/configuration/addresses.ts';
import type { TemporalProfile } from '../../stack/profile.ts';

type Hosts = Pick<Configuration, 'mode' | 'coordinator' | 'paperExchange'>;
/** Of the server that we run ourselves; undefined where it is another's. */
type OwnTemporal = Pick<TemporalProfile, 'host' | 'allowUnauthenticatedAccess'> | undefined;

interface Exposure {
  key: string;
  host: string;
  /** What somebody may do who gets there. */
  danger: string;
}

function exposuresOf({ mode, coordinator, paperExchange }: Hosts, temporal: OwnTemporal): Exposure[] {
  const all = [
    {
      key: 'coordinator.host',
      host: coordinator.host,
      danger:
        'can read its tokens and the signals on the way, since it speaks plain HTTP, and with a token change who votes',
    },
    ...(mode === 'paper'
      ? [
          {
            key: 'paperExchange.host',
            host: paperExchange.host,
            danger:
              'can read its keys on the way, since it speaks plain HTTP, and with them trade on paper and change the market',
          },
        ]
      : []),
    ...(temporal
      ? [
          {
            key: 'temporal.host',
            host: temporal.host,
            danger: 'can halt, resume, sell and start orders, since Temporal asks nobody who comes',
          },
        ]
      : []),
  ];
  return all.filter(({ host }) => !isLoopback(host));
}

/**
 * What listens beyond loopback speaks without TLS. With real money it is refused, and a Temporal that asks nobody is refused on paper too,
 * unless the profile allows it in so many words.
 *
 * @returns a warning for each that is let through
 * @throws UserError ListensBeyondLoopback
 */
export function refuseExposure(configuration: Hosts, temporal: OwnTemporal): string[] {
  const exposures = exposuresOf(configuration, temporal);
  const isLive = configuration.mode === 'live';
  const refused = exposures.filter(
    ({ key }) => isLive || (key === 'temporal.host' && !temporal?.allowUnauthenticatedAccess),
  );
  if (refused.length === 0) return exposures.map(wordsOf);
  const remedies = refused.map(({ key }) => `${key} to 127.0.0.1`).join(' and ');
  const orElse = isLive ? '' : ', or allow it with temporal.allowUnauthenticatedAccess: true';
  throw new UserError(
    'ListensBeyondLoopback',
    `${refused.map(wordsOf).join(' ')} Set ${remedies}, and let others in by a tunnel (ssh -L) or a proxy with TLS${orElse}.`,
  );
}

function wordsOf({ key, host, danger }: Exposure): string {
  const who = ['0.0.0.0', '::'].includes(host) ? 'everybody who reaches this machine' : `everybody who reaches ${host}`;
  return `${key} is ${host}: ${who} ${danger}.`;
}
