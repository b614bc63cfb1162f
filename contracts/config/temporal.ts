import { readFileSync } from 'node:fs';
import type { TLSConfig } from '@temporalio/client';
import { z } from 'zod';
import { validated } from './load.ts';

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
