import type { binance } from 'ccxt';
import { z } from 'zod';
import type { FeeRates } from '../../domain/market/market.ts';
import { type Decimal, decimal, max, text } from '../../domain/money/money.ts';
import { amount } from './amount.ts';

const commission = z.looseObject({ maker: amount, taker: amount, buyer: amount, seller: amount });
/** developers.binance.com, "Query Commission Rates". */
const commissionSchema = z.looseObject({
  standardCommission: commission,
  specialCommission: commission,
  taxCommission: commission,
  discount: z.looseObject({
    enabledForAccount: z.boolean(),
    enabledForSymbol: z.boolean(),
    discountAsset: z.string().nullish(),
    discount: amount,
  }),
});
type Commission = z.output<typeof commissionSchema>;

const balancesSchema = z.object({ balances: z.array(z.looseObject({ asset: z.string(), free: amount })) });

/**
 * What the account pays on each symbol. A discount for paying in an asset of the exchange's counts only while some of that asset is free: without
 * it the whole fee is taken.
 */
export async function readFeeRates(
  client: binance,
  symbols: readonly string[],
  read: (operation: string, request: () => Promise<unknown>) => Promise<unknown>,
): Promise<ReadonlyMap<string, FeeRates>> {
  const listed = symbols.filter((symbol) => client.markets?.[symbol] !== undefined);
  const answers = await Promise.all(
    listed.map(async (symbol) => {
      const request = { symbol: String(client.market(symbol)['id']) };
      const answer = await read('commission', () => client.privateGetAccountCommission(request));
      return [symbol, commissionSchema.parse(answer)] as const;
    }),
  );
  const held = answers.some(([, { discount }]) => isOffered(discount))
    ? balancesSchema.parse(await read('account', () => client.privateGetAccount({ omitZeroBalances: 'true' }))).balances
    : [];
  const free = new Set(held.filter((one) => !decimal(one.free).isZero()).map(({ asset }) => asset));
  return new Map(answers.map(([symbol, answer]) => [symbol, ratesIn(answer, free)]));
}

const isOffered = ({ enabledForAccount, enabledForSymbol }: Commission['discount']): boolean =>
  enabledForAccount && enabledForSymbol;

/** Standard, less its discount, and what comes on top; of the two sides the dearer, since a round trip pays both. */
function ratesIn(
  { standardCommission, specialCommission, taxCommission, discount }: Commission,
  free: ReadonlySet<string>,
): FeeRates {
  const isHad = isOffered(discount) && free.has(discount.discountAsset ?? '');
  const left = isHad ? leftOf(decimal(discount.discount)) : decimal(1);
  const total = (side: 'maker' | 'taker'): FeeRates['takerFeeRate'] => {
    const rate = (one: Commission['taxCommission']): Decimal =>
      decimal(one[side]).plus(max(decimal(one.buyer), decimal(one.seller)));
    return text(rate(standardCommission).times(left).plus(rate(specialCommission)).plus(rate(taxCommission)));
  };
  return { makerFeeRate: total('maker'), takerFeeRate: total('taker') };
}

/** Binance's pages have shown the same quarter as 0.25, which is taken off, and as 0.75, which is left: of both readings the dearer. */
const leftOf = (discount: Decimal): Decimal => max(discount, decimal(1).minus(discount));
