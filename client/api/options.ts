import type { ApiConfiguration } from '../../contracts/config/api.ts';
import type { ApiTools } from './tools.ts';
import type { Authentication } from './who/caller.ts';
import type { Sessions } from './who/sessions.ts';

export interface ApiOptions {
  tools: ApiTools;
  configuration: ApiConfiguration;
  authentication: Authentication;
  /** Undefined where browsers bring tokens of their own. */
  sessions: Sessions | undefined;
  /** Requests of one address; without it those that a person never reaches. */
  limit?: { max: number; timeWindow: number };
}

/** Nothing keeps it waiting, and nothing of what it is sent makes it fail. */
export const STOP_PATH = '/api/v1/stop';
