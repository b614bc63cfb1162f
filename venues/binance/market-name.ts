import { z } from 'zod';
import { unidentified } from '../account-identity.ts';

const TIMEOUT_MS = 5_000;
const TESTNET = 'testnet.binance.vision';
const identitySchema = z.object({ exchange: z.int().positive() });

/**
 * Whose prices and orders those at an address are. A paper exchange says which one it is: its address may be another's tomorrow.
 *
 * @throws {UserError} `AccountUnidentified`; anything else where it does not answer
 */
export async function marketNameAt(venue: string, restUrl: string | undefined): Promise<string> {
  if (restUrl === undefined) return venue;
  if (new URL(restUrl).hostname === TESTNET) return `${venue} testnet`;
  const response = await fetch(`${restUrl}/identity`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.status >= 500) throw new Error(`the exchange at ${restUrl} does not say who it is (${response.status})`);
  const { data } = identitySchema.safeParse(answer);
  if (!data) throw unidentified(`The exchange at ${restUrl} does not say which paper exchange it is`);
  return `paper exchange ${data.exchange}`;
}
