import { z } from 'zod';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { type DecimalText, decimal, text } from '../../domain/money/money.ts';
import { paperExchangeUrl } from '../../runtime/configuration/addresses.ts';
import type { ExchangeKeys, Secrets } from '../../runtime/configuration/secrets.ts';
import { openVenue } from '../../venues/open.ts';

/** The engine trades money of its own: Sapphire's account is Sapphire's alone. */
export const ENGINE_ACCOUNT = 'hummingbot';
const TIMEOUT_MS = 10_000;

export interface EngineAccount extends ExchangeKeys {
  urls: { rest: string; ws: string; wsApi: string };
}

const accountSchema = z.object({
  apiKey: z.string().min(1),
  secret: z.string().min(1),
  urls: z.object({ rest: z.string(), ws: z.string(), wsApi: z.string() }),
});
const pricesSchema = z.array(z.object({ symbol: z.string(), price: z.string() }));

/**
 * Makes the engine's paper account where there is none: money to buy with, and as much of each base asset, so that it can quote both sides.
 * The account comes first: prices are asked under its key, since a stranger of this machine can use up what nobody's requests may weigh.
 */
export async function ensureEngineAccount(
  configuration: Configuration,
  { paperAdminToken }: Pick<Secrets, 'paperAdminToken'>,
): Promise<EngineAccount> {
  const { currency, symbols, agents } = configuration;
  const { paperBalance } = agents.hummingbot;
  const open = async (balances: Record<string, DecimalText>): Promise<EngineAccount> => {
    const answer = await ask(configuration, '/admin/accounts', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-admin-token': paperAdminToken },
      body: JSON.stringify({ name: ENGINE_ACCOUNT, balances }),
    });
    return accountSchema.parse(answer);
  };
  const { apiKey } = await open({});
  const listed = pricesSchema.parse(
    await ask(configuration, '/api/v3/ticker/price', { headers: { 'x-mbx-apikey': apiKey } }),
  );
  const prices = new Map(listed.map((each) => [each.symbol, each.price]));
  const share = decimal(paperBalance).div(symbols.length);
  const bases = symbols.map((symbol): [string, DecimalText] => {
    const [base = '', quote = ''] = symbol.split('/');
    return [base, text(share.div(prices.get(`${base}${quote}`) ?? '1').toDecimalPlaces(4))];
  });
  // Given once, to an account that has nothing.
  return open({ [currency]: paperBalance, ...Object.fromEntries(bases) });
}

async function ask(configuration: Configuration, path: string, init: RequestInit = {}): Promise<unknown> {
  const url = paperExchangeUrl(configuration);
  const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    () => undefined,
  );
  if (response?.ok) return response.json();
  const why = response ? `${response.status}: ${(await response.text()).slice(0, 200)}` : 'no answer';
  throw new UserError('PaperExchangeUnreachable', `The paper exchange at ${url} refused ${path} (${why}).`);
}

/** Cancels whatever the account still has open. @returns how many orders there were */
export async function cancelEverything({ apiKey, secret, urls }: EngineAccount): Promise<number> {
  const trading = await openVenue({ venue: 'binance', restUrl: new URL(urls.rest).origin, apiKey, secret }).trading();
  const open = await trading.openOrders();
  for (const { symbol, intentId } of open) await trading.cancel(symbol, intentId);
  return open.length;
}
