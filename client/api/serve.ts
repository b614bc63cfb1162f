import { UserError } from '../../contracts/errors.ts';
import { outliveResets } from '../../services/door.ts';
import { createApi } from './app.ts';
import type { ApiTools } from './tools.ts';
import type { Authentication } from './who/caller.ts';
import { firebaseAuthentication } from './who/firebase.ts';
import { localAuthentication } from './who/local.ts';
import { createSessions } from './who/sessions.ts';

export interface ServedApi {
  url: string;
  close(): Promise<void>;
}

/**
 * @param token that of the data folder
 * @param user by whose name its bearer stands in the records
 * @throws UserError PortInUse, CannotListen, ConfigurationInvalid
 */
export async function serveApi(tools: ApiTools, token: string, user: string): Promise<ServedApi> {
  const { api: configuration } = tools.configuration;
  const { host, port, authentication: kind, firebaseProject = '' } = configuration;
  const sessions = kind === 'local' ? createSessions(tools.now) : undefined;
  const authentication: Authentication = sessions
    ? localAuthentication(token, user, sessions)
    : firebaseAuthentication(firebaseProject);
  if (!sessions) refuseEmulator();
  const api = await createApi({ tools, configuration, authentication, sessions });
  outliveResets(api.server, tools.logger);
  const url = await api.listen({ host, port }).catch((error: unknown) => {
    throw listenFailure(error, host, port);
  });
  return { url, close: () => api.close() };
}

/** Its tokens are signed by nobody. */
function refuseEmulator(): void {
  if (process.env['FIREBASE_AUTH_EMULATOR_HOST'] === undefined) return;
  throw new UserError(
    'ConfigurationInvalid',
    'FIREBASE_AUTH_EMULATOR_HOST is set, and tokens of the emulator are signed by nobody: unset it, or set api.authentication to local.',
  );
}

function listenFailure(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') {
    return new UserError(
      'PortInUse',
      `Port ${port} of ${host} is in use, so the API cannot listen there: stop what uses it, or set api.port in the configuration.`,
    );
  }
  if (!['EADDRNOTAVAIL', 'ENOTFOUND', 'EACCES'].includes(code)) return error;
  return new UserError(
    'CannotListen',
    `The API cannot listen on ${host}:${port} (${code}): set api.host and api.port in the configuration.`,
  );
}
