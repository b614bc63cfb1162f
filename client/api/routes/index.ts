import type { Api } from '../api.ts';
import type { ApiOptions } from '../options.ts';
import { registerChanges } from '../writes/change.ts';
import { registerSteering } from '../writes/steer.ts';
import { registerStop } from '../writes/stop.ts';
import { registerAccount } from './account.ts';
import { registerDecisions } from './decisions.ts';
import { registerSession } from './session.ts';
import { registerSystem } from './system.ts';

/** All that the API answers below /api. */
export function registerRoutes(api: Api, options: ApiOptions): void {
  const { tools, configuration, sessions } = options;
  registerStop(api, options);
  registerSystem(api, tools);
  registerAccount(api, tools);
  registerDecisions(api, tools);
  registerSteering(api, tools);
  registerChanges(api, tools);
  registerSession(api, sessions, configuration.tlsInFront);
}
