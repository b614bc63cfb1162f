import type { FastifyRequest } from 'fastify';
import { mayAs } from '../../../contracts/api/roles.ts';
import { sameSecret } from '../../../runtime/same-secret.ts';
import type { Api } from '../api.ts';
import { ApiProblem } from '../problems.ts';
import { type Authentication, bearerIn, type Caller } from './caller.ts';

export const SESSION_COOKIE = 'sapphire-session';
export const CSRF_HEADER = 'x-csrf-token';
/** Of one address that brings what nobody is known by: nobody guesses 256 bits, and a client that goes wrong is told so. */
const FAILURES = { max: 30, timeWindow: 60_000 };

/** Each route is for whoever has its role, and says which: one that says none is a mistake, and no API starts with it. */
export function guardRoutes(api: Api, authentication: Authentication): void {
  api.addHook('onRoute', ({ url, config }) => {
    if (url.startsWith('/api/') && config?.role === undefined) throw new Error(`${url} says not who may ask`);
  });
  const countFailure = api.createRateLimit(FAILURES);
  api.addHook('onRequest', async (request, reply) => {
    const { role } = request.routeOptions.config;
    if (role === undefined) return;
    if (role === 'anybody') {
      request.caller = await identified(request, authentication).catch(() => undefined);
      return;
    }
    const caller = await identified(request, authentication);
    request.caller = caller;
    if (!caller) {
      reply.header('www-authenticate', 'Bearer realm="sapphire"');
      const { isExceeded, ttlInSeconds } = { isExceeded: false, ttlInSeconds: 0, ...(await countFailure(request)) };
      if (isExceeded) {
        reply.header('retry-after', ttlInSeconds);
        throw new ApiProblem(
          429,
          'TooManyFailures',
          'Too many requests came from here that nobody is known by: wait a minute.',
        );
      }
      throw new ApiProblem(
        401,
        'Unauthenticated',
        'Nobody is known by this request: bring Authorization: Bearer TOKEN, or open a session.',
      );
    }
    refuseForged(request, caller);
    if (!mayAs(caller.role, role)) {
      throw new ApiProblem(403, 'RoleMissing', `This is for the role ${role}, and ${caller.person} is ${caller.role}.`);
    }
  });
}

function identified({ headers, cookies }: FastifyRequest, authentication: Authentication) {
  const bearer = bearerIn(headers.authorization);
  const session = cookies[SESSION_COOKIE];
  if (bearer !== undefined) return authentication.identify({ bearer });
  return authentication.identify(session === undefined ? {} : { session });
}

/** What a browser sends along by itself is no word of the person's. */
function refuseForged({ method, headers }: FastifyRequest, { csrfToken }: Caller): void {
  if (csrfToken === undefined || ['GET', 'HEAD'].includes(method)) return;
  const shown = headers[CSRF_HEADER];
  if (typeof shown === 'string' && sameSecret(shown, csrfToken)) return;
  throw new ApiProblem(
    403,
    'CsrfTokenMissing',
    `A session changes things with its own ${CSRF_HEADER} alone, which opening it answered.`,
  );
}
