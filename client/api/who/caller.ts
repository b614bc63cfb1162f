import type { ApiRole } from '../../../contracts/api/roles.ts';
import type { Via } from '../../../contracts/audit.ts';

/** Who asks. */
export interface Caller {
  /** For the records. */
  person: string;
  role: ApiRole;
  via: Via;
  /** Of a session by cookie, which a browser sends along whoever made it ask: what changes something has to show this as well. */
  csrfToken?: string;
}

/** What of a request says who asks. */
export interface Credentials {
  bearer?: string;
  /** The session's cookie. */
  session?: string;
}

/** How the API knows who asks. */
export interface Authentication {
  /** Undefined where nobody is known by these. */
  identify(credentials: Credentials): Promise<Caller | undefined>;
}

export function bearerIn(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}
