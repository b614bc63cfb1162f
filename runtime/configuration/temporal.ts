import { readFileSync } from 'node:fs';
import type { TLSConfig } from '@temporalio/client';
import { z } from 'zod';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { isLoopback } from './addresses.ts';
import { setting, withoutLineEnds } from './environment.ts';
import { validated } from './load.ts';
import type { Secrets } from './secrets.ts';

const environmentSchema = z
  .object({
    TEMPORAL_ADDRESS: z.string().min(1).default('127.0.0.1:7233'),
    TEMPORAL_NAMESPACE: z.string().min(1).default('sapphire'),
    TEMPORAL_API_KEY: z
      .string()
      .transform(withoutLineEnds)
      .pipe(z.string().regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks and ends of lines'))
      .optional(),
    TEMPORAL_TLS: z.enum(['true', 'false']).optional(),
    TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().min(1).optional(),
    TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().min(1).optional(),
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: z.string().min(1).optional(),
    TEMPORAL_TLS_SERVER_NAME: z.string().min(1).optional(),
    TEMPORAL_DEPLOYMENT_NAME: z.string().min(1).optional(),
  })
  .refine(
    (given) =>
      (given.TEMPORAL_TLS_CLIENT_CERT_PATH === undefined) === (given.TEMPORAL_TLS_CLIENT_KEY_PATH === undefined),
    'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH go together: one of them is missing',
  );

/** Names the build that `npm start` made the current one: a worker that is started again serves that one, whatever was changed since. */
export const BUILD_VARIABLE = 'SAPPHIRE_BUILD';

export interface TemporalAccess {
  address: string;
  namespace: string;
  tls: TLSConfig | boolean;
  apiKey?: string;
  /** Whose versions the workers are; without it they are of no version. */
  deployment?: string;
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
    `In the production profile nothing readable goes to a Temporal server elsewhere (${address}), and there is no key to encrypt it with: make one with "./sapphire codec new-key --keep", which keeps it in the data folder, and give it to every process elsewhere in SAPPHIRE_PAYLOAD_KEYS or in the file that SAPPHIRE_PAYLOAD_KEYS_FILE names.`,
  );
}

/**
 * Where the Temporal server is, by the environment names of Temporal's own tools; the development server without any.
 *
 * @throws UserError SettingEmpty, ConfigurationInvalid, FileUnreadable
 */
export function temporalAccess(environment: NodeJS.ProcessEnv = process.env): TemporalAccess {
  for (const name of Object.keys(environmentSchema.shape)) setting(name, environment);
  const values = validated(environmentSchema, environment, 'the environment', false);
  const certificate = fileOf(values, 'TEMPORAL_TLS_CLIENT_CERT_PATH');
  const key = fileOf(values, 'TEMPORAL_TLS_CLIENT_KEY_PATH');
  const authority = fileOf(values, 'TEMPORAL_TLS_SERVER_CA_CERT_PATH');
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
    ...(values.TEMPORAL_DEPLOYMENT_NAME ? { deployment: values.TEMPORAL_DEPLOYMENT_NAME } : {}),
    ...(local ? { grpcCompression: { codec: 'none' as const } } : {}),
  };
}

type FileVariable =
  | 'TEMPORAL_TLS_CLIENT_CERT_PATH'
  | 'TEMPORAL_TLS_CLIENT_KEY_PATH'
  | 'TEMPORAL_TLS_SERVER_CA_CERT_PATH';

function fileOf(values: z.output<typeof environmentSchema>, variable: FileVariable): Buffer | undefined {
  const path = values[variable];
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    throw new UserError(
      'FileUnreadable',
      `${path}, which ${variable} names, cannot be read (${code}): name a file that this user may read.`,
    );
  }
}
