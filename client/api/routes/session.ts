import { mayAs } from '../../../contracts/api/roles.ts';
import { codeRequestSchema, codeSchema, openSessionSchema, sessionSchema } from '../../../contracts/api/session.ts';
import { type Api, responses } from '../api.ts';
import { ApiProblem } from '../problems.ts';
import { SESSION_COOKIE } from '../who/guard.ts';
import { SESSION_MS, type Sessions } from '../who/sessions.ts';

const tags = ['session'];

/** Who one is, and how a browser becomes somebody without ever seeing the token. */
export function registerSession(api: Api, sessions: Sessions | undefined, isSecure: boolean): void {
  api.get(
    '/api/v1/session',
    { config: { role: 'viewer' }, schema: { tags, summary: 'Who asks', response: responses(sessionSchema) } },
    async ({ caller }, reply) => {
      reply.header('cache-control', 'no-store');
      const { person, role, csrfToken } = known(caller);
      return { person, role, ...(csrfToken === undefined ? {} : { csrfToken }) };
    },
  );
  if (!sessions) return;
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict', secure: isSecure } as const;

  api.post(
    '/api/v1/session/codes',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'Make a code that opens a session once',
        body: codeRequestSchema,
        response: responses(codeSchema),
      },
    },
    async ({ caller, body }, reply) => {
      const asker = known(caller);
      const { role = asker.role } = body;
      if (!mayAs(asker.role, role)) {
        throw new ApiProblem(
          403,
          'RoleMissing',
          `${asker.person} is ${asker.role}, and opens no session of the role ${role}.`,
        );
      }
      reply.header('cache-control', 'no-store');
      return sessions.newCode({ person: body.person ?? asker.person, role });
    },
  );

  const countFailure = api.createRateLimit({ max: 10, timeWindow: 60_000 });
  api.post(
    '/api/v1/session',
    {
      config: { role: 'anybody' },
      schema: {
        tags,
        summary: 'Open a session with a code',
        body: openSessionSchema,
        response: responses(sessionSchema),
      },
    },
    async (request, reply) => {
      const opened = sessions.open(request.body.code);
      if (!opened) {
        const counted = await countFailure(request);
        if (!counted.isAllowed && counted.isExceeded)
          throw new ApiProblem(429, 'TooManyFailures', 'Too many codes were tried from here: wait a minute.');
        throw new ApiProblem(
          401,
          'CodeSpent',
          'This code was used, is older than two minutes, or never was: make another one.',
        );
      }
      const { id, session } = opened;
      reply.setCookie(SESSION_COOKIE, id, { ...cookie, maxAge: SESSION_MS / 1_000 });
      reply.header('cache-control', 'no-store');
      const { person, role, csrfToken } = session;
      return { person, role, csrfToken };
    },
  );

  api.delete(
    '/api/v1/session',
    {
      config: { role: 'viewer' },
      schema: { tags, summary: 'Close this session', response: responses(sessionSchema) },
    },
    async ({ caller, cookies }, reply) => {
      const { person, role } = known(caller);
      const id = cookies[SESSION_COOKIE];
      if (id !== undefined) sessions.close(id);
      reply.clearCookie(SESSION_COOKIE, cookie);
      return { person, role };
    },
  );
}

/** Of a route that is for a role. */
function known<T>(caller: T | undefined): T {
  if (!caller) throw new Error('a route for a role was answered without a caller');
  return caller;
}
