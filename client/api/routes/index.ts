import type { Api } from '../api.ts';
import type { ApiOptions } from '../options.ts';
import { registerSession } from './session.ts';

/** All that the API answers below /api. */
export function registerRoutes(api: Api, { configuration, sessions }: ApiOptions): void {
  registerSession(api, sessions, configuration.tlsInFront);
}
