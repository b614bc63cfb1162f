import { z } from 'zod';
import type { AccountIdentity } from '../../contracts/binding.ts';
import { identityOf, unidentified } from '../account-identity.ts';

/** developers.binance.com, "Account information": a number, which a client may read as text. */
const uidSchema = z.object({
  uid: z.union([z.string().regex(/^[1-9]\d*$/), z.int().positive()]).transform(String),
});

/**
 * Whose account an answer of `GET /api/v3/account` is.
 *
 * @throws {UserError} `AccountUnidentified` where it does not say, or in no known form
 */
export function accountIn(answer: unknown, of: { venue: string; market: string }): AccountIdentity {
  const { data } = uidSchema.safeParse(answer);
  if (!data) throw unidentified(`${of.market} does not say in a known form whose account it is (uid)`);
  return identityOf({ ...of, uid: data.uid });
}
