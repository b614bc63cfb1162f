import { via } from '../../../contracts/audit.ts';
import { sameSecret } from '../../../runtime/same-secret.ts';
import type { Authentication } from './caller.ts';
import type { Sessions } from './sessions.ts';

/** This machine's: whoever reads the data folder's token is its owner, and browsers have sessions that were opened with it. */
export function localAuthentication(token: string, user: string, sessions: Sessions): Authentication {
  return {
    async identify({ bearer, session: id }) {
      if (bearer !== undefined) {
        return sameSecret(bearer, token) ? { person: user, role: 'admin', via: via.token('api') } : undefined;
      }
      const session = id === undefined ? undefined : sessions.find(id);
      if (!session) return undefined;
      const { person, role, csrfToken } = session;
      return { person, role, csrfToken, via: via.token('api-session') };
    },
  };
}
