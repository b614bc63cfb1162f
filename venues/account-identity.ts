import { createHash } from 'node:crypto';
import type { AccountIdentity } from '../contracts/binding.ts';
import { UserError } from '../contracts/errors.ts';

/** @param uid the venue's own id of the account, which is kept nowhere */
export function identityOf(of: { venue: string; market: string; uid: string }): AccountIdentity {
  const { venue, market, uid } = of;
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([venue, market, uid]))
    .digest('hex');
  return { venue, market, fingerprint };
}

/** Without a word of the venue on whose account it is two accounts look alike: there is nothing to fall back upon, keys are changed too often. */
export function unidentified(what: string): UserError {
  return new UserError(
    'AccountUnidentified',
    `${what}: whether the books are of this account cannot be known, and nothing is traded without that. See that the address is an exchange's own, and that it runs this release if it is a paper exchange.`,
  );
}
