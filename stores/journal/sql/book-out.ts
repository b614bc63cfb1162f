import { type ErrorCode, UserError } from '../../../contracts/errors.ts';
import { decimal, max, text, ZERO } from '../../../domain/money/money.ts';
import { baseOf, quoteOf } from '../../../domain/portfolio/position.ts';
import type { BookedOut, LedgerBook } from '../books/ledger.ts';
import type { Transaction } from './database.ts';
import { voidIfMissing } from './intents.ts';
import { moveMarks } from './marks.ts';
import { movePaidIn } from './paid-in.ts';
import { readStored, writeStored } from './positions.ts';
import { balanceOf, post, readWaitingLegs } from './postings.ts';
import { isNewRequest, refuseOtherRequest } from './requests.ts';

/** Ends what would still be sent on a symbol, and gives its capital back: a tombstone keeps a late sender from it. */
export async function endWaiting(transaction: Transaction, account: string, symbol: string): Promise<string[]> {
  const ended: string[] = [];
  for (const { leg, filled } of await readWaitingLegs(transaction, account)) {
    if (leg.symbol !== symbol) continue;
    ended.push((await voidIfMissing(transaction, leg, filled.length + 1)).intentId);
  }
  return ended;
}

/**
 * Ends a position that no order can end, at its worth: what of its cost that does not reach is a loss. What the exchange still has of it stays in
 * the dust book, at its part of the worth; the rest leaves, as if its part were taken out, which is neither gain nor loss: afterwards the books
 * hold of the asset what the exchange does.
 */
export async function bookOut(
  transaction: Transaction,
  entry: Parameters<LedgerBook['bookOut']>[0],
): Promise<BookedOut | undefined> {
  const { reference, account, symbol, held, value, reason, at, by, via } = entry;
  const key = `book-out/${account}/${reference}`;
  if (!(await isNewRequest(transaction, key, account, 'book-out'))) {
    await refuseOtherRequest(transaction, key, reference, { symbol, value });
    return undefined;
  }

  const [asset, currency] = [baseOf(symbol), quoteOf(symbol)];
  const stored = await readStored(transaction, account, symbol);
  const position = decimal(stored.quantity);
  const whole = position.plus(stored.dust);
  const free = await balanceOf(transaction, account, 'free', asset);
  const reserved = await balanceOf(transaction, account, 'reserved', asset);
  const left = free
    .plus(reserved)
    .plus(await balanceOf(transaction, account, 'dust', asset))
    .minus(held);
  const refuse = (code: ErrorCode, words: string): never => {
    throw new UserError(code, words);
  };
  if (whole.isZero() && left.isZero())
    refuse('NotHeld', `Nothing is booked of ${symbol}: there is nothing to book out.`);
  if (position.isNegative()) {
    refuse(
      'StillOwed',
      `The position in ${symbol} is ${text(position)}: more left the account than came in. Book what it was paid from first, with "./sapphire portfolio deposit".`,
    );
  }
  if (!reserved.isZero() || free.lessThan(position)) {
    refuse(
      'StillReserved',
      `${text(reserved)} ${asset} are reserved by an order whose end is not written yet: run the same command again in five minutes.`,
    );
  }
  if (left.greaterThan(whole)) {
    refuse(
      'MoreGone',
      `${text(left)} ${asset} are gone from the exchange, and only ${text(whole)} of them are the position in ${symbol}: book the others out by their own symbol first.`,
    );
  }

  const kept = whole.minus(left);
  const worthKept = decimal(value)
    .times(kept)
    .div(kept.plus(max(left, ZERO)))
    .toDecimalPlaces(8);
  const takenOut = decimal(value).minus(worthKept);
  await movePaidIn(transaction, account, currency, takenOut.negated());
  await post(transaction, key, 'book-out', account, [
    { book: 'free', asset, amount: position.negated() },
    { book: 'dust', asset, amount: position.minus(left) },
    { book: 'market', asset, amount: left },
    { book: 'market', asset: currency, amount: takenOut.negated() },
    { book: 'deposits', asset: currency, amount: takenOut },
  ]);
  const cost = position.times(stored.averageCost).plus(stored.dustCost);
  const realizedPnl = decimal(value).minus(cost);
  await writeStored(transaction, account, {
    ...stored,
    quantity: text(ZERO),
    averageCost: text(ZERO),
    openedAt: 0,
    realizedPnl: text(decimal(stored.realizedPnl).plus(realizedPnl)),
    dust: text(kept),
    dustCost: text(worthKept),
  });
  await moveMarks(transaction, account, text(takenOut.negated()));
  const booked: BookedOut = {
    quantity: text(whole),
    kept: text(kept),
    left: text(left),
    cost: text(cost),
    realizedPnl: text(realizedPnl),
  };
  await transaction.emit({
    eventId: key,
    kind: 'position.booked_out',
    payload: {
      account,
      symbol,
      asset,
      currency,
      ...booked,
      value,
      takenOut: text(takenOut),
      at,
      reference,
      reason,
      by,
      via,
    },
  });
  return booked;
}
