import { UserError } from '../../../contracts/errors.ts';
import { isLoopback } from '../../../runtime/configuration/addresses.ts';
import type { TemporalAccess } from '../../../runtime/configuration/temporal.ts';
import type { Machine } from './machine.ts';

export interface TemporalTerms {
  /** HOST:PORT. */
  address: string;
  /** By what the server knows who comes; undefined where it asks nobody. */
  credentials?: 'an API key' | 'client certificates';
  encrypted: boolean;
}

/** The development server asks nobody, and so it has no credentials: what the environment may hold is for another. */
export function termsOf({ address, tls, apiKey }: TemporalAccess, isOwn: boolean): TemporalTerms {
  const encrypted = tls !== false;
  if (isOwn) return { address, encrypted };
  if (apiKey !== undefined) return { address, encrypted, credentials: 'an API key' };
  const hasCertificate = typeof tls === 'object' && tls.clientCertPair !== undefined;
  return { address, encrypted, ...(hasCertificate ? { credentials: 'client certificates' } : {}) };
}

/**
 * Whoever reaches a Temporal that asks nobody can halt, resume and sell, and start orders. With real money that is allowed only where nobody
 * else can: on loopback of a machine that has one user.
 *
 * @returns what protects it, for people
 * @throws UserError TemporalOpen
 */
export function refuseOpenTemporal({ address, credentials, encrypted }: TemporalTerms, machine: Machine): string {
  const isLocal = isLoopback(address.replace(/:\d+$/, ''));
  if (credentials && (encrypted || isLocal)) return `${address} asks for ${credentials}`;
  if (credentials) {
    throw open(`the connection to ${address} is not encrypted, so that ${credentials} can be read on the way`);
  }
  if (!isLocal) throw open(`${address} asks nobody who comes, and can be reached from elsewhere`);
  const others = describeOthers(machine);
  if (others === undefined)
    throw open(`${address} asks nobody who comes, and who else is on this machine cannot be seen`);
  if (others.length > 0)
    throw open(`${address} obeys everybody on this machine, and others are on it: ${others.join('; ')}`);
  const services = machine.services.length === 0 ? '' : `, beside services of the system (${listed(machine.services)})`;
  return `${address} obeys every process of this machine: allowed, since ${machine.user} is alone on it${services}`;
}

/** Undefined where it cannot be known. */
function describeOthers({ logins, strangers }: Machine): string[] | undefined {
  if (strangers === undefined) return undefined;
  return [
    ...(logins.length === 0 ? [] : [`users who can log in (${listed(logins)})`]),
    ...(strangers.length === 0 ? [] : [`processes of others (${listed(strangers)})`]),
  ];
}

const LISTED = 5;

function listed(names: readonly string[]): string {
  const more = names.length - LISTED;
  return `${names.slice(0, LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function open(reason: string): UserError {
  return new UserError(
    'TemporalOpen',
    `With real money Temporal must know who comes, and ${reason}: use a server that asks for an API key over TLS or for client certificates (TEMPORAL_ADDRESS with TEMPORAL_API_KEY, or with TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH), or run Sapphire with its own server where its user is alone: a container or a machine for itself.`,
  );
}
