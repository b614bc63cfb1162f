import type { Api } from '../api.ts';
import type { ApiOptions } from '../options.ts';
import { registerAccount } from './account.ts';
import { registerDecisions } from './decisions.ts';
import { registerSession } from './session.ts';
import { registerSystem } from './system.ts';

/** All that the API answers below /api. */
export function registerRoutes(api: Api, { tools, configuration, sessions }: ApiOptions): void {
  registerSystem(api, tools);
  registerAccount(api, tools);
  registerDecisions(api, tools);
  registerSession(api, sessions, configuration.tlsInFront);
}
