import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { withoutQueries } from '../../contracts/text.ts';

/** A file that sets up a paper market and says live at once was not meant for one of the two. */
export function refusePaperSettings({ mode, paperExchange }: Pick<Configuration, 'mode' | 'paperExchange'>): void {
  if (mode === 'paper' || isDeepStrictEqual(paperExchange, paperExchangeSchema.parse({}))) return;
  throw new UserError(
    'LivePaperSettings',
    'The configuration says "mode: live" and sets up a paper exchange as well: remove its part "paperExchange" to trade with real money, or set "mode: paper".',
  );
}

/**
 * What Binance says of an API key: GET /sapi/v1/account/apiRestrictions (developers.binance.com, Wallet, "Get API Key Permission").
 */
const restrictionsSchema = z.looseObject({
  ipRestrict: z.boolean(),
  enableWithdrawals: z.boolean(),
  enableSpotAndMarginTrading: z.boolean(),
  enableInternalTransfer: z.boolean().optional(),
  permitsUniversalTransfer: z.boolean().optional(),
});

export interface KeyPermissions {
  /** The keys work from listed addresses alone. */
  ipRestricted: boolean;
  /** The keys may move money to other accounts or wallets of the same owner. */
  mayTransfer: boolean;
}

/**
 * Refuses keys that can withdraw or cannot trade, and keys of which it is not known.
 * @param ask the raw answer of the endpoint.
 */
export async function checkKeys(ask: () => Promise<unknown>): Promise<KeyPermissions> {
  const answer = await ask().catch((error: unknown) => {
    throw new UserError(
      'LiveKeysUnchecked',
      `What the exchange keys may do could not be read (${reasonOf(error)}): check the keys, their allowed addresses and the network; without the answer nothing is traded live.`,
    );
  });
  const restrictions = restrictionsSchema.safeParse(answer);
  if (!restrictions.success) {
    throw new UserError(
      'LiveKeysUnchecked',
      'The exchange answered the question what the keys may do in a form that is not known: nothing is traded live until it can be read.',
    );
  }
  const { data } = restrictions;
  if (data.enableWithdrawals) {
    throw new UserError(
      'LiveKeysMayWithdraw',
      'The exchange keys may withdraw money: make keys without that permission (API Management at the exchange, "Enable Withdrawals" off) and use those.',
    );
  }
  if (!data.enableSpotAndMarginTrading) {
    throw new UserError(
      'LiveKeysMayNotTrade',
      'The exchange keys may not trade: switch "Enable Spot & Margin Trading" on for them at the exchange.',
    );
  }
  return {
    ipRestricted: data.ipRestrict,
    mayTransfer: data.enableInternalTransfer === true || data.permitsUniversalTransfer === true,
  };
}

/** Without the query of the request, which carries its signature. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return withoutQueries(message).slice(0, 200);
}
