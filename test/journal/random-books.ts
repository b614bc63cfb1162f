import fc from 'fast-check';
import { via } from '../../contracts/audit.ts';
import { riskSchema } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { intentId as intentIdOf } from '../../contracts/workflow-ids.ts';
import type { Fill, OrderLeg } from '../../domain/orders/orders.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { createAccount } from '../chaos/recompute/account.ts';
import { type Exact, exact, NOTHING, over, shown, times, total } from '../chaos/recompute/exact.ts';
import { fill, leg, sending, terms } from '../support/books.ts';
import type { Taking } from '../support/plain.ts';

/** No limit keeps from trading: it is the books that are looked at. */
const risk = riskSchema.parse({
  reentryPauseSeconds: 0,
  maxDailyTurnover: 1_000,
  maxDailyFees: 1,
  maxOrdersPerMinute: 100_000,
  maxOrderNotional: '1000000',
});

const symbols = ['BTC/USDT', 'ETH/USDT', 'BNB/USDT'] as const;
const feeCoins = ['base', 'quote', 'BNB'] as const;
const part = fc.integer({ min: 1, max: 100 });
const price = fc
  .integer({ min: 1, max: 9_999_999 })
  .map((cents) => `${Math.floor(cents / 100)}.${cents % 100 < 10 ? '0' : ''}${cents % 100}`);
const small = fc.integer({ min: 1, max: 99_999_999 }).map((units) => `0.${String(units).padStart(8, '0')}`);
const symbol = fc.constantFrom(...symbols);

/** One thing that happens to an account. Shares are in hundredths. */
export const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('buys' as const),
      symbol,
      quantity: small,
      price,
      parts: fc.integer({ min: 1, max: 3 }),
      feeIn: fc.constantFrom(...feeCoins),
      fee: part,
      late: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('sells' as const),
      symbol,
      share: fc.oneof(fc.constant(100), part),
      price,
      parts: fc.integer({ min: 1, max: 3 }),
      feeIn: fc.constantFrom(...feeCoins),
      fee: part,
      late: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('deposits' as const),
      asset: fc.constantFrom('BTC', 'ETH', 'BNB'),
      amount: small,
      value: price,
      isGift: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('withdraws' as const),
      asset: fc.constantFrom('BTC', 'ETH', 'BNB', 'JUNK'),
      share: fc.oneof(fc.constant(100), part),
      value: price,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('airdrops' as const),
      asset: fc.constantFrom('JUNK', 'BNB'),
      amount: small,
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('sweeps' as const), symbol }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('booksOut' as const),
      symbol,
      value: price,
      share: fc.integer({ min: 0, max: 120 }),
    }),
  },
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const floored = (amount: Exact): Exact => amount - (amount % 10n ** 52n);
const shareOf = (amount: Exact, hundredths: number): Exact => floored((amount * BigInt(hundredths)) / 100n);

/** The same step in the books and in the account that is kept by hand. */
export async function openRandomBooks(journal: Taking<Journal>, account: string, now = () => 1_000_000) {
  const own = createAccount('USDT');
  let number = 0;
  const events: { realized: Exact; feeWorth: Exact | undefined }[] = [];
  const flows: Exact[] = [];
  const next = (): string => `${account}-${(number += 1)}`;
  await journal.risk.adopt(account, risk);

  const free = async (asset: string): Promise<Exact> =>
    exact((await journal.ledger.balances(account)).find((one) => one.asset === asset)?.free ?? '0');
  const refused = async (work: Promise<unknown>): Promise<boolean> =>
    work.then(
      () => false,
      (error: unknown) => {
        if (error instanceof UserError) return true;
        throw error;
      },
    );

  const moves = async (asset: string, amount: Exact, value: Exact, untraded: boolean): Promise<void> => {
    if (amount === NOTHING) return;
    const position = asset === 'USDT' ? {} : { symbol: `${asset}/USDT`, untraded };
    const [signed, worth] = [shown(amount), shown(value)];
    const transfer = { reference: next(), account, asset, amount: signed, value: worth, at: now(), ...position };
    const was = amount < 0n && (await refused(journal.ledger.transfer(transfer)));
    if (amount > 0n) await journal.ledger.transfer(transfer);
    if (!was) flows.push(own.flow({ asset, amount, value, untraded }));
  };

  /** At most a hundredth of what was traded. */
  const feeOf = (traded: string, feeIn: (typeof feeCoins)[number], quantity: Exact, each: Exact, share: number) => {
    const [base = '', quote = ''] = traded.split('/');
    const feeAsset = { base, quote, BNB: 'BNB' }[feeIn];
    const worth = times(quantity, each);
    const most = feeAsset === base ? quantity : feeAsset === quote ? worth : over(worth, exact('600'));
    return { feeAsset, fee: shown(floored((most * BigInt(share)) / 10_000n)) };
  };

  const trades = async (order: OrderLeg, one: Extract<Step, { does: 'buys' | 'sells' }>): Promise<void> => {
    const { parts, feeIn, fee: share } = one;
    const whole = exact(order.quantity);
    const sizes = Array.from({ length: parts }, () => floored(whole / BigInt(parts)));
    sizes[0] = whole - total(sizes.slice(1));
    const intentId = intentIdOf(order.legId, 1);
    await journal.cycles.plan(order.cycleId, account, now(), () => ({
      cycleId: order.cycleId,
      equity: '1',
      legs: [order],
      verdicts: [],
      allocations: [],
    }));
    const fence = await journal.intents.openFence(order, terms(order), sending(now()));
    if (!fence.passed) throw new Error(`${fence.code}: ${fence.value}, limit ${fence.limit}`);
    const fills: Fill[] = sizes
      .filter((size) => size > 0n)
      .map((size, index) => {
        const { feeAsset, fee } = feeOf(order.symbol, feeIn, size, exact(order.limitPrice), share);
        const { symbol: traded, side, limitPrice } = order;
        const tradeId = `${order.legId}-${index}`;
        return fill({
          account,
          intentId,
          tradeId,
          symbol: traded,
          side,
          quantity: shown(size),
          filledAt: now(),
          price: limitPrice,
          fee,
          feeAsset,
        });
      });
    if (one.late) {
      // The end is heard first, and what was filled when all that is left was swept.
      await journal.intents.report({ intentId, state: 'canceled', filledQuantity: '0', fills: [] });
      await sweeps(order.symbol);
    }
    for (const match of fills) {
      // Each is heard twice.
      for (let heard = 0; heard < 2; heard += 1) {
        await journal.intents.report({
          intentId,
          state: 'partially_filled',
          filledQuantity: match.quantity,
          fills: [match],
        });
      }
      const { symbol: traded, side, feeAsset } = match;
      const [each, quantity, fee] = [exact(match.price), exact(match.quantity), exact(match.fee)];
      events.push(own.trade({ symbol: traded, side, price: each, quantity, fee, feeAsset }));
    }
    await journal.intents.report({ intentId, state: 'filled', filledQuantity: order.quantity, fills });
  };

  const sweeps = async (swept: string): Promise<void> => {
    const rules = { stepSize: '0.00000001', minQuantity: '0.00000001', minNotional: '1000000000' };
    const entry = { reference: next(), account, symbol: swept, rules, price: '1' };
    const amount = await journal.ledger.sweepDust(entry);
    if (amount === '0') return;
    const held = shown(own.sweep(swept));
    if (amount !== held) throw new Error(`swept ${amount} of ${swept}, held were ${held}`);
  };

  return {
    account,
    own,
    events,
    flows,
    moves,
    async take(one: Step): Promise<void> {
      if (one.does === 'sweeps') return sweeps(one.symbol);
      if (one.does === 'deposits')
        return moves(one.asset, exact(one.amount), one.isGift ? NOTHING : exact(one.value), false);
      if (one.does === 'airdrops') return moves(one.asset, exact(one.amount), NOTHING, true);
      if (one.does === 'withdraws') {
        const untraded = one.asset === 'JUNK';
        const amount = shareOf(own.balances.get(one.asset) ?? NOTHING, one.share);
        return amount > 0n ? moves(one.asset, -amount, untraded ? NOTHING : -exact(one.value), untraded) : undefined;
      }
      const [base = ''] = one.symbol.split('/');
      if (one.does === 'booksOut') {
        const whole = own.balances.get(base) ?? NOTHING;
        const held = shareOf(whole > 0n ? whole : NOTHING, one.share);
        const entry = { reference: next(), account, symbol: one.symbol, held: shown(held), value: one.value };
        const more = { reason: 'gone', at: now(), by: 'ann', via: via.token('ann') };
        if (!(await refused(journal.ledger.bookOut({ ...entry, ...more }))))
          flows.push(own.bookOut(one.symbol, exact(one.value), held).realized);
        return undefined;
      }
      const id = next();
      const held = await free(base);
      const most = own.holding(one.symbol).quantity < held ? own.holding(one.symbol).quantity : held;
      const quantity = one.does === 'buys' ? exact(one.quantity) : shareOf(most, one.share);
      if (quantity <= NOTHING) return undefined;
      const order = leg({
        legId: id,
        cycleId: `order/${id}`,
        correlationId: id,
        account,
        symbol: one.symbol,
        side: one.does === 'buys' ? 'buy' : 'sell',
        purpose: one.does === 'buys' ? 'open' : 'flatten',
        quantity: shown(quantity),
        limitPrice: one.price,
        timeInForce: 'GTC',
      });
      return trades(order, one);
    },
  };
}

export type RandomBooks = Awaited<ReturnType<typeof openRandomBooks>>;
