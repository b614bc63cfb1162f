import { readFileSync } from 'node:fs';
import type { TLSConfig } from '@temporalio/client';
import { z } from 'zod';
import { ExitCode, UserError } from '../errors.ts';
import { isLoopback } from './addresses.ts';
import { validated } from './load.ts';
import type { Configuration } from './schema.ts';
import type { Secrets } from './secrets.ts';

const environmentSchema = z.object({
  TEMPORAL_ADDRESS: z.string().min(1).default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('sapphire'),
  TEMPORAL_API_KEY: z.string().min(1).optional(),
  TEMPORAL_TLS: z.enum(['true', 'false']).optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().min(1).optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().min(1).optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: z.string().min(1).optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().min(1).optional(),
});

export interface TemporalAccess {
  address: string;
  namespace: string;
  tls: TLSConfig | boolean;
  apiKey?: string;
  /** On loopback compression costs more than it saves. */
  grpcCompression?: { codec: 'none' };
}

/**
 * In production a server that somebody else runs is given nothing to read: positions, plans, prompts and prices stand in what it keeps.
 *
 * @throws UserError PayloadsReadable
 */
export function refuseReadablePayloads(
  { profile }: Pick<Configuration, 'profile'>,
  { address }: Pick<TemporalAccess, 'address'>,
  { payloadKeys }: Pick<Secrets, 'payloadKeys'>,
): void {
  if (profile !== 'production' || payloadKeys !== undefined || isLoopback(address.replace(/:\d+$/, ''))) return;
  throw new UserError(
    'PayloadsReadable',
    `In the production profile nothing readable goes to a Temporal server elsewhere (${address}), and there is no key to encrypt it with: make one with "sapphire codec new-key --keep", which keeps it in the data folder, and give it to every process elsewhere in SAPPHIRE_PAYLOAD_KEYS or in the file that SAPPHIRE_PAYLOAD_KEYS_FILE names.`,
    ExitCode.notConfigured,
  );
}

/** Where the Temporal server is, by the environment names of Temporal's own tools; the development server without any. */
export function temporalAccess(environment: NodeJS.ProcessEnv = process.env): TemporalAccess {
  const values = validated(environmentSchema, environment, 'the environment');
  const file = (path: string | undefined): Buffer | undefined => (path === undefined ? undefined : readFileSync(path));
  const certificate = file(values.TEMPORAL_TLS_CLIENT_CERT_PATH);
  const key = file(values.TEMPORAL_TLS_CLIENT_KEY_PATH);
  const authority = file(values.TEMPORAL_TLS_SERVER_CA_CERT_PATH);
  const settings: TLSConfig = {
    ...(certificate && key ? { clientCertPair: { crt: certificate, key } } : {}),
    ...(authority ? { serverRootCACertificate: authority } : {}),
    ...(values.TEMPORAL_TLS_SERVER_NAME ? { serverNameOverride: values.TEMPORAL_TLS_SERVER_NAME } : {}),
  };
  const wanted =
    values.TEMPORAL_TLS === 'true' || values.TEMPORAL_API_KEY !== undefined || Object.keys(settings).length > 0;
  const local = /^(127\.|localhost|\[::1\])/.test(values.TEMPORAL_ADDRESS);
  return {
    address: values.TEMPORAL_ADDRESS,
    namespace: values.TEMPORAL_NAMESPACE,
    tls: wanted && values.TEMPORAL_TLS !== 'false' ? settings : false,
    ...(values.TEMPORAL_API_KEY ? { apiKey: values.TEMPORAL_API_KEY } : {}),
    ...(local ? { grpcCompression: { codec: 'none' as const } } : {}),
  };
}
