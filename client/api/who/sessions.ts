import { createHash, randomBytes } from 'node:crypto';
import type { ApiRole } from '../../../contracts/api/roles.ts';

export interface Session {
  person: string;
  role: ApiRole;
  csrfToken: string;
  expiresAt: number;
}

type Holder = Pick<Session, 'person' | 'role'>;

/** Sessions of browsers, each opened with a code that is good once. They end with this process. */
export interface Sessions {
  newCode(of: Holder): { code: string; expiresAt: number };
  /** Under an id that nobody knew before, whatever the browser brought. Undefined where the code was used, is too old, or never was. */
  open(code: string): { id: string; session: Session } | undefined;
  find(id: string): Session | undefined;
  close(id: string): void;
}

const CODE_MS = 2 * 60_000;
export const SESSION_MS = 12 * 3_600_000;
/** Whoever makes more forgets the oldest: nobody fills the memory. */
const MOST = 200;

const random = (): string => randomBytes(32).toString('base64url');
/** Looked up by its hash, so that no time that a comparison takes tells anything of it. */
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

export function createSessions(now: () => number = Date.now): Sessions {
  const codes = new Map<string, Holder & { expiresAt: number }>();
  const sessions = new Map<string, Session>();
  const keep = <V extends { expiresAt: number }>(all: Map<string, V>, key: string, value: V): void => {
    for (const [known, { expiresAt }] of all) if (expiresAt <= now() || all.size >= MOST) all.delete(known);
    all.set(key, value);
  };
  const living = <V extends { expiresAt: number }>(found: V | undefined): V | undefined =>
    found && found.expiresAt > now() ? found : undefined;
  return {
    newCode(of) {
      const code = random();
      const expiresAt = now() + CODE_MS;
      keep(codes, hash(code), { ...of, expiresAt });
      return { code, expiresAt };
    },
    open(code) {
      const known = living(codes.get(hash(code)));
      codes.delete(hash(code));
      if (!known) return undefined;
      const id = random();
      const { person, role } = known;
      const session = { person, role, csrfToken: random(), expiresAt: now() + SESSION_MS };
      keep(sessions, hash(id), session);
      return { id, session };
    },
    find: (id) => living(sessions.get(hash(id))),
    close: (id) => void sessions.delete(hash(id)),
  };
}
