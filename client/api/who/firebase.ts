import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { apiRoles } from '../../../contracts/api/roles.ts';
import { via } from '../../../contracts/audit.ts';
import { printable } from '../../../contracts/text.ts';
import { sentenceOf } from '../../controls/words.ts';
import { ApiProblem } from '../problems.ts';
import type { Authentication } from './caller.ts';

const KEYS = 'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com';
const CLOCK_SECONDS = 5;

/** What a token has to say beside what `jwtVerify` holds: https://firebase.google.com/docs/auth/admin/verify-id-tokens */
const claimsSchema = z.object({
  sub: z.string().min(1).max(128),
  auth_time: z.number(),
  email: z.string().optional(),
  email_verified: z.boolean().optional(),
  /** The custom claim. Whoever has none may do nothing. */
  role: z.enum(apiRoles),
});

/**
 * ID tokens of a Firebase project, each good for an hour at most. A token whose user was revoked meanwhile is good until then.
 *
 * @param keys Google's, which are fetched when they are needed and kept
 */
export function firebaseAuthentication(
  project: string,
  keys: JWTVerifyGetKey = createRemoteJWKSet(new URL(KEYS)),
  now: () => number = Date.now,
): Authentication {
  return {
    async identify({ bearer }) {
      if (bearer === undefined) return undefined;
      const verified = await jwtVerify(bearer, keys, {
        issuer: `https://securetoken.google.com/${project}`,
        audience: project,
        algorithms: ['RS256'],
        clockTolerance: CLOCK_SECONDS,
        requiredClaims: ['exp', 'iat', 'sub'],
        currentDate: new Date(now()),
      }).catch((error: unknown) => {
        if (error instanceof errors.JOSEError && /^ERR_(JWT|JWS|JWKS_NO_MATCHING|JOSE_ALG)/.test(error.code))
          return undefined;
        throw new ApiProblem(
          503,
          'AuthenticationAway',
          `Whose token it is cannot be known, since the keys of Firebase cannot be had: ${sentenceOf(error)}`,
        );
      });
      const { data: claims } = claimsSchema.safeParse(verified?.payload);
      if (!claims || claims.auth_time > now() / 1_000 + CLOCK_SECONDS) return undefined;
      const { sub, email, email_verified: isVerified, role } = claims;
      return { person: (email && isVerified && printable(email)) || sub, role, via: via.token(`firebase/${sub}`) };
    },
  };
}
